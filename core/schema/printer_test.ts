import assert from "node:assert/strict";
import fc from "fast-check";
import { render, schemas } from "../../tests/support/schema_drafts.ts";
import { tokenize } from "../base/lexer.ts";
import { AppError } from "../errors.ts";
import { acceptSchema } from "./accept.ts";
import { formatSchema } from "./printer.ts";
import { PUNCTUATION } from "./token_cursor.ts";

Deno.test("formatSchema() lays out one thing per line and keeps comments and literals", async (t) => {
  await t.assertSnapshot(format(`

// top

/* a
   b */ interface   I{a:String@key b : [Date]? // trailing b


// before end

}
node N  // why
 @description("x
 \\"y\\"") implements I,J { // open
  // first


  e: enum( a , // inside
   b) @x(y , k = 1)   /* t1 */ // t2
  @range( e , -1 .. 2.50 )  f: Vector( 3 )?
} // close
edge A: N -> N
edge B: N->N @card( 0 .. * )


edge C: N -> N @card(1..2) { } edge D: N -> N { /* only */ }
node E {} // last
// eof
`));
});

Deno.test("formatSchema() twice is formatSchema() once, loses no comment and keeps the meaning", () => {
  fc.assert(
    fc.property(schemas(), fc.infiniteStream(fc.nat()), (draft, choices) => {
      const text = render(draft, choices);
      const formatted = format(text);
      assert.equal(format(formatted), formatted);
      assert.deepEqual(comments(formatted), comments(text));
      assert.equal(shape(formatted), shape(text));
    }),
    { numRuns: 300 },
  );
});

Deno.test("formatSchema() refuses a file with syntax errors, but formats one that breaks rules", () => {
  assert.throws(
    () => format("node A { x: }"),
    (error) => error instanceof AppError && error.code === "parse_error",
  );
  assert.equal(format("edge E:A->B"), "edge E: A -> B\n");
  assert.equal(format("node A @key(x){}"), "node A @key(x) {}\n");
  assert.equal(format(" \n"), "");
  assert.equal(format("// only\n\n\n\n// two"), "// only\n\n// two\n");
});

function format(text: string): string {
  return formatSchema({ path: "a.pg", text });
}

function comments(text: string): string[] {
  return tokenize(text, PUNCTUATION).flatMap((token) => token.comments).map((one) => one.text.trimEnd());
}

function shape(text: string): string {
  return acceptSchema({ path: "a.pg", text }, { domain: "01J8ZQ4V9S3M5T6W7X8Y9Z0A1B" }).digests.shape;
}
