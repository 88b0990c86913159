import assert from "node:assert/strict";
import { changed, GARDEN_DOCUMENT } from "../../tests/support/marked_text.ts";
import { diagnose } from "./diagnose.ts";
import { openQueries, openSchema } from "./document.ts";
import { formatChange } from "./format.ts";

const QUERY = "query q() { match { $p: Plent } return { $p } }";
const codes = (text: string, schema: ReturnType<typeof openSchema> | null) =>
  diagnose(openQueries({ path: "a.gq", text }, schema)).map(({ code }) => code);

Deno.test("diagnose() reports all errors of a schema and those of each query", () => {
  const schema = openSchema({ path: "a.pg", text: "node A { a: Strng }\nnode A { }\nedge E: A -> B" });
  assert.deepEqual(diagnose(schema).map(({ code }) => code), ["parse_error"]);
  assert.deepEqual(
    codes(`${QUERY}\nquery r() { match { $p: Plant } return { $p.lable } }`, GARDEN_DOCUMENT),
    [
      "T1",
      "T6",
    ],
  );
  assert.deepEqual(codes("query q() { match { $p: Plant } return { $p } }", GARDEN_DOCUMENT), []);
});

Deno.test("diagnose() checks only the syntax when the schema is missing or broken, and says so", () => {
  assert.deepEqual(codes(QUERY, null), ["schema_unknown"]);
  assert.deepEqual(codes("query q() { match {", null), ["Q000", "schema_unknown"]);
  const broken = openSchema({ path: "b.pg", text: "node A { a: }" });
  const [only] = diagnose(openQueries({ path: "a.gq", text: QUERY }, broken));
  assert.equal(only?.code, "schema_invalid");
  assert.match(only.message, /schema `b\.pg` has errors/);
  assert.deepEqual(codes("// nothing yet\n", null), []);
});

Deno.test("formatChange() changes only what is not formatted, and nothing in a text that does not parse", () => {
  const text = "query q() {\n    match { $p: Plant }\n    return {$p}\n}\n";
  const document = openQueries({ path: "a.gq", text }, GARDEN_DOCUMENT);
  const change = formatChange(document);
  assert.ok(change !== null);
  assert.equal(changed(text, [change]), "query q() {\n    match { $p: Plant }\n    return { $p }\n}\n");
  assert.ok(change.start > text.indexOf("return"));
  assert.equal(formatChange(openQueries({ path: "a.gq", text: changed(text, [change]) }, null)), null);
  assert.equal(formatChange(openQueries({ path: "a.gq", text: "query q() {" }, null)), null);
  assert.equal(formatChange(openSchema({ path: "a.pg", text: "node A {" })), null);
  const schema = openSchema({ path: "a.pg", text: "node A{a:I32}" });
  assert.equal(changed(schema.source.text, [formatChange(schema)!]), "node A {\n    a: I32\n}\n");
});
