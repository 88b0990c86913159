/**
 * Creating a graph: claim, schema, branch, genesis.
 *
 *   format.json  create-if-absent; a claim left by an init that died is taken over with its graph id
 *   schemas/…    content-addressed
 *   branches/main.json  create-if-absent; a ref left behind is taken over with its incarnation
 *   log/…/1.json        create-if-absent: the commit point
 *
 * Every step may be repeated by anyone, so a crash needs no repair and of racing inits exactly one creates genesis. No
 * table is written: a type's table begins with its first rows.
 */
import { must } from "../base/assert.ts";
import type { Diagnostic } from "../base/diagnostic.ts";
import type { SourceText } from "../base/span.ts";
import { AppError } from "../errors.ts";
import { acceptSchema } from "../schema/accept.ts";
import type { ObjectStore } from "../storage/object_store.ts";
import { MAIN } from "./branch_name.ts";
import { type BranchRef, putRef, readRef } from "./branches.ts";
import type { Commit } from "./commit.ts";
import { encodeLogObject } from "./commit_codec.ts";
import { claimRoot, readFormat } from "./format.ts";
import { type Ports, systemPorts } from "./graph_ports.ts";
import { BranchLog } from "./log.ts";
import { genesisCommit } from "./plan_commit.ts";
import { SchemaStore } from "./schemas.ts";

/** What {@linkcode createGraph} takes. */
export interface CreateGraphOptions {
  /** Rooted at the graph root. */
  readonly store: ObjectStore;
  readonly schema: SourceText;
  /** Recorded with the branch; genesis itself has no actor. */
  readonly actor?: string | null;
  /** Accept schema files of an unfinished older init, when there is no genesis commit. */
  readonly force?: boolean;
  readonly ports?: Ports;
  /** Hears of what the schema hardly means as it is written. */
  readonly onWarning?: (warning: Diagnostic) => void;
}

/** Schema files of older layouts in a graph root. */
const LEGACY_FILES: readonly string[] = ["_schema.pg", "_schema.ir.json", "__schema_state.json"];
/** Folders that belong to something other than an unclaimed graph root. */
const FOREIGN_FOLDERS: readonly string[] = ["__cluster", "graphs", "nodes", "edges"];

/**
 * Creates a graph and returns its genesis commit.
 *
 * @throws AppError `schema_error` before anything is written; `already_initialized` when there is a graph, or when
 * another init was faster; `invalid_input` when something else lives in the root.
 */
export async function createGraph(options: CreateGraphOptions): Promise<{ readonly commit: Commit }> {
  const { store, schema, actor = null, force = false, ports = systemPorts(), onWarning = () => {} } = options;
  const domain = ports.newId();
  let accepted = acceptSchema(schema, { domain, onWarning });
  await refuseTakenRoot(store, force);
  const { graphId } = await claimRoot(store, domain, ports.clock.nowMs());
  if (graphId !== domain) accepted = acceptSchema(schema, { domain: graphId });
  await ports.failpoint("init.format");
  const schemas = new SchemaStore(store);
  await schemas.save(accepted);
  await ports.failpoint("init.schema");
  const ref = await claimMain(store, ports, actor);
  await ports.failpoint("init.branch");
  const log = new BranchLog(store, ref);
  const commit = genesisCommit({
    id: ports.newId(),
    branch: MAIN,
    actor: null,
    createdAt: Math.floor(ports.clock.nowMs() * 1000),
    operation: "init",
    schemaDigest: accepted.digests.contract,
    catalog: accepted.catalog,
  });
  const won = await log.append(1, encodeLogObject([{ commit, deltaText: null }]), commit.id);
  await ports.failpoint("init.genesis");
  if (won) return { commit };
  // The schema stays, unpinned: the winner's graph may be changed to the same one at any moment, and would lose it.
  throw alreadyInitialized(store);
}

/** Whether the root holds a graph: its genesis commit exists. */
export async function graphExists(store: ObjectStore): Promise<boolean> {
  const ref = await readRef(store, MAIN);
  return ref !== null && await new BranchLog(store, ref).exists(1);
}

async function refuseTakenRoot(store: ObjectStore, force: boolean): Promise<void> {
  const [exists, format, files, ...folders] = await Promise.all([
    graphExists(store),
    readFormat(store),
    store.list(""),
    ...FOREIGN_FOLDERS.map((folder) => store.prefixExists(folder)),
  ]);
  if (exists) throw alreadyInitialized(store);
  const legacy = files.filter((file) => LEGACY_FILES.includes(file));
  if (legacy.length > 0 && !force) {
    throw new AppError(
      "already_initialized",
      `\`${store.uri}\` is already initialized: it holds ${legacy.join(", ")} of an older graph, ` +
        "choose another place, or pass --force when they are leftovers",
    );
  }
  if (format !== null) return;
  const foreign = [
    ...files.filter((file) => !LEGACY_FILES.includes(file) && !file.startsWith(".")),
    ...FOREIGN_FOLDERS.filter((_, i) => folders[i]),
  ];
  if (foreign.length === 0) return;
  const some = foreign.slice(0, 3).join(", ") + (foreign.length > 3 ? ", …" : "");
  throw new AppError(
    "invalid_input",
    `\`${store.uri}\` is not empty (${some}) and holds no graph: choose an empty or new folder`,
  );
}

async function claimMain(store: ObjectStore, ports: Ports, actor: string | null): Promise<BranchRef> {
  const ref: BranchRef = {
    name: MAIN,
    incarnation: ports.newId(),
    forkedFrom: null,
    ancestry: [],
    createdAt: ports.clock.nowMs(),
    createdBy: actor,
  };
  if (await putRef(store, ref)) return ref;
  return must(await readRef(store, MAIN), "a ref that was taken exists");
}

function alreadyInitialized(store: ObjectStore): AppError {
  return new AppError(
    "already_initialized",
    `\`${store.uri}\` is already initialized: open it, or choose another place`,
  );
}
