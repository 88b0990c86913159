/** Changing the schema of a graph. Today: another text of the same meaning; migrations come with their own planner. */
import type { SourceText } from "../base/span.ts";
import { AppError } from "../errors.ts";
import { type AcceptedSchema, acceptTextEdit } from "../schema/accept.ts";
import type { ObjectStore } from "../storage/object_store.ts";
import { MAIN } from "./branch_name.ts";
import { listBranches } from "./branches.ts";
import { schemaConflict } from "./conflicts.ts";
import type { Commit } from "./commit.ts";
import type { OpenBranch } from "./open_branches.ts";
import type { SchemaStore } from "./schemas.ts";

/** What a schema update would do. */
export interface SchemaPreview {
  readonly supported: boolean;
  readonly steps: readonly unknown[];
  /** Why it is not supported. */
  readonly reason?: string;
}

const MIGRATION_NEEDED = "the schema changes its meaning, which takes a migration: not supported yet";

/** Publishes a schema as one commit on main; null when the bytes are those of the current schema. */
export async function updateSchema(options: {
  readonly store: ObjectStore;
  readonly schemas: SchemaStore;
  readonly main: OpenBranch;
  readonly source: SourceText;
  readonly actor: string | null;
}): Promise<Commit | null> {
  const { store, schemas, main, source, actor } = options;
  const { commit } = await main.head.latest();
  const previous = await schemas.load(commit.schemaDigest);
  if (source.text === previous.source) return null;
  const next = acceptTextEdit(previous, source);
  if (next === null) throw new AppError("unsupported", MIGRATION_NEEDED);
  const obstacle = branchObstacle(await listBranches(store));
  if (obstacle !== null) throw new AppError("branch_in_use", `schema apply ${obstacle}`);
  await schemas.save(next);
  return await main.writer.publish({
    operation: "schema_apply",
    actor,
    retry: "fail",
    schema: { digest: next.digests.contract, catalog: next.catalog },
    stage: ({ commit: head }) => {
      if (head.schemaDigest === commit.schemaDigest) return Promise.resolve(new Map());
      throw schemaConflict(commit.schemaDigest, head.schemaDigest);
    },
  });
}

/** What {@linkcode updateSchema} would do. Throws `AppError("schema_error")`. */
export function previewSchema(
  previous: AcceptedSchema,
  source: SourceText,
  branches: readonly string[],
): SchemaPreview {
  if (source.text === previous.source) return { supported: true, steps: [] };
  if (acceptTextEdit(previous, source) === null) {
    const step = { kind: "unsupported_change", entity: "schema", reason: MIGRATION_NEEDED };
    return { supported: false, steps: [step], reason: MIGRATION_NEEDED };
  }
  const obstacle = branchObstacle(branches);
  return obstacle === null
    ? { supported: true, steps: [] }
    : { supported: false, steps: [], reason: obstacle };
}

function branchObstacle(branches: readonly string[]): string | null {
  const others = branches.filter((name) => name !== MAIN);
  return others.length === 0
    ? null
    : `requires a graph with only main; found non-main branches: ${others.join(", ")}`;
}
