/** The migration rules of the language, by the numbers of its acceptance checklist, and the identities of plans. */
import assert from "node:assert/strict";
import { AppError } from "../errors.ts";
import { type AcceptedSchema, acceptSchema, acceptTextEdit } from "./accept.ts";
import { readContract, writeContract } from "./contract.ts";
import { deriveId } from "./keys.ts";
import { type MigrationPlan, planMigration, requirePlan } from "./plan.ts";
import { refusalText, safetyLabel, stepText } from "./step_text.ts";
import { firstRefusal, type SchemaStep } from "./steps.ts";

const DOMAIN = "01J8ZQ4V9S3M5T6W7X8Y9Z0A1B";
const FLEET = "node Ship { imo: String @key  tons: I32?  kind: enum(cargo, tug) }\n" +
  "node Port { code: String @key }\n" +
  "edge Calls: Ship -> Port { since: Date? }";

Deno.test("schema-language 20: composite ids survive renames that cross alphabetically", () => {
  const before = accept("node Vault { bay: I32  site: String  @key(site, bay) }");
  const { next } = plan(
    before,
    'node Vault { zone: I32 @rename_from("bay")  area: String @rename_from("site")  @key(area, zone) }',
  );
  const values: Record<string, string | number> = { bay: 4, zone: 4, site: "Rome", area: "Rome" };
  const id = ({ catalog }: AcceptedSchema) => deriveId(catalog.nodes.get("Vault")!, (name) => values[name]!);
  assert.equal(id(before), '["4","Rome"]');
  assert.equal(id(next!), '["4","Rome"]');
});

Deno.test("schema-language 25: renaming type and property keeps ids, and rename_type precedes rename_property", () => {
  const before = accept(FLEET);
  const { steps, next } = plan(
    before,
    FLEET.replace("node Ship {", 'node Vessel @rename_from("Ship") {')
      .replace("Calls: Ship", "Calls: Vessel").replace("tons: I32?", 'weight: I32? @rename_from("tons")'),
  );
  assert.deepEqual(steps.map((step) => step.kind), ["rename_type", "rename_property"]);
  const [was, is] = [before.catalog.nodes.get("Ship")!, next!.catalog.nodes.get("Vessel")!];
  assert.deepEqual([is.typeId, is.tableId], [was.typeId, was.tableId]);
  assert.equal(is.propertyByName.get("weight")!.id, was.propertyByName.get("tons")!.id);
  assert.equal(next!.contract.ir.next_identity_id, before.contract.ir.next_identity_id);
});

Deno.test("schema-language 26: @rename_from unknown, cross-kind or double-claimed fails", () => {
  const wrong: [text: string, fragment: RegExp][] = [
    [
      FLEET.replace("node Port", 'node Dock @rename_from("Pier") {} node Port'),
      /no accepted declaration has that name/,
    ],
    [
      FLEET.replace("tons:", 'mass: I32? @rename_from("weight") tons:'),
      /no accepted declaration has that name/,
    ],
    [FLEET.replace("node Port", 'node Visit @rename_from("Calls") {} node Port'), /across declaration kinds/],
    [FLEET.replace("node Port", 'node Dock @rename_from("Port") {} node Port'), /consumed/],
    [FLEET.replace("tons: I32?", 'a: I32? @rename_from("tons") b: I32? @rename_from("tons")'), /consumed/],
    [FLEET.replace("{ code", '{ mass: I32? @rename_from("tons") code'), /across stable owners/],
    [FLEET + ' node Crew { code: String @rename_from("code") }', /cannot import property identity/],
  ];
  for (const [text, fragment] of wrong) {
    const { supported, steps, next, diagnostics } = plan(accept(FLEET), text);
    assert.deepEqual({ supported, steps, next }, { supported: false, steps: [], next: null });
    assert.equal(diagnostics.length, 1, text);
    assert.match(diagnostics[0]!.message, fragment);
    assert.equal(
      text.slice(diagnostics[0]!.span!.start, diagnostics[0]!.span!.end).slice(0, 13),
      "@rename_from(",
    );
    assert.throws(
      () => requirePlan(accept(FLEET), { path: "b.pg", text }, { allowDataLoss: false }),
      (error) => error instanceof AppError && error.code === "schema_error" && fragment.test(error.message),
    );
  }
});

Deno.test("schema-language 27: a type that is dropped and added again gets new ids and a new table", () => {
  const first = accept(FLEET);
  const dropped = plan(first, FLEET.replace(/edge.*/, "").replace(/node Port.*\n/, "")).next!;
  assert.equal(dropped.contract.ir.next_identity_id, first.contract.ir.next_identity_id);
  const again = plan(dropped, FLEET).next!;
  const known = first.contract.ir.next_identity_id;
  const [port, calls] = [again.catalog.nodes.get("Port")!, again.catalog.edges.get("Calls")!];
  const fresh = [
    port.typeId,
    calls.typeId,
    ...[port, calls].flatMap((type) => type.properties.map(({ id }) => id)),
  ];
  // Types by (kind, name), then properties by owner, then tables.
  assert.deepEqual([...fresh, port.tableId, calls.tableId], [0, 1, 2, 3, 4, 5].map((at) => known + at));
  assert.equal(again.catalog.nodes.get("Ship")!.tableId, first.catalog.nodes.get("Ship")!.tableId);
});

Deno.test("schema-language 28: nullable property, index and enum value are three steps", () => {
  const text = FLEET.replace("tons: I32?", "tons: I32? @index  flag: String?").replace("tug)", "tug, ferry)");
  const { supported, steps } = plan(accept(FLEET), text);
  assert.equal(supported, true);
  assert.deepEqual(steps.map((step) => step.kind), ["add_property", "extend_enum", "add_constraint"]);
});

Deno.test("schema-language 29: narrowing, other widths and nullability are OG-MF-106, required properties OG-MF-103", () => {
  const changes: [from: string, to: string, code: string][] = [
    ["cargo, tug", "cargo", "OG-MF-106"],
    ["tons: I32?", "tons: I64?", "OG-MF-106"],
    ["imo: String", "imo: I32", "OG-MF-106"],
    ["tons: I32?", "tons: I32", "OG-MF-106"],
    ["kind: enum(cargo, tug)", "kind: enum(cargo, tug)?", "OG-MF-106"],
    ["tons:", "flag: String  tons:", "OG-MF-103"],
  ];
  for (const [from, to, code] of changes) {
    const { supported, steps, next } = plan(accept(FLEET), FLEET.replace(from, to));
    assert.deepEqual({ supported, next }, { supported: false, next: null });
    assert.equal(steps.length, 1);
    const refusal = firstRefusal(steps)!;
    assert.equal(refusal.code, code);
    assert.ok(refusalText(refusal).startsWith(`[${code}] `));
  }
});

Deno.test("schema-language 30: allowing data loss makes every drop hard and labels it", () => {
  const text = "node Ship { imo: String @key  kind: enum(cargo, tug) }";
  const modes = (steps: readonly SchemaStep[]) => steps.map((step) => "mode" in step ? step.mode : "");
  assert.deepEqual(modes(plan(accept(FLEET), text).steps), ["soft", "soft", "soft"]);
  const { steps } = plan(accept(FLEET), text, true);
  assert.deepEqual(modes(steps), ["hard", "hard", "hard"]);
  assert.deepEqual(steps.map((step) => safetyLabel(step)?.code), ["OG-DS-104", "OG-DS-102", "OG-DS-103"]);
  assert.ok(steps.every((step) => stepText(step).endsWith(", destructive]") && !("code" in step)));
});

Deno.test("schema-language 32: removing @index alone is unsupported, with its property it goes silently", () => {
  const indexed = FLEET.replace("tons: I32?", "tons: I32? @index");
  const alone = plan(accept(indexed), FLEET);
  assert.equal(alone.supported, false);
  assert.match(stepText(alone.steps[0]!), /^unsupported change on node:Ship: removing @index\(tons\)/);
  const together = plan(accept(indexed), indexed.replace("tons: I32? @index", ""));
  assert.equal(together.supported, true);
  assert.deepEqual(together.steps.map((step) => step.kind), ["drop_property"]);
});

Deno.test("schema-language 33: an edit of comments has no steps and a new source digest, twice the same text none", () => {
  const before = accept(FLEET);
  const text = "// ships and ports\n" + FLEET;
  const { supported, steps, next } = plan(before, text);
  assert.deepEqual({ supported, steps }, { supported: true, steps: [] });
  assert.deepEqual(next, acceptTextEdit(before, { path: "b.pg", text }));
  assert.notEqual(next!.digests.source, before.digests.source);
  assert.equal(plan(next!, text).next!.digests.contract, next!.digests.contract);
});

Deno.test("schema-language 34: refusals without a code have no code member", () => {
  const { steps } = plan(accept(FLEET), FLEET.replace("Ship -> Port", "Port -> Ship"));
  assert.equal(steps.length, 1);
  assert.deepEqual(Object.keys(steps[0]!), ["kind", "entity", "reason"]);
  assert.equal(refusalText(firstRefusal(steps)!), firstRefusal(steps)!.reason);
});

Deno.test("a desired text with errors plans nothing and reports them all", () => {
  const { supported, steps, next, diagnostics } = plan(accept(FLEET), "node Ship { id: I32 id: I64 }");
  assert.deepEqual({ supported, steps, next }, { supported: false, steps: [], next: null });
  assert.equal(diagnostics.length, 3);
});

Deno.test("a hint inside a type whose own hint is wrong adds no second error", () => {
  const text = FLEET.replace(
    "node Port { code",
    'node Dock @rename_from("Pier") { a: I32? @rename_from("b")  code',
  )
    .replace("-> Port", "-> Dock");
  assert.equal(plan(accept(FLEET), text).diagnostics.length, 1);
});

Deno.test("an inherited hint counts where it finds what it names, and nowhere else", () => {
  const before =
    "interface Named { label: String? }\nnode Ship implements Named {}\nnode Port { code: String @key }";
  const text = 'interface Named { title: String? @rename_from("label") }\n' +
    "node Ship implements Named {}\nnode Port { code: String @key }\nnode Crew implements Named {}";
  const { steps, diagnostics, next } = plan(accept(before), text);
  assert.deepEqual(diagnostics, []);
  assert.deepEqual(steps.map(stepText), [
    "rename property 'Named.label' -> 'Named.title' on interface 'Named'",
    "add node type 'Crew'",
    "rename property 'Ship.label' -> 'Ship.title' on node 'Ship'",
  ]);
  // Once applied, the same text has one warning, where the hint stands.
  const repeated = plan(next!, text);
  assert.deepEqual(repeated.steps, []);
  assert.deepEqual(repeated.diagnostics.map((one) => one.code), ["rename_hint_ignored"]);
});

Deno.test("a name that is accepted wins over a hint: swapping two names does nothing but warn", () => {
  const text = FLEET.replace("Ship {", 'Ship @rename_from("Port") {').replace(
    "Port {",
    'Port @rename_from("Ship") {',
  );
  const { steps, diagnostics } = plan(accept(FLEET), text);
  assert.deepEqual(steps, []);
  assert.deepEqual(diagnostics.map((one) => one.severity), ["warning", "warning"]);
});

Deno.test("two hundred ignored hints do not hide one wrong hint", () => {
  const columns = Array.from({ length: 250 }, (_, at) => `c${at}: I32?`);
  const hinted = columns.map((column) => `${column} @rename_from("x")`).join(" ");
  const before = accept(`node T { ${columns.join(" ")} }`);
  const { supported, diagnostics } = plan(before, `node T { ${hinted} } node U @rename_from("V") {}`);
  assert.equal(supported, false);
  assert.equal(diagnostics.filter((one) => one.severity === "error").length, 1);
});

Deno.test("a difference that no rule knows is refused as unclassified", () => {
  const { contract, ...rest } = accept(FLEET);
  const strange = { ...contract, ir: { ...contract.ir, collation: "de" } };
  const before = { ...rest, contract: strange, digests: { ...rest.digests, shape: "sha256:other" } };
  const { supported, steps } = plan(before, FLEET);
  assert.equal(supported, false);
  assert.equal(steps.length, 1);
  assert.match(stepText(steps[0]!), /^unsupported change on schema: .*unclassified/);
});

Deno.test("the next contract is stored and read like any other", () => {
  const { next } = plan(
    accept(FLEET),
    FLEET.replace("node Port", 'node Dock @rename_from("Port")').replace("-> Port", "-> Dock"),
  );
  assert.deepEqual(readContract(writeContract(next!)), next);
});

function accept(text: string): AcceptedSchema {
  return acceptSchema({ path: "a.pg", text }, { domain: DOMAIN });
}

function plan(accepted: AcceptedSchema, text: string, allowDataLoss = false): MigrationPlan {
  return planMigration(accepted, { path: "b.pg", text }, { allowDataLoss });
}
