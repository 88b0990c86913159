/** The acceptance checklist of the graph engine: export and re-import, values at the ends of their ranges. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { jsonText } from "../../core/base/lossless_json.ts";
import type { EmbeddedGraph } from "../../core/graph/embedded.ts";
import type { ReadTarget } from "../../core/graph/graph.ts";
import { openGraph } from "../../core/graph/open.ts";
import { SCALARS } from "../../core/schema/value_type.ts";
import { createFilmWorld, FILM_SCHEMA, loadLines, rejection } from "../support/embedded_graphs.ts";
import { randomSchema, Tape } from "../support/random_schema.ts";
import { ALL_TYPES, arbitraryRecord, type Row } from "../support/records.ts";

const ENCODER = new TextEncoder();
const DECODER = new TextDecoder();

async function exported(
  graph: EmbeddedGraph,
  request: ReadTarget & { types?: readonly string[] } = {},
): Promise<string> {
  const pieces: Uint8Array<ArrayBuffer>[] = [];
  for await (const piece of (await graph.export(request)).chunks) {
    assert.ok(piece.length > 0 && piece.length <= 65_536);
    pieces.push(piece);
  }
  return await new Blob(pieces).text();
}

async function withGraph<T>(schema: string, use: (graph: EmbeddedGraph) => Promise<T>): Promise<T> {
  const graph = await (await createFilmWorld(schema)).open();
  try {
    return await use(graph);
  } finally {
    await graph.close();
  }
}

/** What a new graph of the schema exports after loading an export. */
function reloaded(schema: string, text: string): Promise<string> {
  return withGraph(schema, async (graph) => {
    await graph.load({ data: ENCODER.encode(text), mode: "overwrite" });
    return await exported(graph);
  });
}

function lines(text: string): { type?: string; edge?: string; data: { id: string } }[] {
  return text.split("\n").slice(0, -1).map((line) => JSON.parse(line));
}

function compareBytes(a: string, b: string): number {
  const [left, right] = [ENCODER.encode(a), ENCODER.encode(b)];
  for (let i = 0; i < Math.min(left.length, right.length); i++) {
    if (left[i] !== right[i]) return left[i]! - right[i]!;
  }
  return left.length - right.length;
}

Deno.test("6: U64 18446744073709551615 loads, keys, exports and reloads exactly; I32 1.0 and 2147483648 fail", async () => {
  const schema = "node Big { n: U64 @key  i: I32? }\nedge Next: Big -> Big";
  const text = '{"data":{"i":null,"id":"18446744073709551615","n":18446744073709551615},"type":"Big"}\n';
  const edge =
    '{"edge":"Next","from":"18446744073709551615","to":"18446744073709551615","data":{"id":"e"}}\n';
  await withGraph(schema, async (graph) => {
    await graph.load({ data: ENCODER.encode(text + edge), mode: "append" });
    const out = await exported(graph);
    assert.ok(out.endsWith(text), out);
    assert.equal(await reloaded(schema, out), out);
    for (const [value, fragment] of [["1.0", "expects Int32"], ["2147483648", "exceeds Int32 range"]]) {
      const data = ENCODER.encode(`{"type":"Big","data":{"n":1,"i":${value}}}`);
      assert.match((await rejection(graph.load({ data, mode: "append" }))).message, new RegExp(fragment!));
    }
  });
});

Deno.test("41: exporting twice is byte-identical, and init + overwrite of it gives equal entities and ids", async () => {
  const tape = fc.array(fc.nat(1 << 20), { minLength: 20, maxLength: 400 });
  await fc.assert(
    fc.asyncProperty(tape, fc.nat(), async (numbers, again) => {
      const { source, data } = randomSchema(new Tape(numbers));
      await withGraph(source, async (graph) => {
        await graph.load({ data: ENCODER.encode(data), mode: "append" });
        // Some rows lie in tables, others over them.
        const some = data.split("\n").filter((_, i) => (i + again) % 3 === 0).join("\n");
        await graph.load({ data: ENCODER.encode(some), mode: "merge" });
        const out = await exported(graph);
        assert.equal(await exported(graph), out);
        assert.equal(await reloaded(source, out), out);
        checkOrder(out, data);
      });
    }),
    { numRuns: 60 },
  );
});

function checkOrder(out: string, data: string): void {
  const records = lines(out);
  assert.equal(records.length, data === "" ? 0 : new Set(data.split("\n").map(idOf)).size);
  const keys = records.map(({ type, edge }) => edge === undefined ? `node:${type}` : `edge:${edge}`);
  assert.deepEqual(keys, [...keys].sort());
  records.forEach(({ data }, i) => {
    if (keys[i] === keys[i - 1]) assert.ok(compareBytes(records[i - 1]!.data.id, data.id) < 0);
    assert.deepEqual(Object.keys(data), Object.keys(data).sort());
    assert.deepEqual(Object.keys(records[i]!), Object.keys(records[i]!).sort());
  });
}

/** What tells records of random schemas apart: their key members, or their id. */
function idOf(line: string): string {
  const { type, edge, data } = JSON.parse(line);
  return JSON.stringify([type, edge, data.k, data.j, data.id]);
}

Deno.test("41: values of every type come back as they were", async () => {
  const properties = [
    ...SCALARS.map((scalar) => `one${scalar}: ${scalar}?`),
    ...SCALARS.filter((scalar) => scalar !== "Blob").map((item) => `many${item}: [${item}]?`),
    "choice: enum(no, yes)?",
    "vector: Vector(3)?",
  ];
  const schema = `node Thing { ${properties.join("  ")} }`;
  await fc.assert(
    fc.asyncProperty(arbitraryRecord(ALL_TYPES, 12), async (rows) => {
      const text = rows.map((row) => jsonText({ type: "Thing", data: loadable(row) })).join("\n");
      await withGraph(schema, async (graph) => {
        await graph.load({ data: ENCODER.encode(text), mode: "append" });
        const out = await exported(graph);
        assert.equal(lines(out).length, rows.length);
        assert.equal(await reloaded(schema, out), out);
      });
    }),
    { numRuns: 60 },
  );
});

/** The row without what no load accepts: floats that are not finite, and external blobs. */
function loadable(row: Row): Record<string, unknown> {
  const isFine = (cell: unknown) =>
    (typeof cell !== "number" || Number.isFinite(cell)) && !String(cell).startsWith("s3:");
  return Object.fromEntries(
    Object.entries(row).filter(([, cell]) => Array.isArray(cell) ? cell.every(isFine) : isFine(cell)),
  );
}

Deno.test("41: which zero a float is survives", async () => {
  const schema = "node Zero { x: F64?  y: F32?  v: Vector(2)? }";
  const text = '{"data":{"id":"z","v":[-0.0,0],"x":-0.0,"y":0},"type":"Zero"}\n';
  assert.equal(await reloaded(schema, text), text);
});

Deno.test("export selects node and edge types by name, and refuses a name that no type has", async () => {
  await withGraph("node Link { }\nnode Film { }\nedge Link: Film -> Film", async (graph) => {
    await loadLines(graph, [
      ...["a", "b"].map((id) => ({ type: "Film", data: { id } })),
      { type: "Link", data: { id: "l" } },
      { edge: "Link", from: "a", to: "b", data: { id: "e" } },
    ]);
    const kinds = async (...types: string[]) =>
      lines(await exported(graph, { types })).map(({ data }) => data.id);
    assert.deepEqual(await kinds(), ["e", "a", "b", "l"]);
    assert.deepEqual(await kinds("Link"), ["e", "l"]);
    assert.deepEqual(await kinds("Film", "Link", "Film"), ["e", "a", "b", "l"]);
    const error = await rejection(graph.export({ types: ["Film", "Flim"] }));
    assert.equal(error.code, "invalid_input");
    assert.match(error.message, /^unknown export type 'Flim': did you mean `Film`\?/);
  });
});

Deno.test("an export is of one commit, whatever is written while it runs", async () => {
  await withGraph(FILM_SCHEMA.text, async (graph) => {
    const films = Array.from({ length: 3000 }, (_, i) => ({
      type: "Film",
      data: { slug: `film-${i}`, title: "t".repeat(50) },
    }));
    await loadLines(graph, films, { mode: "overwrite" });
    const before = await exported(graph);
    const { chunks } = await graph.export({});
    const pieces: Uint8Array[] = [];
    for await (const piece of chunks) {
      pieces.push(piece);
      await loadLines(graph, [{ type: "Film", data: { slug: `film-${pieces.length}`, title: "new" } }, {
        type: "Person",
        data: { slug: `p${pieces.length}` },
      }]);
    }
    assert.ok(pieces.length > 3);
    assert.equal(pieces.map((piece) => DECODER.decode(piece, { stream: true })).join(""), before);
    assert.notEqual(await exported(graph), before);
  });
});

Deno.test("an export of an earlier commit says it under the schema of then", async () => {
  await withGraph("node Film { slug: String @key  title: String? }", async (graph) => {
    await loadLines(graph, [{ type: "Film", data: { slug: "a", title: "A" } }]);
    const before = await exported(graph);
    const snapshot = (await graph.commits()).commits[0]!.graph_commit_id;
    await graph.schemaUpdate({
      path: "s.pg",
      text: 'node Movie @rename_from("Film") { slug: String @key  name: String? @rename_from("title") }',
    });
    assert.equal(await exported(graph, { snapshot }), before);
    assert.equal(
      await exported(graph),
      before.replace('"title"', '"name"').replace('"slug":"a","name":"A"', '"name":"A","slug":"a"')
        .replace("Film", "Movie"),
    );
    assert.match(
      (await rejection(graph.export({ snapshot, types: ["Movie"] }))).message,
      /unknown export type/,
    );
    const other = { path: "s.pg", text: "node Other { slug: String @key }" };
    await graph.schemaUpdate(other, { allowDataLoss: true });
    const gone = await rejection(graph.export({ snapshot }));
    assert.equal(gone.facts.status, 410);
    assert.match(gone.message, /was reclaimed/);
    assert.equal(await exported(graph), "");
  });
});

Deno.test("an export does not depend on what the cache may keep", async () => {
  const world = await createFilmWorld(FILM_SCHEMA.text);
  const { store, tables } = world;
  const writer = await world.open();
  const films = Array.from(
    { length: 2000 },
    (_, i) => ({ type: "Film", data: { slug: `f${i}`, title: "t" } }),
  );
  const people = films.map(({ data: { slug } }) => ({ type: "Person", data: { slug } }));
  await loadLines(writer, [...films, ...people], { mode: "overwrite" });
  await loadLines(writer, [{ type: "Film", data: { slug: "f7", title: "over the table" } }]);
  const expected = await exported(writer);
  await writer.close();
  const graph = await openGraph({ store, tables, uri: "memory:films", cacheBytes: 1 });
  assert.equal(await exported(graph), expected);
  assert.deepEqual(await Promise.all([exported(graph), exported(graph)]), [expected, expected]);
  await graph.close();
});

Deno.test("an export goes on though its branch is deleted", async () => {
  await withGraph(FILM_SCHEMA.text, async (graph) => {
    const films = Array.from({ length: 3000 }, (_, i) => ({
      type: "Film",
      data: { slug: `film-${i}`, title: "t".repeat(50) },
    }));
    const people = films.map(({ data: { slug } }) => ({ type: "Person", data: { slug } }));
    await loadLines(graph, [...films, ...people], { mode: "overwrite", branch: "draft", from: "main" });
    const before = await exported(graph, { branch: "draft" });
    const { chunks } = await graph.export({ branch: "draft" });
    const pieces: Uint8Array<ArrayBuffer>[] = [];
    for await (const piece of chunks) {
      if (pieces.length === 0) await graph.deleteBranch({ name: "draft" });
      pieces.push(piece);
    }
    assert.ok(pieces.length > 3);
    assert.equal(await new Blob(pieces).text(), before);
    assert.equal((await rejection(graph.export({ branch: "draft" }))).code, "branch_not_found");
  });
});
