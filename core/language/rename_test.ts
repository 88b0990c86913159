import assert from "node:assert/strict";
import { changed, markedQueries, markedSchema } from "../../tests/support/marked_text.ts";
import { AppError } from "../errors.ts";
import { renamableAt, renameAt } from "./rename.ts";

function renamed(text: string, name: string): string | null {
  const { document, offset } = markedQueries(text);
  const changes = renameAt(document, offset, name);
  return changes === null ? null : changed(document.source.text, changes);
}

Deno.test("renameAt() renames a parameter everywhere in its query and nowhere else", () => {
  assert.equal(
    renamed(
      "query a($h: I32) { match { $p: Plant { height: $|h }  $p.height > $h } return { $p, $h } }\n" +
        "query b($h: I32) { match { $p: Plant { height: $h } } return { $p } }",
      "least",
    ),
    "query a($least: I32) { match { $p: Plant { height: $least }  $p.height > $least } return { $p, $least } }\n" +
      "query b($h: I32) { match { $p: Plant { height: $h } } return { $p } }",
  );
  assert.equal(
    renamed("query a($t|ag: String) { update Plant set { notes: $tag } where label = $tag }", "$label"),
    "query a($label: String) { update Plant set { notes: $label } where label = $label }",
  );
});

Deno.test("renameAt() keeps two variables of one name in separate `not` blocks apart", () => {
  assert.equal(
    renamed(
      "query a() { match { $p: Plant not { $p grafted $x $x.rare = true } not { $p growsIn $|x } } }",
      "bed",
    ),
    "query a() { match { $p: Plant not { $p grafted $x $x.rare = true } not { $p growsIn $bed } } }",
  );
});

Deno.test("renameAt() works in a query that is not finished", () => {
  assert.equal(
    renamed("query a($h|: I32) { match { $p: Plant { height: $h, } $p. } return { $h", "tall"),
    "query a($tall: I32) { match { $p: Plant { height: $tall, } $p. } return { $tall",
  );
});

Deno.test("renameAt() refuses names that are taken, reserved or no names", () => {
  const refused = (name: string, message: RegExp) =>
    assert.throws(
      () => renamed("query a($h|: I32, $k: I32) { match { $p: Plant } return { $p } }", name),
      (error) => error instanceof AppError && error.code === "invalid_input" && message.test(error.message),
    );
  refused("k", /`\$k` is already a name of query `a`/);
  refused("p", /`\$p` is already a name of query `a`/);
  refused("Tall", /`Tall` is not a name/);
  refused("a b", /is not a name/);
  refused("__nanograph_now", /is reserved/);
});

Deno.test("renamableAt() gives the name without its sign, and null for all other words", () => {
  const { document, offset } = markedQueries("query a($height|: I32) { match { $p: Plant } }");
  assert.deepEqual(renamableAt(document, offset), { start: 9, end: 15, name: "height" });
  for (
    const text of [
      "query a($h: I|32) {",
      "query a() { match { $p: Pl|ant } }",
      "que|ry a() {",
      "query a() { match { $p e $|_ } }",
    ]
  ) {
    const place = markedQueries(text);
    assert.equal(renamableAt(place.document, place.offset), null, text);
    assert.equal(renameAt(place.document, place.offset, "x"), null, text);
  }
  const schema = markedSchema("node A { a|: I32 }");
  assert.equal(renamableAt(schema.document, schema.offset), null);
});
