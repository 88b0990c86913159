/** Configuration files in memory, and a small harbour cluster to put into them. */
import type { ConfigFiles } from "../../core/cluster/sources.ts";

/** Folder of the configuration in memory. */
export const CONFIG_DIR = "/quay";

/** Files by path relative to {@linkcode CONFIG_DIR}, or absolute. Mutable: an edit shows at the next read. */
export type FileTexts = Record<string, string>;

/** Reads from `texts`; `reads` collects every path that was read. */
export function memoryFiles(texts: FileTexts, reads: string[] = []): ConfigFiles {
  const textAt = (path: string) =>
    texts[path] ?? (path.startsWith(`${CONFIG_DIR}/`) ? texts[path.slice(CONFIG_DIR.length + 1)] : undefined);
  const absolutePaths = () =>
    Object.keys(texts).map((path) => path.startsWith("/") ? path : `${CONFIG_DIR}/${path}`);
  return {
    readFile(path) {
      reads.push(path);
      const text = textAt(path);
      return Promise.resolve(
        text === undefined ? { kind: "missing" } : { kind: "file", bytes: new TextEncoder().encode(text) },
      );
    },
    readFolder(path) {
      const start = path.endsWith("/") ? path : `${path}/`;
      const paths = absolutePaths();
      if (paths.includes(path)) return Promise.resolve({ kind: "not_folder" });
      const inside = paths.filter((one) => one.startsWith(start)).map((one) => one.slice(start.length));
      if (inside.length === 0) return Promise.resolve({ kind: "missing" });
      return Promise.resolve({ kind: "folder", names: inside.filter((name) => !name.includes("/")) });
    },
  };
}

/** A schema with two node types and an edge. */
export const FLEET_SCHEMA = `node Ship {
  name: String @key
  tons: I32?
}

node Port {
  code: String @key
}

edge Calls: Ship -> Port
`;

/** Two stored queries, one of them reading over the edge. */
export const SHIPS_GQ = `query ships() {
  match { $s: Ship }
  return { $s.name }
}

query ships_in_port($code: String) {
  match {
    $s: Ship
    $p: Port { code: $code }
    $s calls $p
  }
  return { $s.name }
}
`;

/** A stored mutation. */
export const ADD_SHIP_GQ = `query add_ship($name: String) {
  insert Ship { name: $name }
}
`;

/** A graph bundle. */
export const CREW_POLICY = `version: 1
groups: { crew: ["act-ida"] }
rules:
  - id: crew-reads
    allow: { actors: { group: crew }, actions: [read, invoke_query] }
`;

/** A server bundle. */
export const GATE_POLICY = `version: 1
kind: server
groups: { crew: ["act-ida"] }
rules:
  - id: crew-lists
    allow: { actors: { group: crew }, actions: [graph_list] }
`;

/** `cluster.yaml` of {@linkcode harbourFiles}. */
export const HARBOUR_YAML = `version: 1
metadata: { name: harbour }
graphs:
  fleet:
    schema: schemas/fleet.pg
    queries: queries/
policies:
  crew: { file: policies/crew.policy.yaml, applies_to: [fleet] }
  gate: { file: policies/gate.policy.yaml, applies_to: [cluster] }
`;

/** One graph with a query folder and two bundles; `changes` replaces or, with null, removes files. */
export function harbourFiles(changes: Record<string, string | null> = {}): FileTexts {
  const texts: Record<string, string | null> = {
    "cluster.yaml": HARBOUR_YAML,
    "schemas/fleet.pg": FLEET_SCHEMA,
    "queries/ships.gq": SHIPS_GQ,
    "queries/add_ship.gq": ADD_SHIP_GQ,
    "policies/crew.policy.yaml": CREW_POLICY,
    "policies/gate.policy.yaml": GATE_POLICY,
    ...changes,
  };
  return Object.fromEntries(
    Object.entries(texts).filter((entry): entry is [string, string] => entry[1] !== null),
  );
}
