/** Inputs of any size, each large in its own way. */

/** A kind of input: `make(n)` has about `n` characters. */
export interface GrowthShape {
  readonly name: string;
  readonly make: (chars: number) => string;
}

/** Repeats parts, which may depend on their number, up to a size. */
function filled(chars: number, part: (index: number) => string): string {
  const parts: string[] = [];
  for (let length = 0, index = 0; length < chars; index++) {
    const text = part(index);
    parts.push(text);
    length += text.length;
  }
  return parts.join("");
}

function shape(name: string, part: (index: number) => string, head = "", tail = ""): GrowthShape {
  return { name, make: (chars) => head + filled(chars, part) + tail };
}

/** Schemas. */
export const SCHEMA_SHAPES: readonly GrowthShape[] = [
  shape(
    "many types",
    (i) => `node Type${i} {\n  code: String @key\n  size: F64?\n}\nedge Edge${i}: Type${i} -> Type0\n`,
  ),
  shape("one wide type", (i) => `  property_${i}: String? @index\n`, "node Wide {\n", "}\n"),
  shape("one wide constraint", (i) => `, p${i}: I32`.slice(2) + "\n", "node Wide {\n", "}\n"),
  shape(
    "many constraints",
    (i) => `  @index(a, b) @range(a, ${i}..) @unique(b)\n`,
    "node N {\n  a: F64\n  b: String\n",
    "}\n",
  ),
  shape("a large enum", (i) => `, value-${i}`, "node N { kind: enum(first", ") }\n"),
  shape("a long string", () => "long text ", 'node N @description("', '") {}\n'),
  shape("a string of escapes", () => '\\\\\\"\\n', 'node N @description("', '") {}\n'),
  shape("many comments", (i) => `// comment ${i}\n/* another */\n`, "node N {}\n"),
  shape("one comment", () => "comment ", "/*", "*/ node N {}\n"),
  shape("many annotations", (i) => ` @note${i}("x", key="y")`, "node N { a: String", " }\n"),
  shape("repeated annotations", () => ` @index`, "node N { a: String", " }\n"),
  shape("many interfaces", (i) => `interface I${i} { name: String }\n`, "", "node N implements I1 {}\n"),
  {
    name: "one type of many interfaces",
    make: (chars) =>
      filled(chars / 2, (i) => `interface I${i} { name: String }\n`) + "node N implements I0" +
      filled(chars / 4, (i) => `, I${i + 1}`) + " {}\n",
  },
  {
    name: "many types of a wide interface",
    make: (chars) =>
      `interface W {\n${filled(chars / 2, (i) => `  p${i}: I32?\n`)}}\n` +
      filled(chars / 2, (i) => `node N${i} implements W {}\n`),
  },
  shape("repeated interfaces", () => ", I", "interface I {}\nnode N implements I", " {}\n"),
  shape("repeated types", () => "node Same { a: I32 }\n"),
  shape("repeated properties", () => "  same: I32\n", "node N {\n", "}\n"),
  shape("syntax errors", (i) => `  wrong${i} String\n`, "node N {\n", "}\n"),
  shape("open bodies", (i) => `node N${i} {\n`),
  shape("unknown types", (i) => `  a${i}: Strin\n`, "node N {\n", "}\n"),
  shape("unknown endpoints", (i) => `node Type${i} {}\nedge Edge${i}: Typo${i} -> Tipe${i}\n`),
  shape("unknown columns", (i) => `  column${i}: I32\n  @index(colum${i})\n`, "node N {\n", "}\n"),
  shape("stray characters", () => "#~'\n"),
  shape("open strings", () => '\\"\n'),
  shape("open comments", () => "/* "),
  shape("open brackets", () => "[", "node N { a: "),
  shape("open braces", () => "{", "node N "),
  shape("one long word", () => "word", "node N { ", ": String }\n"),
  shape("one long number", () => "9", "node N { a: F64 @range(a, 0..", ") }\n"),
  shape("a long pattern", () => "[a-z]{2}(?:x|y)", 'node N { a: String @check(a, "', '") }\n'),
  shape("words", (i) => `word${i} `),
  shape("blanks", () => " \n"),
];

const Q = "query q($s: String, $v: Vector(3)) ";

/** Query files, to be checked against the schema of the tests. */
export const QUERY_SHAPES: readonly GrowthShape[] = [
  shape(
    "many queries",
    (i) =>
      `query q${i}($s: String) { match { $p: Plant { label: $s } $p growsIn $b } return { $p.label, $b } }\n`,
  ),
  shape("repeated queries", () => `query q() { match { $p: Plant } return { $p } }\n`),
  shape(
    "many clauses",
    (i) => `  $p${i}: Plant\n  $p${i} growsIn $b\n`,
    `${Q}{ match {\n`,
    "} return { $b } }\n",
  ),
  shape("many filters", (i) => `  $p.height > ${i}\n`, `${Q}{ match { $p: Plant\n`, "} return { $p } }\n"),
  shape(
    "many inline matches",
    (i) => `height: ${i}, `,
    `${Q}{ match { $p: Plant { `,
    "} } return { $p } }\n",
  ),
  shape(
    "many negations",
    (i) => `  not { $p growsIn $b${i} }\n`,
    `${Q}{ match { $p: Plant\n`,
    "} return { $p } }\n",
  ),
  shape("many columns", (i) => `  $p.label as c${i}\n`, `${Q}{ match { $p: Plant } return {\n`, "} }\n"),
  shape(
    "a chain of aliases",
    (i) => ` a${i} as a${i + 1}`,
    `${Q}{ match { $p: Plant } return { $p.label as a0`,
    " } }\n",
  ),
  {
    name: "order by a chain of aliases",
    make: (chars) =>
      `${Q}{ match { $p: Plant } return { $p.label as a0${
        filled(chars / 2, (i) => ` a${i} as a${i + 1}`)
      } } order { a0` +
      `${filled(chars / 4, (i) => `, a${i}`)} } }\n`,
  },
  {
    name: "many groups in order",
    make: (chars) =>
      `${Q}{ match { $p: Plant } return { count($p) as n${
        filled(chars / 2, (i) => ` $p.label as a${i}`)
      } } order { n` +
      `${filled(chars / 2, () => ", $p.notes")} } }\n`,
  },
  shape(
    "many order entries",
    () => ", $p.label desc",
    `${Q}{ match { $p: Plant } return { $p } order { $p.height`,
    " } }\n",
  ),
  shape(
    "many parameters",
    (i) => `, $p${i}: [String]?`,
    "query q($s: String",
    ") { match { $p: Plant { label: $s } } return { $p } }\n",
  ),
  shape("many statements", (i) => `  insert Label { text: "t${i}" }\n`, `${Q}{\n`, "}\n"),
  shape("repeated assignments", () => `text: "t" `, `${Q}{ insert Label { `, "} }\n"),
  shape(
    "a long list",
    (i) => `, ${i}`,
    `${Q}{ match { $p: Plant [1`,
    "] contains $p.height } return { $p } }\n",
  ),
  shape("a long string", () => "long text ", `${Q}{ match { $p: Plant { label: "`, '" } } return { $p } }\n'),
  shape("one long number", () => "9", `${Q}{ match { $p: Plant $p.height > `, " } return { $p } }\n"),
  shape("one long fraction", () => "9", `${Q}{ match { $p: Plant $p.acidity > 0.`, " } return { $p } }\n"),
  shape("one long name", () => "name", `${Q}{ match { $p: Plant $p.`, " = 1 } return { $p } }\n"),
  shape(
    "many comments",
    (i) => `// comment ${i}\n/* another */\n`,
    "",
    `${Q}{ match { $p: Plant } return { $p } }\n`,
  ),
  shape("syntax errors", (i) => `  $p${i} Plant\n`, `${Q}{ match {\n`, "} return { $p } }\n"),
  shape("queries with syntax errors", (i) => `query q${i}() { match { $p Plant } return { $p } }\n`),
  shape("type errors", (i) => `  $p.labl${i} = 1\n`, `${Q}{ match { $p: Plant\n`, "} return { $p } }\n"),
  shape("queries with type errors", (i) => `query q${i}() { match { $p: Plnt } return { $p } }\n`),
  shape("unbound variables", (i) => `  $variable${i}\n`, `${Q}{ match { $p: Plant } return {\n`, "} }\n"),
  shape(
    "unbound among bound",
    (i) => `  $variable${i}: Plant $variabel${i}.label = "x"\n`,
    `${Q}{ match {\n`,
    "} return { $p } }\n",
  ),
  shape(
    "unknown aliases",
    (i) => ` $p.label as alias${i} alais${i}`,
    `${Q}{ match { $p: Plant } return { `,
    " } }\n",
  ),
  shape("stray characters", () => "#~'\n"),
  shape("open strings", () => '\\"\n'),
  shape("open blocks", () => "not { ", `${Q}{ match { `),
  shape("open lists", () => "[", `${Q}{ match { $p: Plant $p.height = `),
  shape("open calls", () => "count(", `${Q}{ match { $p: Plant } return { `),
  shape("open queries", (i) => `query q${i}() { match {\n`),
  shape("words", (i) => `word${i} `),
  shape("dollars", () => "$ "),
];

/** Configurations. */
export const CONFIG_SHAPES: readonly GrowthShape[] = [
  shape("many graphs", (i) => `  g${i}: { schema: a.pg }\n`, "version: 1\ngraphs:\n"),
  shape("repeated keys", () => `  g: { schema: a.pg }\n`, "version: 1\ngraphs:\n"),
  shape("unknown fields", (i) => `grphs${i}: 1\n`, "version: 1\n"),
  shape("many aliases", (i) => `  g${i}: *a\n`, "version: 1\nstate: &a { lock: true }\ngraphs:\n"),
  shape("a long string", () => "long text ", 'version: 1\nstorage: "', '"\n'),
  shape("many comments", () => "# comment\n", "version: 1\n"),
  shape("syntax errors", () => "a: b: c\n"),
  shape("open brackets", () => "[", "version: 1\ngraphs: "),
];

/** Policies. */
export const POLICY_SHAPES: readonly GrowthShape[] = [
  shape(
    "many rules",
    (i) => `  - { id: r${i}, allow: { actors: { group: g }, actions: [read] } }\n`,
    "version: 1\ngroups: { g: [a] }\nrules:\n",
  ),
  shape("many groups", (i) => `  g${i}: [a, b]\n`, "version: 1\ngroups:\n"),
  shape("one large group", (i) => `, a${i}`, "version: 1\ngroups: { g: [a", "] }\n"),
  {
    name: "unknown groups",
    make: (chars) =>
      `version: 1\ngroups:\n${filled(chars / 2, (i) => `  group${i}: [a]\n`)}rules:\n` +
      filled(chars / 2, (i) =>
        `  - { id: r${i}, allow: { actors: { group: gruop${i} }, actions: [read] } }\n`),
  },
];

/** Batches for the schema of the tests. */
export const BATCH_SHAPES: readonly GrowthShape[] = [
  shape("many lines", (i) => `{"type":"Label","data":{"text":"t${i}"}}\n`),
  shape("a long string", () => "long text ", '{"type":"Label","data":{"text":"', '"}}\n'),
  shape("a string of escapes", () => "\\u00e9\\n", '{"type":"Label","data":{"text":"', '"}}\n'),
  shape("a long list", (i) => `,${i % 9}`, '{"type":"Plant","data":{"label":"a","yields":[1', "]}}\n"),
  shape("one long number", () => "9", '{"type":"Plant","data":{"label":"a","height":', "}}\n"),
  shape("blank lines", () => " \n"),
  shape("open brackets", () => "[", '{"type":"Plant","data":'),
];
