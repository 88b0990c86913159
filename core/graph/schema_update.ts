/**
 * Changing the schema of a graph: one commit that pins the new contract and holds every table under it.
 *
 *   head ──> plan of steps ──> refused, or the contract stored ──> tables written ──> slot n+1 (──> purge)
 *
 * Everything is decided anew on the newest head when another process was faster, so nothing that it wrote is lost. Drops
 * are soft, older commits keep what was dropped, unless data loss is allowed: then it is purged after the publish, and
 * a process that dies before it is done leaves a record for the next one (`purge.ts`).
 */
import { WRITE_ATTEMPTS_MAX } from "../base/limits.ts";
import type { Diagnostic } from "../base/diagnostic.ts";
import type { SourceText } from "../base/span.ts";
import { must } from "../base/assert.ts";
import { AppError } from "../errors.ts";
import type { AcceptedSchema } from "../schema/accept.ts";
import type { AnyType } from "../schema/catalog.ts";
import { type MigrationPlan, requirePlan } from "../schema/plan.ts";
import { refusalText } from "../schema/step_text.ts";
import { firstRefusal, type SchemaStep } from "../schema/steps.ts";
import type { ObjectStore } from "../storage/object_store.ts";
import { MAIN } from "./branch_name.ts";
import { listBranches } from "./branches.ts";
import type { Commit } from "./commit.ts";
import { writeConflict } from "./conflicts.ts";
import { putFence, removeFence } from "./fence.ts";
import type { Ports } from "./graph_ports.ts";
import { publishDrop, type PublishedDrop, purgeDropped, purgeOf, settleAndSweep } from "./hard_drops.ts";
import type { LoggedState } from "./logged_state.ts";
import { migrateTables } from "./migrate_tables.ts";
import type { OpenBranch } from "./open_branches.ts";
import { emptyTable, type PlannedCommit } from "./plan_commit.ts";
import { planMigrationCommit, planMoves, type PreparedMigration } from "./plan_migration_commit.ts";
import type { SoleTurn } from "./publish_request.ts";
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
  /** Makes drops hard: older versions of what loses data are purged. */
  readonly allowDataLoss: boolean;
  /** Called once tables are marked as gone: older commits must be opened anew. */
  readonly forgetSnapshots: () => void;
}

/** A schema change, and what it leaves to purge. */
interface Change {
  readonly update: SchemaUpdate;
  readonly drop: PublishedDrop | null;
}

/**
 * Replaces the schema of main by one commit.
 *
 * @throws AppError `schema_error`; `unsupported` with the first step that cannot be made; `branch_in_use` when there are
 * other branches; `write_conflict` when other processes were faster too often. Nothing has changed then. `storage_error`
 * when the schema has changed and what it drops for good could not be purged: the next schema change goes on with it.
 */
export async function updateSchema(options: SchemaUpdateOptions): Promise<SchemaUpdate> {
  const { main } = options;
  if (await settleAndSweep(options)) options.forgetSnapshots();
  const { update, drop } = await main.writer.writeAlone("schema", async (turn) => {
    const first = await turn.latest();
    for (let lost = 0, base = first; lost < WRITE_ATTEMPTS_MAX; base = await turn.latest()) {
      const done = await attempt(options, turn, base);
      if (done !== null) return done;
      await turn.pause(++lost);
    }
    const { commit: actual } = await turn.latest();
    throw writeConflict({ branch: MAIN, expected: first.commit, actual, touched: [] });
  });
  if (drop !== null) await purgeDropped(options, drop).finally(options.forgetSnapshots);
  return update;
}

/** Prepares on one head and publishes on it or on a later one; null when too much happened meanwhile. */
async function attempt(
  options: SchemaUpdateOptions,
  turn: SoleTurn,
  base: LoggedState,
): Promise<Change | null> {
  const { store, schemas, ports, source, allowDataLoss } = options;
  const previous = await schemas.load(base.commit.schemaDigest);
  if (source.text === previous.source) {
    return { update: { commit: null, steps: [], diagnostics: [] }, drop: null };
  }
  const { steps, next, diagnostics } = supportedPlan(requirePlan(previous, source, { allowDataLoss }));
  await refuseBranches(store);
  await schemas.save(next);
  await ports.failpoint("schema.saved");
  const freshTable = (type: AnyType) => `${emptyTable(type).pin.table}-${ports.newId()}`;
  const moves = planMoves(base, next.catalog, allowDataLoss ? freshTable : null);
  const purge = allowDataLoss ? purgeOf(base, moves, ports.newId()) : null;
  const plan = { base, moves, purge: purge?.id ?? null };
  const publish = (turn: SoleTurn) => writeAndPublish(options, turn, plan, next);
  const drop = purge === null ? null : await publishDrop(options, turn, purge, publish);
  const commit = purge === null ? await publish(turn) : drop?.commit ?? null;
  return commit === null ? null : { update: { commit, steps, diagnostics }, drop };
}

async function writeAndPublish(
  options: SchemaUpdateOptions,
  turn: SoleTurn,
  plan: Omit<PreparedMigration, "pins">,
  next: AcceptedSchema,
): Promise<Commit | null> {
  const { base, moves } = plan;
  const pins = await migrateTables(base, moves, next.catalog, turn.tableCommits).catch(async (error) => {
    // Another schema change may have taken tables away, those that are read here or those that are written.
    if ((await turn.latest()).commit.schemaDigest === base.commit.schemaDigest) throw error;
    return null;
  });
  if (pins === null) return null;
  await options.ports.failpoint("schema.tables_written");
  return await publishPrepared(options, turn, { ...plan, pins }, next);
}

async function publishPrepared(
  options: SchemaUpdateOptions,
  turn: SoleTurn,
  prepared: PreparedMigration,
  next: AcceptedSchema,
): Promise<Commit | null> {
  const { ports, actor } = options;
  const { slot } = prepared.base;
  for (let lost = 0; lost < WRITE_ATTEMPTS_MAX; lost++) {
    const head = await turn.latest();
    const between = await turn.slotsBetween(slot, head.slot);
    if (between.some(({ commits }) => commits.some(isSchemaChange))) return null;
    const facts = {
      id: ports.newId(),
      branch: MAIN,
      actor,
      createdAt: Math.floor(ports.clock.nowMs() * 1000),
      operation: "schema_apply",
      schemaDigest: next.digests.contract,
      catalog: next.catalog,
    } as const;
    const planned = planMigrationCommit(prepared, head, between, facts, (one) => turn.keyOf(one));
    if (planned === null) return null;
    if (await appendAlone(options, turn, planned)) return planned.commit;
    // Nothing is lost but the slot: the next one is tried at once.
  }
  return null;
}

/** Publishes unless there are branches; none can be made from main meanwhile. */
async function appendAlone(
  { store, main, ports }: SchemaUpdateOptions,
  turn: SoleTurn,
  planned: PlannedCommit,
): Promise<boolean> {
  const { incarnation } = main.ref;
  const { slot } = planned.state;
  const fence = await putFence(store, ports, { name: MAIN, incarnation, slot, purpose: "schema" });
  // One that stays costs the next branch a slot, nothing else.
  const remove = () => removeFence(store, fence).catch(() => {});
  try {
    // Rewriting may take a while, in which another process may have made a branch.
    await refuseBranches(store);
  } catch (error) {
    await remove();
    throw error;
  }
  // When it is not known whether the slot was filled, it may still be.
  const won = await turn.append(planned);
  await remove();
  return won;
}

function isSchemaChange({ operation }: Commit): boolean {
  return operation === "schema_apply";
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
