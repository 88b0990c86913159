import assert from "node:assert/strict";
import fc from "fast-check";
import { Utf8Column } from "../../storage/columns.ts";
import { TableColumn } from "./table_column.ts";
import { sortByText } from "./text_order.ts";

function columnOf(base: readonly string[], tail: readonly string[]): TableColumn {
  const [first, second] = [new Utf8Column(), new Utf8Column()];
  for (const text of base) first.push(text);
  for (const text of tail) second.push(text);
  return new TableColumn(first, second, base.length);
}

function sorted(base: readonly string[], tail: readonly string[]): string[] {
  const rows = Int32Array.from({ length: base.length + tail.length }, (_, row) => row);
  const column = columnOf(base, tail);
  return [...sortByText(column, rows)].map((row) => column.get(row) as string);
}

function expected(texts: readonly string[]): string[] {
  const encoder = new TextEncoder();
  return texts.map((text) => ({ text, bytes: encoder.encode(text) }))
    .sort((a, b) => compareBytes(a.bytes, b.bytes)).map(({ text }) => text);
}

function compareBytes(a: Uint8Array, b: Uint8Array): number {
  for (let i = 0; i < Math.min(a.length, b.length); i++) if (a[i] !== b[i]) return a[i]! - b[i]!;
  return a.length - b.length;
}

Deno.test("sortByText() orders few rows by their bytes, across base and tail", () => {
  const text = fc.string({ unit: "binary", maxLength: 12 }).map((text) => text.toWellFormed());
  fc.assert(
    fc.property(fc.uniqueArray(text), fc.uniqueArray(text), (base, tail) => {
      assert.deepEqual(sorted(base, tail), expected([...base, ...tail]));
    }),
  );
});

Deno.test("sortByText() orders many rows by their bytes: shared prefixes, ties, ends and zero bytes", () => {
  const spellings: readonly ((n: number) => string)[] = [
    (n) => `person-${String((n * 7919) % 9001).padStart(7, "0")}`,
    (n) => String((n * 7919) % 9001), // no padding: prefixes of each other
    (n) => "a".repeat(1 + (n * 31) % 5000),
    (n) => `a very long common beginning ${(n * 7919) % 9001} and ${"é".repeat(n % 3)}`,
    (n) => ["", "\0", "\0\0", "a\0", "a"][n % 5]! + (n < 5 ? "" : `${(n * 13) % 4999}\0`),
    (n) => String.fromCodePoint(0x20 + (n * 48271) % 0xd000) + n,
  ];
  for (const spelling of spellings) {
    const texts = [...new Set(Array.from({ length: 9000 }, (_, n) => spelling(n)))];
    const split = texts.length >> 1;
    assert.deepEqual(sorted(texts.slice(0, split), texts.slice(split)), expected(texts));
  }
});
