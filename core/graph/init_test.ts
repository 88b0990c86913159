import assert from "node:assert/strict";
import { testPorts } from "../../tests/support/graph_protocol.ts";
import { createMemoryTables } from "../../tests/support/memory_tables.ts";
import { createLocalStore } from "../storage/local_store.ts";
import { createMemoryStore } from "../storage/memory_store.ts";
import type { ObjectStore } from "../storage/object_store.ts";
import { readRef } from "./branches.ts";
import { createGraph, graphExists } from "./init.ts";
import { BranchLog } from "./log.ts";
import { openGraph } from "./open.ts";
import { SchemaStore } from "./schemas.ts";

const SCHEMA = {
  path: "port.pg",
  text: "node Port { code: String @key\n name: String? }\nedge Leads: Port -> Port",
};
const OTHER = { path: "hive.pg", text: "node Hive { tag: String @key }" };

async function objects(store: ObjectStore, prefix = "__manifest"): Promise<string[]> {
  const folders = ["", "/schemas", "/branches"];
  const ref = await readRef(store, "main");
  if (ref !== null) folders.push(`/log/${ref.incarnation}`);
  const names = await Promise.all(
    folders.map(async (folder) =>
      (await store.list(prefix + folder)).map((name) => `${prefix}${folder}/${name}`)
    ),
  );
  return names.flat();
}

Deno.test("createGraph() writes four small objects and pins every table as never written", async () => {
  const store = createMemoryStore();
  const { commit } = await createGraph({ store, schema: SCHEMA, actor: "act-lena" });
  assert.equal((await objects(store)).length, 4);
  assert.deepEqual([commit.parent, commit.sequence, commit.actor, commit.operation], [null, 1, null, "init"]);
  assert.deepEqual(Object.keys(commit.tables).sort(), ["edge:Leads", "node:Port"]);
  for (const table of Object.values(commit.tables)) assert.equal(table.pin.version, 0);
  assert.ok(await graphExists(store));
  const accepted = await new SchemaStore(store).load(commit.schemaDigest);
  assert.equal(accepted.source, SCHEMA.text);
});

Deno.test("1: createGraph() on an initialized root is 409 and changes nothing", async () => {
  const store = createMemoryStore();
  await createGraph({ store, schema: SCHEMA });
  const before = await objects(store);
  for (const schema of [SCHEMA, OTHER]) {
    for (const force of [false, true]) {
      await assert.rejects(createGraph({ store, schema, force }), {
        code: "already_initialized",
        message: /already initialized/,
      });
    }
  }
  assert.deepEqual(await objects(store), before);
});

Deno.test("2: createGraph() refuses legacy schema files; force accepts orphans but never beside a genesis", async () => {
  for (const file of ["_schema.pg", "_schema.ir.json", "__schema_state.json"]) {
    const store = createMemoryStore();
    await store.put(file, new TextEncoder().encode("old"));
    await assert.rejects(createGraph({ store, schema: SCHEMA }), { code: "already_initialized" });
    assert.deepEqual(await objects(store), [], "nothing was written");
    await createGraph({ store, schema: SCHEMA, force: true });
    await assert.rejects(createGraph({ store, schema: SCHEMA, force: true }), {
      code: "already_initialized",
    });
    assert.equal(new TextDecoder().decode((await store.get(file))!.bytes), "old");
  }
});

Deno.test("createGraph() refuses a root in which something else lives", async () => {
  for (const key of ["notes.txt", "__cluster/state.json", "nodes/1.lance/data", "graphs/a.omni/x"]) {
    const store = createMemoryStore();
    await store.put(key, new Uint8Array());
    await assert.rejects(createGraph({ store, schema: SCHEMA }), {
      code: "invalid_input",
      message: /not empty/,
    });
    assert.deepEqual(await objects(store), []);
  }
});

Deno.test("createGraph() accepts an existing empty folder on disk", async () => {
  const folder = await Deno.makeTempDir();
  try {
    await createGraph({ store: createLocalStore(folder), schema: SCHEMA });
    assert.ok(await graphExists(createLocalStore(folder)));
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("createGraph() rejects a bad schema before it writes anything", async () => {
  const store = createMemoryStore();
  await assert.rejects(createGraph({ store, schema: { path: "x.pg", text: "node {" } }), {
    code: "schema_error",
  });
  assert.deepEqual(await objects(store), []);
});

Deno.test("3: of racing inits exactly one wins, and the graph has the winner's schema", async () => {
  for (let round = 0; round < 10; round++) {
    const store = createMemoryStore();
    const results = await Promise.allSettled(
      [SCHEMA, OTHER, SCHEMA, OTHER].map((schema) => createGraph({ store, schema })),
    );
    const won = results.filter((each) => each.status === "fulfilled");
    assert.equal(won.length, 1);
    for (const each of results) {
      if (each.status === "rejected") assert.equal(each.reason.code, "already_initialized");
    }
    const ref = await readRef(store, "main");
    const genesis = (await new BranchLog(store, ref!).read(1))!.commits[0]!;
    assert.equal(genesis.id, won[0]!.value.commit.id);
    await new SchemaStore(store).load(genesis.schemaDigest);
  }
});

Deno.test("an init that lost leaves the schema that the winner's graph was changed to meanwhile", async () => {
  const store = createMemoryStore();
  const edited = { ...SCHEMA, text: `// ports\n${SCHEMA.text}` };
  const ports = testPorts();
  const open = () => openGraph({ store, tables: createMemoryTables(), uri: "memory:" });
  const losing = createGraph({
    store,
    schema: edited,
    ports: {
      ...ports,
      failpoint: async (name) => {
        if (name === "init.branch") await createGraph({ store, schema: SCHEMA });
        if (name !== "init.genesis") return;
        const winner = await open();
        assert.ok((await winner.schemaUpdate(edited)).applied);
        await winner.close();
      },
    },
  });
  await assert.rejects(losing, { code: "already_initialized" });
  const graph = await open();
  assert.equal((await graph.schema()).schema_source, edited.text);
  await graph.close();
});

Deno.test("an init that died at any step is finished by the next one, under the same graph identity", async () => {
  for (const step of ["init.format", "init.schema", "init.branch", "init.genesis"]) {
    const store = createMemoryStore();
    const ports = testPorts((name) => {
      if (name === step) throw new Error("died");
    });
    await assert.rejects(createGraph({ store, schema: SCHEMA, ports }), /died/);
    const claimed = (await store.get("__manifest/format.json"))!.bytes;
    const isDone = step === "init.genesis";
    assert.equal(await graphExists(store), isDone);
    const again = createGraph({ store, schema: OTHER });
    if (isDone) await assert.rejects(again, { code: "already_initialized" });
    else {
      const { commit } = await again;
      assert.deepEqual((await store.get("__manifest/format.json"))!.bytes, claimed);
      assert.equal((await new SchemaStore(store).load(commit.schemaDigest)).source, OTHER.text);
    }
  }
});
