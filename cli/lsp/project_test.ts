import assert from "node:assert/strict";
import { basename, dirname } from "@std/path";
import { type ProjectFiles, Projects } from "./project.ts";

/** Projects over files in memory. */
function projects(files: Readonly<Record<string, string>>): Projects {
  const memory: ProjectFiles = {
    readText: (path) => files[path] ?? null,
    fileNames: (folder) =>
      Object.keys(files).filter((path) => dirname(path) === folder).map((path) => basename(path)),
  };
  return new Projects(memory);
}

const graphs = (text: string) => `version: 1\ngraphs:\n${text}`;

Deno.test("schemaOf() takes the graph that lists the file, in each of the forms of `queries`", () => {
  for (const queries of ["b/", "b", "b/q.gq", "[a/x.gq, b/q.gq]", "[b]", "{ q: { file: b/q.gq } }"]) {
    const config = graphs(
      `  one: { schema: one.pg, queries: other }\n  two: { schema: s/two.pg, queries: ${queries} }\n`,
    );
    assert.equal(projects({ "/p/cluster.yaml": config }).schemaOf("/p/b/q.gq"), "/p/s/two.pg", queries);
  }
});

Deno.test("schemaOf() takes the only schema of a cluster.yaml for files that no graph lists", () => {
  const one = graphs("  one: { schema: one.pg }\n  two: { schema: one.pg }\n");
  assert.equal(projects({ "/p/cluster.yaml": one }).schemaOf("/p/deep/down/q.gq"), "/p/one.pg");
  const two = graphs("  one: { schema: one.pg }\n  two: { schema: two.pg }\n");
  assert.equal(projects({ "/p/cluster.yaml": two }).schemaOf("/p/q.gq"), null);
});

Deno.test("schemaOf() takes the only schema beside the file or above it when no valid cluster.yaml decides", () => {
  assert.equal(projects({ "/p/a.pg": "", "/p/q.gq": "" }).schemaOf("/p/q.gq"), "/p/a.pg");
  assert.equal(projects({ "/p/a.pg": "" }).schemaOf("/p/queries/q.gq"), "/p/a.pg");
  assert.equal(projects({ "/p/a.pg": "", "/p/q/b.pg": "" }).schemaOf("/p/q/q.gq"), "/p/q/b.pg");
  assert.equal(projects({ "/p/a.pg": "", "/p/b.pg": "" }).schemaOf("/p/q.gq"), null);
  assert.equal(projects({ "/p/a.pg": "", "/p/cluster.yaml": "graphs: [" }).schemaOf("/p/q.gq"), "/p/a.pg");
  assert.equal(projects({}).schemaOf("/q.gq"), null);
});

Deno.test("queriesOf() lists the files of all graphs with the schema, each once", () => {
  const config = graphs(
    "  a: { schema: one.pg, queries: all/ }\n  b: { schema: one.pg, queries: [all/x.gq, y.gq] }\n  c: { schema: two.pg, queries: z.gq }\n",
  );
  const found = projects({
    "/p/cluster.yaml": config,
    "/p/all/x.gq": "",
    "/p/all/w.gq": "",
    "/p/all/n.txt": "",
  });
  assert.deepEqual(found.queriesOf("/p/one.pg"), ["/p/all/x.gq", "/p/all/w.gq", "/p/y.gq"]);
  assert.deepEqual(found.queriesOf("/p/two.pg"), ["/p/z.gq"]);
  assert.deepEqual(found.queriesOf("/q/one.pg"), []);
});
