import assert from "node:assert/strict";
import { acceptSchema } from "../core/schema/accept.ts";
import type { Catalog } from "../core/schema/catalog.ts";
import { compileStoredQueries } from "./stored_queries.ts";

const FILE = `query old($name: String) { match { $s: Ship { name: $name } } return { $s.name } }
query heavy() { match { $s: Ship $s.tons > 5 } return { $s.name } }
`;
const APPLIED = ["heavy", "old"].map((name) => ({ name, source: FILE, digest: "same file" }));

function catalogOf(...properties: string[]): Catalog {
  const text = `node Ship {\n${properties.map((property) => `  ${property}\n`).join("")}}`;
  return acceptSchema({ path: "fleet.pg", text }, { domain: "01J8ZQ4V9S3M5T6W7X8Y9Z0A1B" }).catalog;
}

const WITH_TONS = catalogOf("name: String @key", "tons: I32?");
const WITHOUT = catalogOf("name: String @key");

Deno.test("compileStoredQueries() compiles each applied query, by name", () => {
  const { byName, catalogText } = compileStoredQueries("fleet", APPLIED, WITH_TONS);
  assert.deepEqual([...byName.keys()], ["heavy", "old"]);
  assert.equal(byName.get("old")!.typed(WITH_TONS).kind, "read");
  assert.equal(JSON.parse(catalogText).queries.length, 2);
  assert.equal(compileStoredQueries("fleet", [], WITH_TONS).catalogText, '{"queries":[]}');
});

Deno.test("compileStoredQueries() registers only what was applied of a file", () => {
  const { byName } = compileStoredQueries("fleet", APPLIED.slice(0, 1), WITH_TONS);
  assert.deepEqual([...byName.keys()], ["heavy"]);
});

Deno.test("compileStoredQueries() names graph and query that do not pass the schema check, with the place", () => {
  assert.throws(
    () => compileStoredQueries("fleet", APPLIED, WITHOUT),
    (error: Error & { diagnostics?: unknown[] }) => {
      assert.equal(error.message, "graph 'fleet': stored query 'heavy' does not pass the schema check");
      assert.equal(error.diagnostics?.length, 1);
      return true;
    },
  );
  const gone = [{ name: "gone", source: FILE, digest: "same file" }];
  assert.throws(() => compileStoredQueries("fleet", gone, WITH_TONS), /stored query 'gone'/);
});

Deno.test("a stored query is compiled again when the schema moves, and fails when it no longer fits", () => {
  const { byName } = compileStoredQueries("fleet", APPLIED, WITH_TONS);
  assert.throws(() => byName.get("heavy")!.typed(WITHOUT), (error: Error & { code?: string }) => {
    assert.equal(error.code, "type_error");
    assert.match(error.message, /^stored query 'heavy' does not fit .* any more: restart the server/);
    return true;
  });
  assert.equal(byName.get("old")!.typed(WITHOUT).name, "old");
  assert.equal(byName.get("heavy")!.typed(WITH_TONS).name, "heavy");
});
