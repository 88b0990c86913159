/**
 * Changing the schema of a graph: one commit that pins the new contract and holds every table under it.
 *
 *   head ──> plan of steps ──> refused, or the contract stored ──> tables written ──> slot n+1
 *
 * Everything is decided anew on the newest head when another process was faster, so nothing that it wrote is lost.
 */
import { WRITE_ATTEMPTS_MAX } from "../base/limits.ts";
import type { Diagnostic } from "../base/diagnostic.ts";
import type { SourceText } from "../base/span.ts";
import { must } from "../base/assert.ts";
import { AppError } from "../errors.ts";
import type { AcceptedSchema } from "../schema/accept.ts";
import { type MigrationPlan, requirePlan } from "../schema/plan.ts";
import { refusalText } from "../schema/step_text.ts";
import { firstRefusal, type SchemaStep } from "../schema/steps.ts";
import type { ObjectStore } from "../storage/object_store.ts";
import { MAIN } from "./branch_name.ts";
import { listBranches } from "./branches.ts";
import type { Commit } from "./commit.ts";
import { writeConflict } from "./conflicts.ts";
import type { Ports } from "./graph_ports.ts";
import type { LoggedState } from "./logged_state.ts";
import { migrateTables } from "./migrate_tables.ts";
import type { OpenBranch } from "./open_branches.ts";
import { planMigrationCommit, planMoves, type PreparedMigration } from "./plan_migration_commit.ts";
import type { SoleTurn } from "./publish.ts";
import type { SchemaStore } from "./schemas.ts";

/** What a schema update would do. */
export interface SchemaPreview {
  readonly supported: boolean;
  readonly steps: readonly SchemaStep[];
  /** Why it is not supported. */
  readonly reason?: string;
}

/** What a schema update did. */
export interface SchemaUpdate {
  /** Null when the bytes are those of the accepted schema. */
  readonly commit: Commit | null;
  readonly steps: readonly SchemaStep[];
  /** Warnings: hints that were ignored. */
  readonly diagnostics: readonly Diagnostic[];
}

/** What {@linkcode updateSchema} takes. */
export interface SchemaUpdateOptions {
  readonly store: ObjectStore;
  readonly schemas: SchemaStore;
  readonly main: OpenBranch;
  readonly ports: Ports;
  readonly source: SourceText;
  readonly actor: string | null;
  /** Makes drops hard, which is refused today. */
  readonly allowDataLoss: boolean;
}

/**
 * Replaces the schema of main by one commit.
 *
 * @throws AppError `schema_error`; `unsupported` with the first step that cannot be made; `branch_in_use` when there are
 * other branches; `write_conflict` when other processes were faster too often. Nothing has changed then.
 */
export async function updateSchema(options: SchemaUpdateOptions): Promise<SchemaUpdate> {
  const { main } = options;
  return await main.writer.writeAlone("schema", async (turn) => {
    const first = await turn.latest();
    for (let lost = 0, base = first; lost < WRITE_ATTEMPTS_MAX; base = await turn.latest()) {
      const done = await attempt(options, turn, base);
      if (done !== null) return done;
      await turn.pause(++lost);
    }
    const { commit: actual } = await turn.latest();
    throw writeConflict({ branch: MAIN, expected: first.commit, actual, touched: [] });
  });
}

/** Prepares on one head and publishes on it or on a later one; null when too much happened meanwhile. */
async function attempt(
  options: SchemaUpdateOptions,
  turn: SoleTurn,
  base: LoggedState,
): Promise<SchemaUpdate | null> {
  const { store, schemas, ports, source, allowDataLoss } = options;
  const previous = await schemas.load(base.commit.schemaDigest);
  if (source.text === previous.source) return { commit: null, steps: [], diagnostics: [] };
  const { steps, next, diagnostics } = supportedPlan(requirePlan(previous, source, { allowDataLoss }));
  await refuseBranches(store);
  await schemas.save(next);
  await ports.failpoint("schema.saved");
  const moves = planMoves(base, next.catalog);
  const pins = await migrateTables(base, moves, next.catalog, turn.tableCommits);
  if (pins === null) return null;
  await ports.failpoint("schema.tables_written");
  const commit = await publishPrepared(options, turn, { base, moves, pins }, next);
  return commit === null ? null : { commit, steps, diagnostics };
}

async function publishPrepared(
  { store, ports, actor }: SchemaUpdateOptions,
  turn: SoleTurn,
  prepared: PreparedMigration,
  next: AcceptedSchema,
): Promise<Commit | null> {
  const { slot, commit: { schemaDigest } } = prepared.base;
  for (let lost = 0; lost < WRITE_ATTEMPTS_MAX; lost++) {
    const head = await turn.latest();
    if (head.commit.schemaDigest !== schemaDigest) return null;
    // Rewriting may take a while, in which another process may have made a branch.
    await refuseBranches(store);
    const facts = {
      id: ports.newId(),
      branch: MAIN,
      actor,
      createdAt: Math.floor(ports.clock.nowMs() * 1000),
      operation: "schema_apply",
      schemaDigest: next.digests.contract,
      catalog: next.catalog,
    } as const;
    const between = await turn.slotsBetween(slot, head.slot);
    const planned = planMigrationCommit(prepared, head, between, facts, (one) => turn.keyOf(one));
    if (planned === null) return null;
    if (await turn.append(planned)) return planned.commit;
    // Nothing is lost but the slot: the next one is tried at once.
  }
  return null;
}

/** What {@linkcode updateSchema} would do. Throws `AppError("schema_error")`. */
export function previewSchema(
  previous: AcceptedSchema,
  source: SourceText,
  branches: readonly string[],
): SchemaPreview {
  if (source.text === previous.source) return { supported: true, steps: [] };
  const { steps } = requirePlan(previous, source, { allowDataLoss: false });
  const refusal = firstRefusal(steps);
  const reason = refusal === null ? branchObstacle(branches) : refusalText(refusal);
  return reason === null ? { supported: true, steps } : { supported: false, steps, reason };
}

function supportedPlan(plan: MigrationPlan): MigrationPlan & { readonly next: AcceptedSchema } {
  const { steps, next } = plan;
  const refusal = firstRefusal(steps);
  if (refusal !== null) throw new AppError("unsupported", refusalText(refusal));
  if (steps.some((step) => "mode" in step && step.mode === "hard")) {
    throw new AppError(
      "unsupported",
      "hard drops, which purge old versions, are not supported: drop softly by leaving out `--allow-data-loss`, " +
        "older commits then keep the data",
    );
  }
  return { ...plan, next: must(next, "a supported plan has a new schema") };
}

async function refuseBranches(store: ObjectStore): Promise<void> {
  const obstacle = branchObstacle(await listBranches(store));
  if (obstacle !== null) throw new AppError("branch_in_use", `schema apply ${obstacle}`);
}

function branchObstacle(branches: readonly string[]): string | null {
  const others = branches.filter((name) => name !== MAIN);
  return others.length === 0
    ? null
    : `requires a graph with only main; found non-main branches: ${others.join(", ")}`;
}
