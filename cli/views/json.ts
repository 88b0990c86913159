/** JSON output: 2 spaces, members in the given order, 64-bit integers with all digits, one final newline. */

// TypeScript's library does not know `JSON.rawJSON` yet; it is part of ECMAScript and of Deno's V8.
const { rawJSON } = JSON as unknown as { rawJSON(text: string): unknown };

/** Pretty JSON of plain data that may hold bigints. */
export function prettyOutput(value: unknown): string {
  return JSON.stringify(value, writeBigint, 2) + "\n";
}

/** One-line JSON of plain data that may hold bigints. */
export function compactOutput(value: unknown): string {
  return JSON.stringify(value, writeBigint);
}

function writeBigint(_key: string, value: unknown): unknown {
  return typeof value === "bigint" ? rawJSON(String(value)) : value;
}
