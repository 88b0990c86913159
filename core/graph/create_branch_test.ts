import assert from "node:assert/strict";
import {
  createFilmWorld,
  FILM_SCHEMA,
  INSERT_FILM,
  rejection,
  titles,
} from "../../tests/support/embedded_graphs.ts";
import type { EmbeddedGraph } from "./embedded.ts";

function add(graph: EmbeddedGraph, slug: string, branch = "main"): Promise<unknown> {
  return graph.mutate({ source: INSERT_FILM, params: { slug, title: slug }, branch });
}

Deno.test("26: a taken name is refused, and a path inside another branch, or around it", async () => {
  const { open } = await createFilmWorld();
  const graph = await open();
  const made = await graph.createBranch({ name: " review/may ", actor: "act-lena" });
  assert.deepEqual(made, { uri: "memory:films", from: "main", name: "review/may", actor_id: "act-lena" });
  const taken = await rejection(graph.createBranch({ name: "review/may" }));
  assert.equal(taken.code, "branch_exists");
  assert.match(taken.message, /already exists/);
  for (const name of ["review", "review/may/draft"]) {
    const refused = await rejection(graph.createBranch({ name }));
    assert.equal(refused.code, "branch_exists");
    assert.match(refused.message, /'review\/may'/);
  }
  await graph.createBranch({ name: "review/june" });
  assert.deepEqual((await graph.branches()).branches, ["main", "review/june", "review/may"]);
});

Deno.test("a name that is reserved or malformed is 400, a missing source 404", async () => {
  const graph = await (await createFilmWorld()).open();
  for (const name of ["main", " main ", "__x", "", "a//b", "/a", "a/", "a..b", "a\\b", "x.lock", "ä"]) {
    assert.equal((await rejection(graph.createBranch({ name }))).facts.status, 400, name);
  }
  const missing = await rejection(graph.createBranch({ name: "a", from: "nope" }));
  assert.equal(missing.code, "branch_not_found");
  assert.deepEqual((await graph.branches()).branches, ["main"]);
});

Deno.test("of racing creates of one name exactly one wins; a path and its parent never both live", async () => {
  const { open } = await createFilmWorld();
  for (let round = 0; round < 20; round++) {
    const graphs = await Promise.all([open(), open(), open()]);
    const same = await Promise.allSettled(graphs.map((graph) => graph.createBranch({ name: `x${round}` })));
    assert.equal(same.filter(({ status }) => status === "fulfilled").length, 1);
    const names = [`p${round}`, `p${round}/b`, `p${round}/b/c`];
    await Promise.allSettled(graphs.map((graph, i) => graph.createBranch({ name: names[i]! })));
    const live = (await graphs[0]!.branches()).branches.filter((name) => name.startsWith(`p${round}`));
    assert.ok(live.length <= 1, live.join());
    for (const graph of graphs) {
      for (const name of live) assert.deepEqual(await titles(graph, { branch: name }), {});
    }
  }
});

Deno.test("a branch starts at any commit of any live branch, and inherits exactly that commit", async () => {
  const { open } = await createFilmWorld();
  const graph = await open();
  for (let i = 0; i < 5; i++) await add(graph, `m${i}`);
  await graph.createBranch({ name: "side" });
  for (let i = 0; i < 3; i++) await add(graph, `s${i}`, "side");
  const { commits } = await graph.commits("side");
  for (const [i, each] of commits.entries()) {
    const id = each.graph_commit_id;
    const expected = await titles(graph, { snapshot: id });
    const name = `at${i}`;
    const made = await graph.createBranch({ name, fromCommit: id });
    assert.deepEqual([made.from, made.from_commit], [each.graph_branch ?? "main", id]);
    for (const reader of [graph, await open()]) {
      assert.deepEqual(await titles(reader, { branch: name }), expected);
      assert.deepEqual((await reader.commits(name)).commits, commits.slice(i));
    }
    await add(graph, "own", name);
    for (const reader of [graph, await open()]) {
      assert.deepEqual(await titles(reader, { branch: name }), { ...expected, own: "own" });
      const [own, ...inherited] = (await reader.commits(name)).commits;
      assert.deepEqual(inherited, commits.slice(i));
      assert.equal(own!.parent_commit_id, id);
      assert.equal(own!.graph_manifest_version, each.graph_manifest_version + 1);
    }
  }
  assert.deepEqual((await graph.commits("side")).commits, commits);
});

Deno.test("a branch that starts in the middle of a slot inherits nothing that comes after it there", async () => {
  const { store, open } = await createFilmWorld();
  const graph = await open();
  await add(graph, "first");
  await Promise.all(Array.from({ length: 6 }, (_, i) => add(graph, `g${i}`)));
  const { commits } = await graph.commits();
  const slots = await store.list(`__manifest/log/${await incarnationOfMain(store)}`);
  assert.ok(slots.length < commits.length, "the writes shared slots");
  for (const [i, { graph_commit_id: id }] of commits.entries()) {
    const expected = await titles(graph, { snapshot: id });
    const name = `at${i}`;
    await graph.createBranch({ name, fromCommit: id });
    await graph.createBranch({ name: `${name}x`, from: name });
    // Enough to fold, so that tables are written from what was inherited.
    for (let j = 0; j < 40; j++) await add(graph, `o${j}`, `${name}x`);
    const own = Object.fromEntries(Array.from({ length: 40 }, (_, j) => [`o${j}`, `o${j}`]));
    for (const reader of [graph, await open()]) {
      assert.deepEqual(await titles(reader, { branch: name }), expected);
      assert.deepEqual((await reader.commits(name)).commits, commits.slice(i));
      const child = await titles(reader, { branch: `${name}x` });
      assert.deepEqual(child, sorted({ ...expected, ...own }));
      assert.deepEqual((await reader.commits(`${name}x`)).commits.slice(40), commits.slice(i));
      assert.deepEqual((await reader.commits()).commits, commits);
    }
  }
  await graph.close();
});

Deno.test("a commit is named apart from a branch, and has the schema of main", async () => {
  const { open } = await createFilmWorld();
  const graph = await open();
  await add(graph, "a");
  const [head] = (await graph.commits()).commits;
  const id = head!.graph_commit_id;
  const mixed = await rejection(graph.createBranch({ name: "b", from: id }));
  assert.equal(mixed.facts.status, 400);
  assert.match(mixed.message, /from_commit/);
  const both = await rejection(graph.createBranch({ name: "b", from: "main", fromCommit: id }));
  assert.equal(both.code, "invalid_input");
  const unknown = await rejection(
    graph.createBranch({ name: "b", fromCommit: "01J00000000000000000000000" }),
  );
  assert.equal(unknown.code, "commit_not_found");
  await graph.schemaUpdate({
    path: "films.pg",
    text: FILM_SCHEMA.text.replace("I32?", "I32?\n  note: String?"),
  });
  const old = await rejection(graph.createBranch({ name: "b", fromCommit: id }));
  assert.equal(old.code, "unsupported");
  assert.match(old.message, /another schema/);
  assert.deepEqual((await graph.branches()).branches, ["main"]);
});

async function incarnationOfMain(
  store: { get(key: string): Promise<{ bytes: Uint8Array } | null> },
): Promise<string> {
  const ref = await store.get("__manifest/branches/main.json");
  return (JSON.parse(new TextDecoder().decode(ref!.bytes)) as { incarnation: string }).incarnation;
}

function sorted(record: Record<string, string>): Record<string, string> {
  return Object.fromEntries(Object.entries(record).sort(([a], [b]) => a < b ? -1 : 1));
}
