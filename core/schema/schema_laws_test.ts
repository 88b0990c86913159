/** Laws of acceptance over generated schemas, and over the sample repositories when they lie beside the checkout. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { acceptSchema, checkSchema } from "./accept.ts";
import { readContract, writeContract } from "./contract.ts";

/** Text with freedoms: `{ any }` members may come in any order, a space may become any layout. */
type Draft = string | Draft[] | { readonly any: readonly Draft[]; readonly separator: string };

const LAYOUTS = [" ", "\n", "\t ", "\r\n", ' // it\'s a "comment" { } @key\n', "\n/* node A { } */ "];

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
      assert.equal(accepted === null, diagnostics.length > 0);
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

/** Valid schemas: two interfaces, up to four nodes, up to four edges; property `pN` has the same type everywhere. */
function schemas(): fc.Arbitrary<Draft> {
  return fc.array(propertyTypes(), { minLength: 6, maxLength: 6 }).chain((types) => {
    const interfaces = fc.tuple(
      ...["Alpha", "Beta"].map((name) =>
        members(types, false).map((body): Draft => [`interface ${name} {`, body, "}"])
      ),
    );
    const nodes = fc.array(nodeDraft(types), { minLength: 1, maxLength: 4 }).map((heads) =>
      heads.map((head, at): Draft => [`node N${at}`, ...head])
    );
    const edges = fc.array(edgeDraft(types), { maxLength: 4 }).map((heads) =>
      heads.map((head, at): Draft => [`edge E${at} : N0 -> N0`, ...head])
    );
    return fc.tuple(interfaces, nodes, edges).map((parts): Draft => ({ any: parts.flat(), separator: "" }));
  });
}

function propertyTypes(): fc.Arbitrary<Draft> {
  const scalar = fc.constantFrom(
    "String",
    "Bool",
    "I32",
    "I64",
    "U32",
    "U64",
    "F32",
    "F64",
    "Date",
    "DateTime",
  );
  const values = fc.uniqueArray(fc.stringMatching(/^[A-Za-z0-9_-]{1,6}$/), { minLength: 1, maxLength: 4 });
  const bare = fc.oneof(
    scalar,
    scalar.map((name) => `[ ${name} ]`),
    fc.integer({ min: 1, max: 9 }).map((n) => `Vector( ${n} )`),
    fc.constant("Blob"),
    values.map((any): Draft => ["enum(", { any, separator: "," }, ")"]),
  );
  return fc.tuple(bare, fc.constantFrom("", "?")).map(([type, suffix]) => [type, suffix]);
}

function nodeDraft(types: readonly Draft[]): fc.Arbitrary<Draft[]> {
  const notes = fc.subarray(['@description("d")', "@flag", "@unit(cm, k=1)"]);
  const implemented = fc.subarray(["Alpha", "Beta"]);
  return fc.tuple(notes, implemented, members(types, true)).map(([annotations, interfaces, body]) => [
    { any: annotations, separator: "" },
    ...(interfaces.length === 0 ? [] : ["implements", { any: interfaces, separator: "," }]),
    "{",
    body,
    "}",
  ]);
}

function edgeDraft(types: readonly Draft[]): fc.Arbitrary<Draft[]> {
  const card = fc.constantFrom("", "@card(0..1)", "@card( 1 .. )", "@card(2..*)");
  const unique = fc.subarray(["@unique( src , dst )", "@index(dst)", "@index(src)"]);
  return fc.tuple(card, members(types, false), unique).map(([head, body, extra]) => [
    head,
    "{",
    { any: [body, ...extra], separator: "" },
    "}",
  ]);
}

/** Some of the properties, on nodes with constraints over those that every type allows. */
function members(types: readonly Draft[], constrained: boolean): fc.Arbitrary<Draft> {
  const indexes = fc.subarray(types.map((_, at) => at));
  return fc.tuple(indexes, fc.boolean()).map(([chosen, extra]) => {
    const properties = chosen.map((at): Draft => [`p${at} :`, types[at] ?? "String", "@note"]);
    const lines = constrained && extra
      ? ["key1 : String", "key2 : F64", "@range( key2 , -1 .. 2.5 )", '@check(key1, "^[a-z]+$")']
      : [];
    const key: Draft[] = lines.length === 0
      ? []
      : [["@key(", { any: ["key1", "key2"], separator: "," }, ")"]];
    return { any: [...properties, ...lines, ...key], separator: "" };
  });
}

/** Renders plainly, or with choices: shuffled members and random layout for every space. */
function render(draft: Draft, choices: fc.Stream<number> | null): string {
  const choose = (count: number): number => choices === null ? 0 : (choices.next().value ?? 0) % count;
  const visit = (part: Draft): string => {
    if (typeof part === "string") return part.replaceAll(" ", () => LAYOUTS[choose(LAYOUTS.length)] ?? " ");
    if (Array.isArray(part)) return part.map(visit).join(visit(" "));
    const rest = [...part.any];
    const ordered: string[] = [];
    while (rest.length > 0) ordered.push(...rest.splice(choose(rest.length), 1).map(visit));
    return ordered.join(visit(" ") + part.separator + visit(" "));
  };
  return visit(draft);
}
