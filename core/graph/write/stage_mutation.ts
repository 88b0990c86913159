/**
 * Mutations: statements, in order, to the changes of one commit. Inserts and updates read what earlier statements
 * wrote; deletes read the head, because a mutation only writes or only deletes.
 */
import type { NewId } from "../../base/ports.ts";
import type { BoundParams, TypedMutation } from "../../query/typed.ts";
import type { GraphView } from "../read/view.ts";
import type { StagedMutation } from "./change_set.ts";
import { constraintNeeds, refuseViolations } from "./constraints.ts";
import { DeleteStage } from "./delete_stage.ts";
import { statementNeeds } from "./statements.ts";
import { checkBlobs } from "./write_limits.ts";
import { WriteStage } from "./write_stage.ts";

/** What statements take from outside. */
export interface MutationEnv {
  /** The request's instant, milliseconds since the epoch; the same on every attempt. */
  readonly nowMs: number;
  readonly newId: NewId;
}

/** Whether a mutation may be done again from a new head after it lost a race: it only inserts. */
export function isInsertOnly(query: TypedMutation): boolean {
  return query.statements.every((statement) => statement.kind === "insert");
}

/**
 * Decides what a mutation changes.
 *
 * @throws AppError `constraint_violation`, `invalid_input` or `resource_limit`; nothing is changed then.
 */
export async function stageMutation(
  view: GraphView,
  query: TypedMutation,
  params: BoundParams,
  env: MutationEnv,
): Promise<StagedMutation> {
  await view.prepare(statementNeeds(view, query));
  const source = { params, nowMs: env.nowMs };
  const staged = query.statements[0]?.kind === "delete"
    ? new DeleteStage(view, source).run(query.statements)
    : new WriteStage(view, source, env.newId).run(query.statements);
  if (staged.changes === null) return staged;
  await view.prepare(constraintNeeds(view, staged.changes));
  refuseViolations({ view, changes: staged.changes });
  for (const [key, { upserts }] of staged.changes) {
    if (upserts !== null) checkBlobs(view.catalog.byKey.get(key)!, upserts);
  }
  return staged;
}
