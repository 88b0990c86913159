/** Accepted and desired texts side by side with the plan between them, as JSON and in words, in the snapshot file. */
import assert from "node:assert/strict";
import { renderDiagnostic } from "../base/report.ts";
import { acceptSchema } from "./accept.ts";
import { planMigration } from "./plan.ts";
import { stepText } from "./step_text.ts";

const SHIP = `node Ship {
  imo: String @key
  tons: I32? @index
  kind: enum(cargo, tug)
}
node Port { code: String @key }
edge Calls: Ship -> Port @card(0..3) { since: Date?  @unique(src, dst) }`;

const FLEET = `interface Named { name: String? @description("Full name")  short: String? }
node Ship implements Named { imo: String @key }
node Crew implements Named { short: String?  rank: I32? }`;

const NOTES = `node Note {
  title: String
  body: String?
  vec: Vector(3)? @embed(body, model="a/1")
  score: F64?
  code: String
  @range(score, 0..10)
  @check(code, "^[A-Z]+$")
}`;

type Edit = readonly [from: string, to: string];

/** Title, accepted text, replacements that make the desired text, and whether drops are hard. */
const PLANS: readonly [title: string, accepted: string, edits: readonly Edit[], hard?: "hard"][] = [
  ["same text", SHIP, []],
  ["comments and layout", SHIP, [["node Ship {", "// ships\nnode   Ship\n{"], ["cargo, tug", "tug, cargo"]]],
  ["an equal spelling", SHIP, [["imo: String @key", "imo: String  @key(imo)"]]],

  ["add node, edge and interface", SHIP, [[
    "node Port",
    "edge Owns: Crew -> Ship\nnode Crew { rank: I32 @unique }\ninterface Named {}\nnode Port",
  ]]],
  ["add nullable properties of every type", "node T {}", [[
    "{}",
    '{ a: I32?  b: [F64]?  c: Vector(3)?  d: enum(y, x)?  e: Blob?  f: DateTime? @description("when") }',
  ]]],
  ["add a required property", SHIP, [["tons:", "flag: String\n  tons:"]]],
  ["add a required property with a default", SHIP, [["tons:", "draft: F32 @default(1.5)\n  tons:"]]],
  ["add a required property to an edge", SHIP, [["since:", "berth: I32  since:"]]],
  ["add an embedded vector", NOTES, [["score:", "vec2: Vector(4)? @embed(title)\n  score:"]]],

  ["rename a node that edges use", SHIP, [["node Port", 'node Harbour @rename_from("Port")'], [
    "-> Port",
    "-> Harbour",
  ]]],
  ["rename an edge", SHIP, [[
    "edge Calls: Ship -> Port @card(0..3)",
    'edge Visits: Ship -> Port @card(0..3) @rename_from("Calls")',
  ]]],
  ["rename a key property", SHIP, [["imo: String @key", 'number: String @key @rename_from("imo")']]],
  ["rename type and property together", SHIP, [
    ["node Ship", 'node Vessel @rename_from("Ship")'],
    ["tons:", 'weight: I32? @rename_from("tons") @index\n  spare:'],
    ["I32? @index\n  kind", "I32?\n  kind"],
    ["Calls: Ship", "Calls: Vessel"],
  ]],
  ["rename an enum and widen it", SHIP, [[
    "kind: enum(cargo, tug)",
    'sort: enum(cargo, tug, ferry) @rename_from("kind")',
  ]]],
  ["rename under a range, a check and an embedding", NOTES, [
    ["body: String?", 'text: String? @rename_from("body")'],
    ["@embed(body", "@embed(text"],
    ["score: F64?", 'a_score: F64? @rename_from("score")'],
    ["@range(score", "@range(a_score"],
    ["code: String", 'sign: String @rename_from("code")'],
    ["@check(code", "@check(sign"],
  ]],
  ["rename an inherited property", FLEET, [["short: String? }", 'brief: String? @rename_from("short") }'], [
    "{ short: String?",
    '{ brief: String? @rename_from("short")',
  ]]],
  ["hints that did their work", SHIP, [["node Port", 'node Port @rename_from("Dock")'], [
    "since: Date?",
    'since: Date? @rename_from("begin")',
  ]]],

  ["add indexes", SHIP, [
    ["node Port { code: String @key }", "node Port { code: String @key  @index(code) }"],
    ["@unique(src, dst)", "@unique(src, dst) @index(dst, since) @index(since)"],
  ]],
  ["nullable property, index and enum value", SHIP, [["tons:", "built: Date? @index\n  tons:"], [
    "tug)",
    "tug, ferry)",
  ]]],
  ["add a key", NOTES, [["title: String", "title: String @key"]]],
  ["add unique, range and check", SHIP, [[
    "imo: String @key",
    'imo: String @key\n @unique(kind)\n @range(tons, 0..)\n @check(imo, "^[0-9]\\\\.\\"")',
  ]]],
  ["add a unique property", SHIP, [["tons:", "call_sign: String? @unique\n  tons:"]]],
  ["remove an index", SHIP, [["I32? @index", "I32?"]]],
  ["remove index and property", SHIP, [["tons: I32? @index", ""]]],
  ["remove every constraint of a node", NOTES, [["@range(score, 0..10)", ""], [
    '@check(code, "^[A-Z]+$")',
    "",
  ]]],
  ["change a range", NOTES, [["0..10", "0..11.5"]]],
  ["remove a key with its property", SHIP, [["imo: String @key", ""]]],
  ["drop one of two unique columns", "node T { a: I32?  b: I32?  @unique(a, b) }", [["a: I32?", ""], [
    "@unique(a, b)",
    "",
  ]]],
  ["drop all unique columns", "node T { a: I32?  b: I32?  c: I32?  @unique(a, b) }", [[
    "a: I32?  b: I32?",
    "",
  ], ["@unique(a, b)", ""]]],
  ["remove unique ends of an edge", SHIP, [["@unique(src, dst)", ""]]],

  ["widen an enum", SHIP, [["tug)", "tug, barge, ferry)"]]],
  ["narrow an enum", SHIP, [["cargo, tug", "cargo"]]],
  ["rename an enum value", SHIP, [["tug", "tugboat"]]],
  ["widen an enum and make it nullable", SHIP, [["tug)", "tug, ferry)?"]]],
  ["enum to String and back", "node T { a: enum(x)  b: String }", [["a: enum(x)", "a: String"], [
    "b: String",
    "b: enum(x)",
  ]]],
  [
    "change scalar, width, list-ness and nullability",
    "node T { a: I32  b: I32  c: I32  d: I32  e: I32?  f: Vector(3)? }",
    [["a: I32", "a: String"], ["b: I32", "b: I64"], ["c: I32", "c: [I32]"], ["d: I32", "d: I32?"], [
      "e: I32?",
      "e: I32",
    ], ["Vector(3)", "Vector(4)"]],
  ],

  ["describe", SHIP, [[
    "node Port",
    'node Port @instruction("Ask first") @description("A \\"safe\\"\\nplace")',
  ], ["since: Date?", 'since: Date? @description("First call")']]],
  ["remove a description of an interface property", FLEET, [['@description("Full name")', ""]]],
  ["change other annotations", NOTES, [["node Note", 'node Note @owner("ops", tier=1) @description("x")'], [
    "title: String",
    "title: String @pii",
  ]]],
  ["change an embedding", NOTES, [["@embed(body, ", "@embed(title, "]]],
  ["change an embedding model", NOTES, [["a/1", "a/2"]]],
  ["remove an embedding", NOTES, [['@embed(body, model="a/1")', ""]]],

  ["drop a property", SHIP, [["since: Date?", ""]]],
  ["drop types and properties, hard", SHIP, [["tons: I32? @index", ""], [
    "node Port { code: String @key }\nedge Calls: Ship -> Port @card(0..3) { since: Date?  @unique(src, dst) }",
    "",
  ]], "hard"],
  ["drop a property everywhere it is inherited", FLEET, [["short: String? }", "}"], [
    "{ short: String?",
    "{",
  ]]],
  ["drop an interface property that a node redeclares", FLEET, [["short: String? }", "}"]]],
  ["unsupported beside a hard drop", SHIP, [["since: Date?", ""], ["imo: String", "imo: I64"]], "hard"],

  ["turn an edge around and bound it", SHIP, [["Ship -> Port @card(0..3)", "Port -> Ship @card(1..)"]]],
  ["point an edge to a new node of the old place", SHIP, [["-> Port", "-> Dock"], [
    "node Port { code: String @key }",
    "node Dock { code: String @key }",
  ]]],
  ["rename an interface", FLEET, [["interface Named", "interface Titled"], [
    "node Ship implements Named",
    "node Ship implements Titled",
  ], ["node Crew implements Named", "node Crew implements Titled"]]],
  ["add an interface to a node", FLEET, [[
    "interface Named",
    "interface Ranked { rank: I32? }\ninterface Named",
  ], ["node Crew implements Named", "node Crew implements Named, Ranked"]]],
  ["declare an inherited property", FLEET, [["imo: String @key", "imo: String @key  name: String?"]]],
  ["add to an interface what a node has", FLEET, [["short: String? }", "short: String?  rank: I32? }"]]],
  ["add a required property to an interface", FLEET, [[
    "short: String? }",
    "short: String?  home: String }",
  ]]],
];

const WRONG_HINTS: readonly [title: string, accepted: string, edits: readonly Edit[]][] = [
  ["unknown type", SHIP, [["node Port", 'node Harbour @rename_from("Prt")'], ["-> Port", "-> Harbour"]]],
  ["unknown property", SHIP, [["tons:", 'weight: I32? @rename_from("ton")\n  tons:']]],
  ["across kinds", SHIP, [["node Port", 'node Visit @rename_from("Calls") {}\nnode Port']]],
  ["an interface as origin", FLEET, [["node Ship", 'node Thing @rename_from("Named") {}\nnode Ship']]],
  ["what keeps its name", SHIP, [[
    "node Port",
    'node Harbour @rename_from("Port") { code: String @rename_from("code") }\nnode Port',
  ]]],
  ["one type twice", SHIP, [[
    "node Port",
    'node Bay @rename_from("Port") {}\nnode Anchorage @rename_from("Port")',
  ], ["-> Port", "-> Bay"]]],
  ["one property twice", SHIP, [[
    "tons: I32? @index",
    'b: I32? @rename_from("tons")  a: I32? @rename_from("tons")',
  ]]],
  ["a property of another type", SHIP, [["node Port {", 'node Port { weight: I32? @rename_from("tons") ']]],
  ["a property of a new type", SHIP, [[
    "node Port",
    'node Crew { code: String @rename_from("code") }\nnode Port',
  ]]],
  ["an inherited name that the node declares again", FLEET, [[
    "short: String? }",
    'brief: String? @rename_from("short") }',
  ]]],
];

for (const [title, accepted, edits, hard] of PLANS) {
  Deno.test(`plan: ${title}`, async (t) => {
    const desired = edited(accepted, edits);
    const { supported, steps, next, diagnostics } = plan(accepted, desired, hard === "hard");
    assert.equal(supported, steps.every((step) => step.kind !== "unsupported_change"));
    assert.equal(next !== null, supported);
    assert.ok(diagnostics.every((one) => one.severity === "warning"));
    await t.assertSnapshot(
      [
        accepted,
        "=====>",
        desired,
        "",
        ...steps.flatMap((step) => [JSON.stringify(step), `    ${stepText(step)}`]),
        ...diagnostics.map(renderDiagnostic),
        supported ? "supported" : "not supported",
      ].join("\n") + "\n",
    );
  });
}

for (const [title, accepted, edits] of WRONG_HINTS) {
  Deno.test(`plan: wrong hint: ${title}`, async (t) => {
    const desired = edited(accepted, edits);
    const { supported, steps, next, diagnostics } = plan(accepted, desired, false);
    assert.deepEqual({ supported, steps, next }, { supported: false, steps: [], next: null });
    assert.ok(diagnostics.some((one) => one.severity === "error"));
    await t.assertSnapshot([desired, ...diagnostics.map(renderDiagnostic)].join("\n\n") + "\n");
  });
}

function edited(text: string, edits: readonly Edit[]): string {
  for (const [from, to] of edits) {
    assert.ok(text.includes(from), `${from} occurs`);
    text = text.replace(from, () => to);
  }
  return text;
}

function plan(before: string, after: string, allowDataLoss: boolean) {
  const accepted = acceptSchema({ path: "a.pg", text: before }, { domain: "01J8ZQ4V9S3M5T6W7X8Y9Z0A1B" });
  return planMigration(accepted, { path: "b.pg", text: after }, { allowDataLoss });
}
