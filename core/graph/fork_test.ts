import assert from "node:assert/strict";
import {
  createFilmWorld,
  film,
  INSERT_FILM,
  loadLines,
  rejection,
  titles,
} from "../../tests/support/embedded_graphs.ts";

Deno.test("12: load with `from` forks a missing branch and only echoes it for an existing one", async () => {
  const { open } = await createFilmWorld();
  const graph = await open();
  await loadLines(graph, [film("a")]);
  assert.ok(await graph.wouldFork("intake/may", "main"));
  const first = await loadLines(graph, [film("b")], { branch: "intake/may", from: "main" });
  assert.deepEqual([first.branch, first.base_branch, first.branch_created], ["intake/may", "main", true]);
  assert.deepEqual([first.commit!.graph_branch, first.commit!.graph_manifest_version], ["intake/may", 3]);
  assert.ok(!await graph.wouldFork("intake/may", "main"));
  const second = await loadLines(graph, [film("c")], { branch: "intake/may", from: "main" });
  assert.deepEqual([second.base_branch, second.branch_created], ["main", false]);
  assert.deepEqual(await titles(graph, { branch: "intake/may" }), { a: "a", b: "b", c: "c" });
  assert.deepEqual(await titles(await open(), { branch: "intake/may" }), { a: "a", b: "b", c: "c" });
  assert.deepEqual(await titles(graph), { a: "a" });
  assert.deepEqual((await graph.branches()).branches, ["intake/may", "main"]);
});

Deno.test("12: a rejected batch, or a crash before the end, leaves no branch", async () => {
  const { open } = await createFilmWorld();
  const graph = await open();
  await loadLines(graph, [film("a")]);
  const into = { branch: "draft", from: "main" };
  await rejection(loadLines(graph, [film("a")], { ...into, mode: "append" }));
  await rejection(loadLines(graph, [{ type: "Nothing" }], into));
  for (const step of ["publish.before_append", "publish.after_append", "fork.published"]) {
    const dying = await open({
      failpoint: (name) => {
        if (name === step) throw new Error("died");
      },
    });
    await assert.rejects(loadLines(dying, [film("b")], into), /died/);
  }
  assert.deepEqual((await graph.branches()).branches, ["main"]);
  await loadLines(graph, [film("c")], into);
  assert.deepEqual(await titles(await open(), { branch: "draft" }), { a: "a", c: "c" });
});

Deno.test("of racing loads that fork one branch every batch lands, one of them makes it", async () => {
  const { open } = await createFilmWorld();
  const graphs = await Promise.all([open(), open(), open()]);
  const results = await Promise.all(
    graphs.map((graph, i) => loadLines(graph, [film(`f${i}`)], { branch: "draft", from: "main" })),
  );
  assert.equal(results.filter(({ branch_created }) => branch_created).length, 1);
  for (const graph of graphs) {
    assert.deepEqual(Object.keys(await titles(graph, { branch: "draft" })), ["f0", "f1", "f2"]);
  }
});

Deno.test("a load without `from` into a missing branch is 404, as is a missing source", async () => {
  const { open } = await createFilmWorld();
  const graph = await open();
  const missing = await rejection(loadLines(graph, [film("a")], { branch: "draft" }));
  assert.equal(missing.code, "branch_not_found");
  assert.match(missing.message, /from/);
  const noSource = await rejection(loadLines(graph, [film("a")], { branch: "draft", from: "nope" }));
  assert.equal(noSource.code, "branch_not_found");
  assert.deepEqual((await graph.branches()).branches, ["main"]);
});

Deno.test("25, 27: a branch lists inherited and own commits newest first; later source commits do not show", async () => {
  const { open } = await createFilmWorld();
  const graph = await open();
  await loadLines(graph, [film("a")]);
  await graph.createBranch({ name: "draft", actor: "act-lena" });
  assert.deepEqual(await graph.snapshot({ branch: "draft" }).then((s) => s.graph_manifest_version), 2);
  await loadLines(graph, [film("b")], { branch: "draft" });
  await loadLines(graph, [film("m")]);
  await graph.createBranch({ name: "draft2", from: "draft" });
  await loadLines(graph, [film("c")], { branch: "draft2" });
  for (const reader of [graph, await open()]) {
    assert.equal((await reader.commits()).commits.length, 3);
    const { commits } = await reader.commits("draft2");
    assert.deepEqual(commits.map((each) => [each.graph_branch, each.graph_manifest_version]), [
      ["draft2", 4],
      ["draft", 3],
      [null, 2],
      [null, 1],
    ]);
    commits.forEach((each, i) =>
      assert.equal(each.parent_commit_id, commits[i + 1]?.graph_commit_id ?? null)
    );
    assert.deepEqual((await reader.commits("draft")).commits, commits.slice(1));
    assert.deepEqual(await titles(reader, { branch: "draft2" }), { a: "a", b: "b", c: "c" });
    assert.deepEqual(await titles(reader), { a: "a", m: "m" });
    for (const each of commits) {
      assert.deepEqual(await reader.commit(each.graph_commit_id), each);
      assert.equal(await reader.branchOfCommit(each.graph_commit_id), each.graph_branch ?? "main");
    }
    assert.deepEqual(await titles(reader, { snapshot: commits[1]!.graph_commit_id }), { a: "a", b: "b" });
  }
});

Deno.test("a branch of a branch reads through folds and large commits on every level", async () => {
  const { open } = await createFilmWorld();
  const graph = await open();
  const expected: Record<string, string> = {};
  const many = async (prefix: string, branch: string, count: number) => {
    for (let i = 0; i < count; i++) {
      await graph.mutate({ source: INSERT_FILM, params: { slug: `${prefix}${i}`, title: prefix }, branch });
      expected[`${prefix}${i}`] = prefix;
    }
  };
  await many("m", "main", 40);
  await graph.createBranch({ name: "a" });
  await many("a", "a", 40);
  await graph.createBranch({ name: "a2", from: "a" });
  const bulk = Array.from({ length: 600 }, (_, i) => film(`bulk${i}`, "x".repeat(150)));
  await loadLines(graph, bulk, { branch: "a2" });
  for (let i = 0; i < 600; i++) expected[`bulk${i}`] = "x".repeat(150);
  await many("z", "a2", 5);
  await graph.close();
  const reader = await open();
  const found = await titles(reader, { branch: "a2" });
  assert.deepEqual(found, Object.fromEntries(Object.entries(expected).sort(([a], [b]) => a < b ? -1 : 1)));
  assert.equal(Object.keys(await titles(reader, { branch: "a" })).length, 80);
  assert.equal(Object.keys(await titles(reader)).length, 40);
  // Folds leave no trace in histories.
  for (const [branch, count] of [["main", 41], ["a", 81], ["a2", 87]] as const) {
    const { commits } = await reader.commits(branch);
    assert.equal(commits.length, count);
    assert.equal(new Set(commits.map((each) => each.graph_commit_id)).size, count);
    assert.equal(commits[0]!.graph_manifest_version, count);
  }
  const datasets = (await reader.snapshot({ branch: "a2" })).datasets;
  assert.notEqual(datasets.find(({ type_name }) => type_name === "Film")!.native_dataset_branch, null);
  assert.equal(datasets.find(({ type_name }) => type_name === "Person")!.native_dataset_branch, null);
});
