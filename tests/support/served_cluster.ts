/** Applied clusters in temporary folders, to serve. */
import assert from "node:assert/strict";
import { join } from "@std/path";
import { clusterApply } from "../../core/cluster/commands.ts";

/** Tokens of the fixture's actors: the actor's id with `token-` before it. */
export const TOKENS = Object.fromEntries(
  ["act-mate", "act-cook", "act-harbor"].map((actor) => [actor, `token-${actor}`]),
);

/** Environment that carries {@linkcode TOKENS}. */
export const TOKENS_ENV = { OMNIGRAPH_SERVER_BEARER_TOKENS_JSON: JSON.stringify(TOKENS) };

/** Token of an actor. */
export function tokenOf(actor: string): string {
  const token = TOKENS[actor];
  assert.ok(token !== undefined, `${actor} has a token`);
  return token;
}

/** Schema of both graphs of the fixture. */
export const FLEET_SCHEMA = `node Ship {
  name: String @key
  tons: I64?
}
edge Escorts: Ship -> Ship
`;

/** Stored queries of both graphs. */
export const FLEET_QUERIES =
  `query ship($name: String) { match { $s: Ship { name: $name } } return { $s.name, $s.tons } }
query refit($name: String, $tons: I64) { update Ship set { tons: $tons } where name = $name }
query launch($name: String) { insert Ship { name: $name } }
`;

const CREW = `version: 1
groups:
  mates: [act-mate]
  cooks: [act-cook, act-mate]
rules:
  - { id: cook, allow: { actors: { group: cooks }, actions: [read, invoke_query] } }
  - { id: steer, allow: { actors: { group: mates }, actions: [change, branch_create] } }
`;
const HARBOR = `version: 1
kind: server
groups: { harbor: [act-harbor] }
rules: [{ id: list, allow: { actors: { group: harbor }, actions: [graph_list] } }]
`;

/** What differs from the usual fixture: graphs \`fleet\` (policy \`crew\`) and \`yard\` (none), a server policy. */
export interface ClusterOptions {
  /** Without any policy. */
  readonly open?: boolean;
}

/** A config repository and its storage root. */
export interface ServedCluster {
  readonly config: string;
  readonly root: string;
}

/** Writes the configuration below \`folder\` and applies it. */
export async function applyFleet(folder: string, options: ClusterOptions = {}): Promise<ServedCluster> {
  const config = join(folder, "config");
  Deno.mkdirSync(config, { recursive: true });
  const policies = options.open === true ? "" : `policies:
  crew: { file: crew.policy.yaml, applies_to: [fleet] }
  harbor: { file: harbor.policy.yaml, applies_to: [cluster] }
`;
  const files = {
    "cluster.yaml": `version: 1
storage: ../root
graphs:
  fleet: { schema: fleet.pg, queries: fleet.gq }
  yard: { schema: fleet.pg, queries: fleet.gq }
${policies}`,
    "fleet.pg": FLEET_SCHEMA,
    "fleet.gq": FLEET_QUERIES,
    "crew.policy.yaml": CREW,
    "harbor.policy.yaml": HARBOR,
  };
  for (const [name, text] of Object.entries(files)) Deno.writeTextFileSync(join(config, name), text);
  const { exitCode, diagnostics } = await clusterApply({ configDir: config });
  assert.equal(exitCode, 0, JSON.stringify(diagnostics));
  return { config, root: join(folder, "root") };
}
