/** Commits and snapshots as shown outside. Pure. */
import { must } from "../base/assert.ts";
import type { Catalog } from "../schema/catalog.ts";
import { MAIN } from "./branch_name.ts";
import type { Commit } from "./commit.ts";
import { tableVersion } from "./conflicts.ts";
import { STORAGE_FORMAT } from "./format.ts";
import type { CommitOutput, LoadedType, SnapshotOutput } from "./graph.ts";
import type { ParsedBatch } from "./write/batch.ts";

/** A commit as shown outside. */
export function commitOutput(commit: Commit): CommitOutput {
  return {
    graph_commit_id: commit.id,
    graph_branch: commit.branch === MAIN ? null : commit.branch,
    graph_manifest_version: commit.sequence,
    parent_commit_id: commit.parent,
    merged_parent_commit_id: commit.mergedParent,
    actor_id: commit.actor,
    created_at: commit.createdAt,
  };
}

/** All tables of a commit, by type key. */
export function snapshotOutput(branch: string, commit: Commit, catalog: Catalog): SnapshotOutput {
  const keys = [...catalog.byKey.keys()].sort();
  return {
    graph_branch: branch,
    graph_manifest_version: commit.sequence,
    internal_schema_version: STORAGE_FORMAT,
    datasets: keys.map((key) => {
      const type = must(catalog.byKey.get(key), "keys are of this catalog");
      const table = must(commit.tables[key], `commit ${commit.id} has a state for ${key}`);
      return {
        entity_kind: type.kind,
        type_name: type.name,
        dataset_path: `${table.pin.table}.lance`,
        published_dataset_version: tableVersion(commit, key),
        native_dataset_branch: table.pin.branch,
        entity_count: table.rows,
      };
    }),
  };
}

/** Records of a batch per type of one kind, by name. */
export function loadedTypes(batch: ParsedBatch, kind: "node" | "edge"): LoadedType[] {
  return [...batch.tables.values()]
    .filter(({ type }) => type.kind === kind)
    .map(({ type, records }) => ({ name: type.name, entities_loaded: records.length }))
    .sort((a, b) => a.name < b.name ? -1 : 1);
}
