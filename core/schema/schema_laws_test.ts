/** Laws of acceptance over generated schemas, and over the sample repositories when they lie beside the checkout. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { acceptSchema, checkSchema } from "./accept.ts";
import { readContract, writeContract } from "./contract.ts";
import { render, schemas } from "../../tests/support/schema_drafts.ts";

Deno.test("the shape digest ignores comments, order of declarations and layout", () => {
  fc.assert(
    fc.property(schemas(), fc.infiniteStream(fc.nat()), (draft, choices) => {
      const plain = accept(render(draft, null));
      const shuffled = accept(render(draft, choices));
      assert.equal(shuffled.digests.shape, plain.digests.shape);
      assert.deepEqual(shuffled.contract.ir, plain.contract.ir);
    }),
    { numRuns: 300 },
  );
});

Deno.test("readContract(writeContract(x)) gives equal digests and an equal catalog", () => {
  fc.assert(
    fc.property(schemas(), (draft) => {
      const accepted = accept(render(draft, null));
      assert.deepEqual(readContract(writeContract(accepted)), accepted);
    }),
    { numRuns: 200 },
  );
});

Deno.test("checkSchema() never throws for a damaged schema, and reports errors exactly when it accepts nothing", () => {
  const edit = fc.record({
    at: fc.nat(),
    drop: fc.nat(20),
    put: fc.constantFrom("", "{", "}", "@", "(", '"', "node ", "x"),
  });
  fc.assert(
    fc.property(schemas(), fc.array(edit, { minLength: 1, maxLength: 4 }), (draft, edits) => {
      let text = render(draft, null);
      for (const { at, drop, put } of edits) {
        const place = at % (text.length + 1);
        text = text.slice(0, place) + put + text.slice(place + drop);
      }
      const { accepted, diagnostics } = checkSchema({ path: "a.pg", text });
      assert.equal(accepted === null, diagnostics.some(({ severity }) => severity === "error"));
      const starts = diagnostics.map((one) => one.span?.start ?? -1);
      assert.deepEqual(starts, starts.toSorted((a, b) => a - b));
      assert.ok(diagnostics.every((one) => (one.span?.end ?? text.length + 1) <= text.length));
    }),
    { numRuns: 1000 },
  );
});

const EXAMPLES = new URL("../../../shared/examples/", import.meta.url);

for (const name of ["industry-intel", "pharma-intel"]) {
  const path = new URL(`${name}/schema.pg`, EXAMPLES);
  const missing = !exists(path);
  if (missing) console.warn(`SKIPPED: sample schema ${path.pathname} is missing, it is not checked here`);
  Deno.test({
    name: `the sample schema ${name} is accepted`,
    ignore: missing,
    fn: async () => {
      const accepted = accept(await Deno.readTextFile(path));
      assert.ok(accepted.catalog.nodes.size >= 10 && accepted.catalog.edges.size >= 20);
      assert.deepEqual(readContract(writeContract(accepted)), accepted);
      const signal = accepted.catalog.nodes.get("Signal");
      assert.deepEqual(signal?.keyProperties, ["slug"]);
      const published = accepted.catalog.edgeByWord.get("publishedbysource");
      assert.deepEqual(published?.cardinality, { min: 0, max: 1 });
    },
  });
}

function exists(path: URL): boolean {
  try {
    return Deno.statSync(path).isFile;
  } catch {
    return false;
  }
}

function accept(text: string) {
  return acceptSchema({ path: "a.pg", text }, { domain: "01J8ZQ4V9S3M5T6W7X8Y9Z0A1B" });
}
