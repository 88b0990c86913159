/** Every named step of a graph's write protocols at which a process may die; `tests/crash/kill_points_test.ts` keeps it whole. */
export const GRAPH_FAILPOINTS: readonly string[] = [
  // Making a graph.
  "init.format",
  "init.schema",
  "init.branch",
  "init.genesis",
  // Small commits, and large ones, which write tables.
  "publish.staged",
  "publish.table_written",
  "publish.tables_written",
  "publish.before_append",
  "publish.after_append",
  // Folds in the background.
  "fold.table_written",
  "fold.tables_written",
  "fold.before_append",
  "fold.after_append",
  // Branches: made by a load, made alone, deleted.
  "fork.published",
  "fork.named",
  "branch.stored",
  "branch.checked",
  "delete.fenced",
  "delete.before_append",
  "delete.after_append",
  // Schema changes, and data dropped for good.
  "schema.saved",
  "schema.purge_recorded",
  "schema.table_written",
  "schema.tables_written",
  "schema.before_append",
  "schema.after_append",
  "schema.purge.marked",
  "schema.purge.scrubbed",
  "schema.purge.removed",
];
