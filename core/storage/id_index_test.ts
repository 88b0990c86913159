import assert from "node:assert/strict";
import fc from "fast-check";
import { compareBytes, IdIndex } from "./id_index.ts";
import { Utf8Column } from "./columns.ts";

function columnOf(texts: readonly string[]): Utf8Column {
  const column = new Utf8Column();
  for (const text of texts) column.push(text);
  return column;
}

const ID = fc.oneof(
  fc.string({ unit: "binary", maxLength: 12 }),
  fc.constantFrom("", "a", "ab", "abc", "abcd", "abcde", "é", "日本", "😀"),
  fc.integer({ min: 0, max: 50 }).map(String),
).filter((text) => text.isWellFormed());

Deno.test("IdIndex finds every row by string, by bytes and by another column's row, and nothing else", () => {
  fc.assert(fc.property(fc.array(ID), fc.array(ID), (texts, probes) => {
    const column = columnOf(texts);
    const index = IdIndex.build(column);
    const other = columnOf(probes);
    const resolved = new Int32Array(probes.length);
    const missing = index.findAll(other, probes.length, resolved);
    let expectedMissing = 0;
    for (const [at, probe] of probes.entries()) {
      const expected = texts.indexOf(probe);
      if (expected === -1) expectedMissing++;
      const bytes = new TextEncoder().encode(probe);
      assert.equal(index.find(probe), expected);
      assert.equal(index.findBytes(bytes, 0, bytes.length), expected);
      assert.equal(index.findRowOf(other, at), expected);
      assert.equal(resolved[at], expected);
    }
    assert.equal(missing, expectedMissing);
    assert.equal(index.size, new Set(texts).size);
  }));
});

Deno.test("IdIndex.build() lists every repeated row with the first row of its value", () => {
  fc.assert(fc.property(fc.array(ID), (texts) => {
    const expected = texts.flatMap((text, row) => {
      const first = texts.indexOf(text);
      return first === row ? [] : [{ row, first }];
    });
    assert.deepEqual(IdIndex.build(columnOf(texts)).duplicates, expected);
  }));
});

Deno.test("IdIndex.add() takes rows in that the column got later, through any number of growths", () => {
  const column = new Utf8Column();
  const index = new IdIndex(column);
  for (let i = 0; i < 5000; i++) {
    column.push(`row-${i}`);
    assert.equal(index.add(i), -1);
  }
  column.push("row-77");
  assert.equal(index.add(5000), 77);
  assert.deepEqual(index.duplicates, [{ row: 5000, first: 77 }]);
  for (let i = 0; i < 5000; i++) assert.equal(index.find(`row-${i}`), i);
  assert.equal(index.find("row-5000"), -1);
});

Deno.test("IdIndex finds texts longer than the scratch buffer", () => {
  const long = "ü".repeat(10_000);
  const index = IdIndex.build(columnOf(["x", long]));
  assert.equal(index.find(long), 1);
  assert.equal(index.find(long + "x"), -1);
});

Deno.test("compareBytes() orders UTF-8 by code point", () => {
  const codePoints = (text: string) => Array.from(text, (char) => char.codePointAt(0)!);
  fc.assert(fc.property(ID, ID, (a, b) => {
    const [left, right] = [new TextEncoder().encode(a), new TextEncoder().encode(b)];
    const [p, q] = [codePoints(a), codePoints(b)];
    let expected = p.length - q.length;
    for (let i = Math.min(p.length, q.length) - 1; i >= 0; i--) if (p[i] !== q[i]) expected = p[i]! - q[i]!;
    const actual = compareBytes(left, 0, left.length, right, 0, right.length);
    assert.equal(Math.sign(actual), Math.sign(expected));
  }));
});
