import assert from "node:assert/strict";
import { sha256Hex } from "../base/digest.ts";
import { placeOf } from "../base/diagnostic.ts";
import {
  ADD_SHIP_GQ,
  CONFIG_DIR,
  CREW_POLICY,
  FLEET_SCHEMA,
  GATE_POLICY,
  HARBOUR_YAML,
  harbourFiles,
  memoryFiles,
  SHIPS_GQ,
} from "../../tests/support/cluster_files.ts";
import { loadConfig } from "./load.ts";
import { runValidate } from "./validate.ts";

async function validate(changes: Record<string, string | null> = {}) {
  return await runValidate({ configDir: CONFIG_DIR, files: memoryFiles(harbourFiles(changes)) });
}

/** `code path` of every finding, in emission order. */
async function findings(changes: Record<string, string | null>): Promise<string[]> {
  return (await validate(changes)).diagnostics.map(({ code, path }) => `${code} ${path}`);
}

async function configDigestOf(changes: Record<string, string | null> = {}): Promise<string | undefined> {
  return (await loadConfig(CONFIG_DIR, memoryFiles(harbourFiles(changes)))).desired?.configDigest;
}

Deno.test("validate lists resources, digests and dependencies in order", async () => {
  const { exitCode, result } = await validate();
  assert.equal(exitCode, 0);
  assert.deepEqual(Object.keys(result), [
    "ok",
    "config_dir",
    "config_file",
    "resource_digests",
    "resources",
    "dependencies",
    "diagnostics",
  ]);
  assert.deepEqual(result.resources.map(({ address, kind, path }) => [address, kind, path]), [
    ["graph.fleet", "graph", undefined],
    ["policy.crew", "policy", "policies/crew.policy.yaml"],
    ["policy.gate", "policy", "policies/gate.policy.yaml"],
    ["query.fleet.add_ship", "query", "queries/add_ship.gq"],
    ["query.fleet.ships", "query", "queries/ships.gq"],
    ["query.fleet.ships_in_port", "query", "queries/ships.gq"],
    ["schema.fleet", "schema", "schemas/fleet.pg"],
  ]);
  assert.deepEqual(Object.keys(result.resource_digests), result.resources.map(({ address }) => address));
  assert.deepEqual(result.dependencies.slice(0, 2), [
    { from: "policy.crew", to: "graph.fleet" },
    { from: "query.fleet.add_ship", to: "graph.fleet" },
  ]);
  assert.deepEqual(result.dependencies.at(-1), { from: "schema.fleet", to: "graph.fleet" });
  assert.equal(result.resource_digests["schema.fleet"], sha256Hex(FLEET_SCHEMA));
});

Deno.test("validate keeps its shape when the configuration is broken, and exits with 6", async () => {
  const { exitCode, result } = await validate({ "cluster.yaml": "version: 1\ngraphs: [\n" });
  assert.equal(exitCode, 6);
  assert.equal(result.ok, false);
  assert.deepEqual(result.resource_digests, {});
  assert.deepEqual([result.resources, result.dependencies], [[], []]);
  const [diagnostic] = result.diagnostics;
  assert.deepEqual(Object.keys(diagnostic!), [
    "code",
    "severity",
    "path",
    "message",
    "file",
    "line",
    "column",
    "end_line",
    "end_column",
  ]);
  assert.equal(diagnostic?.code, "invalid_cluster_yaml");
});

Deno.test("acceptance 2: reserved, unknown and duplicate keys have their codes, in list items too", async () => {
  const yaml = (text: string) => findings({ "cluster.yaml": HARBOUR_YAML + text });
  assert.deepEqual(await yaml("pipelines: {}\n"), ["future_phase_field pipelines"]);
  assert.deepEqual(await yaml("version: 1\n"), ["duplicate_yaml_key version"]);
  assert.deepEqual(await yaml("polices: {}\n"), ["invalid_cluster_yaml cluster.yaml"]);
  const blobs = `version: 1
graphs:
  fleet:
    schema: schemas/fleet.pg
    external_blobs:
      allow: [{ base: "s3://a/", scope: server_safe, base: "s3://b/" }]
`;
  assert.deepEqual(await findings({ "cluster.yaml": blobs }), [
    "duplicate_yaml_key graphs.fleet.external_blobs.allow[].base",
  ]);
});

Deno.test("validate says where an unknown field stands and what may have been meant", async () => {
  const { diagnostics } = await validate({ "cluster.yaml": HARBOUR_YAML.replace("queries:", "querys:") });
  assert.equal(diagnostics.length, 1);
  assert.match(diagnostics[0]!.message, /unknown field `querys`/);
  assert.equal(placeOf(diagnostics[0]!), `${CONFIG_DIR}/cluster.yaml:6:5`);
  assert.match(diagnostics[0]!.help ?? "", /queries/);
});

Deno.test("validate collects wrong types and missing fields of the whole file", async () => {
  const text = `metadata: { name: 7 }
state: { lock: "yes" }
graphs:
  fleet: { queries: 5 }
policies:
  crew: { applies_to: fleet }
`;
  const { diagnostics } = await validate({ "cluster.yaml": text });
  const messages = diagnostics.map(({ message }) => message).join("\n");
  assert.ok(
    diagnostics.every(({ code, path }) => code === "invalid_cluster_yaml" && path === "cluster.yaml"),
  );
  for (
    const part of [
      "missing field `version`",
      "metadata.name: must be a string",
      "state.lock: must be `true` or `false`",
      "missing field `schema` in `graphs.fleet`",
      "graphs.fleet.queries: must be a string",
      "missing field `file` in `policies.crew`",
      "policies.crew.applies_to: must be a list",
    ]
  ) assert.ok(messages.includes(part), part);
});

Deno.test("validate checks the header", async () => {
  const text = `version: 2
metadata: { name: " " }
storage: "gs://bucket"
state: { backend: consul }
graphs: {}
`;
  assert.deepEqual(await findings({ "cluster.yaml": text }), [
    "unsupported_cluster_config_version version",
    "empty_metadata_name metadata.name",
    "unsupported_state_backend state.backend",
    "invalid_storage_root storage",
  ]);
  assert.deepEqual(await findings({ "cluster.yaml": "version: 1\nstorage: s3://\n" }), [
    "invalid_storage_root storage",
  ]);
});

Deno.test("an empty map of graphs and null for optional keys are fine", async () => {
  const text = "version: 1\nmetadata: null\nstate: { lock: ~ }\nproviders:\ngraphs: {}\npolicies:\n";
  assert.deepEqual(await findings({ "cluster.yaml": text }), []);
});

Deno.test("acceptance 3: formatting leaves the config digest, an edit of any source changes it", async () => {
  const digest = await configDigestOf();
  const reformatted = `# a comment
policies:
  gate:
    applies_to:
      - cluster
    file: "policies/gate.policy.yaml"
  crew: { applies_to: [fleet], file: policies/crew.policy.yaml }
graphs: { fleet: { queries: 'queries/', schema: schemas/fleet.pg } }
metadata:
  name: harbour
version: 1
`;
  assert.match(digest ?? "", /^[0-9a-f]{64}$/);
  assert.equal(await configDigestOf({ "cluster.yaml": reformatted }), digest);
  const edits = {
    "schemas/fleet.pg": `${FLEET_SCHEMA}// more\n`,
    "queries/ships.gq": `${SHIPS_GQ}\n`,
    "policies/crew.policy.yaml": `${CREW_POLICY}# more\n`,
    "cluster.yaml": HARBOUR_YAML.replace("name: harbour", "name: haven"),
  };
  for (const [path, text] of Object.entries(edits)) {
    assert.notEqual(await configDigestOf({ [path]: text }), digest, path);
  }
});

Deno.test("acceptance 4: the three forms of queries register the expected addresses", async () => {
  const withQueries = async (queries: string) => {
    const yaml = `version: 1\ngraphs:\n  fleet:\n    schema: schemas/fleet.pg\n    queries: ${queries}\n`;
    const { result } = await validate({ "cluster.yaml": yaml });
    return result.resources.filter(({ kind }) => kind === "query").map(({ address }) => address.slice(12));
  };
  assert.deepEqual(await withQueries("./queries"), ["add_ship", "ships", "ships_in_port"]);
  assert.deepEqual(await withQueries("queries/ships.gq"), ["ships", "ships_in_port"]);
  assert.deepEqual(await withQueries("[queries/add_ship.gq, queries/ships.gq]"), [
    "add_ship",
    "ships",
    "ships_in_port",
  ]);
  assert.deepEqual(await withQueries("{ ships: { file: queries/ships.gq } }"), ["ships"]);
});

Deno.test("a query folder is read without its subfolders and other files, each file once", async () => {
  const reads: string[] = [];
  const texts = harbourFiles({
    "queries/old/ships.gq": "broken",
    "queries/notes.md": "broken",
    "queries/.gq": "broken",
    "queries/ships.GQ": "broken",
    "cluster.yaml":
      HARBOUR_YAML.replace("queries: queries/", "queries: [queries/ships.gq, queries/add_ship.gq]") +
      "  more: { file: ./policies/gate.policy.yaml, applies_to: [fleet] }\n",
  });
  await runValidate({ configDir: CONFIG_DIR, files: memoryFiles(texts, reads) });
  assert.equal(new Set(reads).size, reads.length);
  assert.deepEqual(await findings({ "queries/old/ships.gq": "broken", "queries/.gq": "broken" }), []);
});

Deno.test("a query file that is listed twice is not said to declare twice", async () => {
  const texts = harbourFiles({
    "cluster.yaml": HARBOUR_YAML.replace("queries: queries/", "queries: [queries/, ./queries/ships.gq]"),
  });
  const { diagnostics } = await runValidate({ configDir: CONFIG_DIR, files: memoryFiles(texts) });
  const message = (name: string) =>
    `query \`${name}\` is registered twice: file \`queries/ships.gq\` is listed twice`;
  assert.deepEqual(diagnostics.map((one) => one.message), [message("ships"), message("ships_in_port")]);
  assert.ok(diagnostics.every(({ source }) => source?.path.endsWith("cluster.yaml")));
});

Deno.test("acceptance 5: faults of queries have their codes", async () => {
  const q = "graphs.fleet.queries";
  assert.deepEqual(await findings({ "queries/copy.gq": SHIPS_GQ }), [
    `duplicate_query_name ${q}.ships`,
    `duplicate_query_name ${q}.ships_in_port`,
  ]);
  assert.deepEqual(
    await findings({ "queries/copy.gq": ADD_SHIP_GQ + ADD_SHIP_GQ, "queries/add_ship.gq": null }),
    [
      `duplicate_query_name ${q}.add_ship`,
    ],
  );
  assert.deepEqual(await findings({ "queries/bad.gq": "query bad( {" }), [`query_parse_error ${q}`]);
  const map = (text: string) => HARBOUR_YAML.replace("queries: queries/", `queries: ${text}`);
  assert.deepEqual(await findings({ "cluster.yaml": map("{ shps: { file: queries/ships.gq } }") }), [
    `query_key_mismatch ${q}.shps`,
  ]);
  assert.deepEqual(await findings({ "cluster.yaml": map("{ ships: { file: queries/none.gq } }") }), [
    `query_file_missing ${q}.ships.file`,
  ]);
  assert.deepEqual(await findings({ "queries/ships.gq": SHIPS_GQ.replace("$s.name", "$s.nam") }), [
    `query_typecheck_error ${q}.ships`,
  ]);
  assert.deepEqual(await findings({ "cluster.yaml": map("nowhere/") }), [`query_dir_unreadable ${q}`]);
  assert.deepEqual(await findings({ "cluster.yaml": map("nowhere.gq") }), [`query_file_missing ${q}`]);
  assert.deepEqual(await findings({ "cluster.yaml": map("policies/") }), [`query_dir_empty ${q}`]);
  assert.deepEqual(await findings({ "queries/later.gq": "// to be written\n" }), [`query_file_empty ${q}`]);
});

Deno.test("a duplicate query names both files", async () => {
  const { diagnostics } = await validate({ "queries/zz.gq": ADD_SHIP_GQ });
  assert.match(diagnostics[0]!.message, /queries\/add_ship\.gq.*queries\/zz\.gq/);
  assert.equal(placeOf(diagnostics[0]!), `${CONFIG_DIR}/queries/zz.gq:1:7`);
});

Deno.test("under a broken schema queries are parsed but not type-checked", async () => {
  const found = await findings({ "schemas/fleet.pg": "node Ship {", "queries/bad.gq": "query bad(" });
  assert.deepEqual([...new Set(found)], [
    "schema_parse_error graphs.fleet.schema",
    "query_typecheck_skipped graphs.fleet.queries.add_ship",
    "query_parse_error graphs.fleet.queries",
    "query_typecheck_skipped graphs.fleet.queries.ships",
    "query_typecheck_skipped graphs.fleet.queries.ships_in_port",
  ]);
  const [unknownType] = await findings({ "schemas/fleet.pg": FLEET_SCHEMA.replace("-> Port", "-> Prt") });
  assert.equal(unknownType, "schema_catalog_error graphs.fleet.schema");
  const [missing] = await findings({ "schemas/fleet.pg": null });
  assert.equal(missing, "schema_file_missing graphs.fleet.schema");
});

Deno.test("acceptance 6: faults of policy bindings have their codes", async () => {
  const crew = (targets: string) => HARBOUR_YAML.replace("applies_to: [fleet]", `applies_to: ${targets}`);
  const at = "policies.crew.applies_to";
  assert.deepEqual(await findings({ "cluster.yaml": crew("[graph.fleet, fleet]") }), []);
  assert.deepEqual(await findings({ "cluster.yaml": crew("[]") }), [`policy_missing_applies_to ${at}`]);
  assert.deepEqual(await findings({ "cluster.yaml": crew("[harbour]") }), [
    `dangling_graph_reference ${at}[0]`,
  ]);
  assert.deepEqual(await findings({ "cluster.yaml": crew("[fleet, schema.fleet]") }), [
    `wrong_kind_reference ${at}[1]`,
  ]);
  const mixed = HARBOUR_YAML.replace("applies_to: [cluster]", "applies_to: [cluster, fleet]");
  assert.deepEqual((await findings({ "cluster.yaml": mixed })).slice(0, 2), [
    "policy_mixed_binding_kinds policies.gate.applies_to",
    "duplicate_policy_binding policies.gate.applies_to",
  ]);
  assert.deepEqual(
    await findings({ "cluster.yaml": crew("[cluster]"), "policies/crew.policy.yaml": GATE_POLICY }),
    [
      "duplicate_policy_binding policies.gate.applies_to",
    ],
  );
});

Deno.test("acceptance 6: a short and a long reference bind the same", async () => {
  const bindings = async (target: string) => {
    const yaml = HARBOUR_YAML.replace("applies_to: [fleet]", `applies_to: [${target}]`);
    const { desired } = await loadConfig(CONFIG_DIR, memoryFiles(harbourFiles({ "cluster.yaml": yaml })));
    return desired?.entries.get("policy.crew")?.appliesTo;
  };
  assert.deepEqual(await bindings("fleet"), ["graph.fleet"]);
  assert.deepEqual(await bindings("graph.fleet"), ["graph.fleet"]);
});

Deno.test("policy files are checked against their binding", async () => {
  const at = "policies.crew.file";
  assert.deepEqual(await findings({ "policies/crew.policy.yaml": null }), [`policy_file_missing ${at}`]);
  const { diagnostics } = await validate({
    "policies/crew.policy.yaml": CREW_POLICY.replace("read, invoke", "raed, invoke"),
  });
  assert.deepEqual(diagnostics.map(({ code, path }) => [code, path]), [["policy_invalid", at]]);
  assert.match(diagnostics[0]!.message, /unknown policy action.*raed/);
  assert.equal(placeOf(diagnostics[0]!), `${CONFIG_DIR}/policies/crew.policy.yaml:5:49`);
  const wrongKind = await validate({ "policies/crew.policy.yaml": GATE_POLICY });
  assert.match(wrongKind.diagnostics.map(({ message }) => message).join("\n"), /server/);
});

const PROVIDER_YAML = (provider: string, reference = "cargo") =>
  `version: 1
providers: { embedding: { cargo: ${provider} } }
graphs:
  fleet: { schema: schemas/fleet.pg, embedding_provider: ${reference} }
`;

Deno.test("acceptance 7: api keys are references, mock needs none", async () => {
  const at = "providers.embedding.cargo";
  const check = (provider: string, reference?: string) =>
    findings({ "cluster.yaml": PROVIDER_YAML(provider, reference) });
  assert.deepEqual(await check('{ kind: openai, api_key: "${QUAY_KEY}" }'), []);
  assert.deepEqual(await check("{ provider: mock }", "provider.embedding.cargo"), []);
  assert.deepEqual(await check("{}"), [`embedding_api_key_required ${at}.api_key`]);
  assert.deepEqual(await check("{ kind: openia, api_key: '${K}' }"), [`invalid_embedding_provider ${at}`]);
  assert.deepEqual(await check("{ kind: mock }", "carg"), [
    "dangling_embedding_provider_reference graphs.fleet.embedding_provider",
  ]);
  assert.deepEqual(await check("{ kind: mock }", "policy.cargo"), [
    "wrong_kind_reference graphs.fleet.embedding_provider",
  ]);
});

Deno.test("acceptance 7: an inline api key is refused and never echoed", async () => {
  const { result, diagnostics } = await validate({
    "cluster.yaml": PROVIDER_YAML("{ kind: openai, api_key: sk-hunter2 }"),
  });
  assert.deepEqual(diagnostics.map(({ code }) => code), ["embedding_api_key_inline"]);
  assert.ok(!JSON.stringify([result, diagnostics]).includes("hunter2"));
});

Deno.test("acceptance 8: the composite of a bound graph has the bytes of the specification", async () => {
  const yaml = `version: 1
providers:
  embedding:
    cargo: { api_key: "\${QUAY_KEY}", kind: openai }
graphs:
  fleet:
    schema: schemas/fleet.pg
    queries: queries/
    embedding_provider: cargo
    external_blobs:
      allow: [{ base: "s3://Quay-Scans/manifests", scope: server_safe }]
`;
  const { result } = await validate({ "cluster.yaml": yaml });
  const provider = sha256Hex('embedding-provider\0{"kind":"openai","api_key":"${QUAY_KEY}"}');
  const ships = sha256Hex(SHIPS_GQ);
  const composite = sha256Hex(
    `graph\0fleet\0schema\0${sha256Hex(FLEET_SCHEMA)}\0` +
      `query\0add_ship\0${sha256Hex(ADD_SHIP_GQ)}\0query\0ships\0${ships}\0query\0ships_in_port\0${ships}\0` +
      `embedding_provider\0provider.embedding.cargo\0${provider}\0` +
      'external_blob_policy\0{"mode":"allow","bases":[{"uri":"s3://quay-scans/manifests/","scope":"server_safe"}]}\0',
  );
  assert.equal(result.resource_digests["provider.embedding.cargo"], provider);
  assert.equal(result.resource_digests["graph.fleet"], composite);
});

Deno.test("the config digest has the bytes of the specification", async () => {
  const yaml = "version: 1\ngraphs: { fleet: { schema: schemas/fleet.pg } }\n";
  const schema = sha256Hex(FLEET_SCHEMA);
  const graph = sha256Hex(`graph\0fleet\0schema\0${schema}\0`);
  const json = '{"version":1,"metadata":{"name":null},"storage":null,"state":{"backend":null,"lock":null},' +
    '"providers":{"embedding":{}},' +
    '"graphs":{"fleet":{"schema":"schemas/fleet.pg","queries":{},"embedding_provider":null}},"policies":{}}';
  assert.equal(
    await configDigestOf({ "cluster.yaml": yaml }),
    sha256Hex(`cluster-config\0${json}\0graph.fleet\0${graph}\0schema.fleet\0${schema}\0`),
  );
});

Deno.test("names that cannot be addressed are refused, ids that cannot be routed warn", async () => {
  const yaml = (id: string) => `version: 1\ngraphs: { "${id}": { schema: schemas/fleet.pg } }\n`;
  assert.deepEqual(await findings({ "cluster.yaml": yaml("9lives") }), ["invalid_resource_id graphs.9lives"]);
  assert.deepEqual(await findings({ "cluster.yaml": yaml("a.b") }), ["invalid_resource_id graphs.a.b"]);
  assert.deepEqual(await findings({ "cluster.yaml": yaml("north_quay") }), [
    "graph_id_not_servable graphs.north_quay",
  ]);
  assert.equal((await validate({ "cluster.yaml": yaml("healthz") })).exitCode, 0);
});

Deno.test("a directory without cluster.yaml, and no directory, have their codes", async () => {
  assert.deepEqual(await findings({ "cluster.yaml": null }), ["cluster_config_read_error cluster.yaml"]);
  const { diagnostics } = await runValidate({ configDir: "/nowhere", files: memoryFiles({}) });
  assert.deepEqual(diagnostics.map(({ code, path }) => [code, path]), [["config_dir_not_found", "/nowhere"]]);
});
