/** The ways a write loses, as errors with their facts. Pure. */
import { AppError } from "../errors.ts";
import type { TypeKey } from "../schema/catalog.ts";
import type { BranchRef } from "./branches.ts";
import type { Commit } from "./commit.ts";

/**
 * 409: the branch moved from `expected` to `actual` while the write was prepared. Of the tables the write touches, the
 * first by type key that moved too is named with its versions.
 */
export function writeConflict(options: {
  readonly branch: string;
  readonly expected: Commit;
  readonly actual: Commit;
  readonly touched: readonly TypeKey[];
}): AppError {
  const { branch, expected, actual, touched } = options;
  const moved = [...touched].sort().find((key) => tableVersion(expected, key) !== tableVersion(actual, key));
  return new AppError(
    "write_conflict",
    `branch '${branch}' moved from commit ${expected.id} to ${actual.id} while the write was prepared: ` +
      "read again and repeat the write",
    {
      detail: {
        read_set_conflict: { member: `graph_head:${branch}`, expected: expected.id, actual: actual.id },
        ...(moved === undefined ? {} : {
          manifest_conflict: {
            table_key: moved,
            expected: tableVersion(expected, moved),
            actual: tableVersion(actual, moved),
          },
        }),
      },
    },
  );
}

/** 409: the schema changed after a request was checked against it. */
export function schemaConflict(expected: string, actual: string): AppError {
  return new AppError(
    "write_conflict",
    "the schema changed while the request was prepared: look at it and repeat",
    {
      detail: { read_set_conflict: { member: "schema_digest", expected, actual } },
    },
  );
}

/** 409: the branch was deleted while the write was prepared; its name may belong to another branch by now. */
export function branchDeleted({ name, incarnation }: BranchRef): AppError {
  return new AppError(
    "write_conflict",
    `branch '${name}' was deleted while the write was prepared: look which branches there are`,
    {
      detail: {
        read_set_conflict: { member: `branch_identifier:${name}`, expected: incarnation, actual: null },
      },
    },
  );
}

/** 412: a conditional write named a commit that is not the head. */
export function preconditionFailed(branch: string, expected: string, head: Commit): AppError {
  return new AppError(
    "precondition_failed",
    `branch '${branch}' is at commit ${head.id}, not at ${expected}: read again and decide anew`,
    { detail: { precondition_failure: { expected, actual: head.id } } },
  );
}

/** Version of a table as shown outside: the sequence of the newest commit that changed it, 1 before the first. */
export function tableVersion(commit: Commit, key: TypeKey): number {
  return commit.tables[key]?.changedAt ?? 1;
}
