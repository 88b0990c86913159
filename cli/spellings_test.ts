import assert from "node:assert/strict";
import { canonicalSpelling } from "./spellings.ts";

/** Old spelling, and what it becomes. */
const OLD: readonly (readonly [string, string])[] = [
  ["read -e q", "query -e q"],
  ["change --query f", "mutate --query f"],
  ["check --query f", "lint --query f"],
  ["query lint --query f", "lint --query f"],
  ["--quiet query check g.omni --query f", "--quiet lint g.omni --query f"],
  ["help read", "help query"],
  ["--store read check", "--store read lint"],
];

const CANONICAL = [
  "query -e q",
  "query -e lint",
  "lint --query check",
  "query name lint",
  "",
  "--quiet",
  "-- read",
];

Deno.test("canonicalSpelling() rewrites old spellings with one warning that names both (cli 38)", () => {
  for (const [old, canonical] of OLD) {
    const { argv, warning } = canonicalSpelling(words(old));
    assert.deepEqual(argv, words(canonical));
    assert.match(warning ?? "", /^warning: `[a-z ]+` is an old spelling, use `(query|mutate|lint)`$/);
  }
});

Deno.test("canonicalSpelling() warns of deprecated forms that stay: ingest, and export --jsonl, which has no effect", () => {
  const ingest = canonicalSpelling(words("--quiet ingest g.omni --data f"));
  assert.deepEqual(ingest.argv, words("--quiet ingest g.omni --data f"));
  assert.match(ingest.warning ?? "", /`ingest`.*`load`/);
  const exported = canonicalSpelling(words("export g.omni --jsonl --type A"));
  assert.deepEqual(exported.argv, words("export g.omni --type A"));
  assert.match(exported.warning ?? "", /`export --jsonl`.*`export`/);
  assert.equal(canonicalSpelling(words("export -- --jsonl")).warning, null);
});

Deno.test("canonicalSpelling() leaves canonical spellings, values and names alone and never warns about them", () => {
  for (const line of CANONICAL) {
    assert.deepEqual(canonicalSpelling(words(line)), { argv: words(line), warning: null });
  }
});

function words(line: string): string[] {
  return line.split(" ").filter((word) => word !== "");
}
