/** Generated `.pg` schemas: valid ones, in any order and layout. */
import fc from "fast-check";

/** Text with freedoms: `{ any }` members may come in any order, a space may become any layout. */
export type Draft = string | Draft[] | { readonly any: readonly Draft[]; readonly separator: string };

const LAYOUTS = [
  " ",
  "\n",
  "\n\n\n",
  "\t ",
  "\r\n",
  ' // it\'s a "comment" { } @key\n',
  "\n/* node A { } */ ",
];

/** Valid schemas: two interfaces, up to four nodes, up to four edges; property `pN` has the same type everywhere. */
export function schemas(): fc.Arbitrary<Draft> {
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
export function render(draft: Draft, choices: fc.Stream<number> | null): string {
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
