import assert from "node:assert/strict";
import { type PlainRead, renderRead } from "./read_formats.ts";

function result(columns: string[], rows: Record<string, unknown>[]): PlainRead {
  return {
    query_name: "q",
    target: { branch: "main", snapshot: null },
    row_count: rows.length,
    columns,
    rows,
  };
}

Deno.test("csv follows projection order and quotes commas, quotes, LF and CR (cli 33)", () => {
  const rows = [{ b: "x,y", a: 'say "no"' }, { b: "line\nbreak", a: "cr\r" }];
  assert.equal(
    renderRead(result(["b", "a"], rows), "csv"),
    'b,a\n"x,y","say ""no"""\n"line\nbreak","cr\r"\n',
  );
  assert.equal(renderRead(result(["b", "a"], []), "csv"), "b,a\n");
});

Deno.test("jsonl starts with the metadata line and keeps 64-bit digits (cli 33, 36)", () => {
  const text = renderRead(result(["n"], [{ n: 9007199254740993n }]), "jsonl");
  const [first, second] = text.split("\n");
  assert.ok(first!.startsWith('{"kind":"metadata","query_name":"q"'));
  assert.equal(second, '{"n":9007199254740993}');
});

Deno.test("table cuts long cells, shows line breaks and keeps titles without rows (cli 34)", () => {
  const long = "x".repeat(90);
  const lines = renderRead(
    result(["p.name"], [{ "p.name": long }, { "p.name": "a\nb" }, { "p.name": null }]),
    "table",
  ).split("\n");
  assert.equal(lines[0], "3 rows from branch main via q");
  assert.equal(lines[1], "p.name");
  assert.equal(lines[2], "-".repeat(80));
  assert.equal(lines[3], "x".repeat(79) + "…");
  assert.equal(lines[4], "a\\nb");
  assert.equal(lines[5], "null");
  assert.equal(renderRead(result(["a"], []), "table"), "0 rows from branch main via q\na\n-\n");
});

Deno.test("kv shows one block per row", () => {
  assert.equal(
    renderRead(result(["a", "b"], [{ a: 1, b: [true] }, { a: null, b: "x" }]), "kv"),
    "2 rows from branch main via q\nrow 1\na: 1\nb: [true]\n\nrow 2\na: null\nb: x\n",
  );
  assert.equal(renderRead(result(["a"], []), "kv"), "0 rows from branch main via q\n(no rows)\n");
});

Deno.test("a table of width 10 cuts a cell of 12 to 9 and an ellipsis, or goes on below (cli 34)", () => {
  const rows = [{ a: "twelve chars", b: 1 }, { a: "ten chars!", b: null }];
  const shown = (cells: "truncate" | "wrap") =>
    renderRead(result(["a", "b"], rows), "table", { columnWidthMax: 10, cells }).split("\n").slice(1, -1);
  assert.deepEqual(shown("truncate"), [
    "a          | b",
    "-----------+-----",
    "twelve ch… | 1",
    "ten chars! | null",
  ]);
  assert.deepEqual(shown("wrap"), [
    "a          | b",
    "-----------+-----",
    "twelve cha | 1",
    "rs         |",
    "ten chars! | null",
  ]);
});

Deno.test("a table counts code points, and titles are never cut", () => {
  const rows = [{ "a rather long title": "🎬🎬🎬🎬🎬🎬🎬🎬🎬" }];
  const lines = renderRead(result(["a rather long title"], rows), "table", {
    columnWidthMax: 3,
    cells: "truncate",
  });
  assert.deepEqual(lines.split("\n").slice(1, -1), ["a rather long title", "--------", "🎬🎬🎬🎬🎬🎬🎬…"]);
});

Deno.test("a table of very many rows is rendered", () => {
  const rows = Array.from({ length: 200_000 }, (_, n) => ({ n }));
  assert.equal(renderRead(result(["n"], rows), "table").split("\n").length, 200_004);
});
