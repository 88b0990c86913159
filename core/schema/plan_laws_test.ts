/** Laws of the migration planner, over generated schemas and over random chains of supported edits. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { type Draft, render, schemas } from "../../tests/support/schema_drafts.ts";
import { type Edit, editRounds, type ModelType, SchemaModel } from "../../tests/support/schema_edits.ts";
import { replay, sortedShape } from "../../tests/support/step_replay.ts";
import { type AcceptedSchema, acceptSchema, checkSchema } from "./accept.ts";
import { readContract, writeContract } from "./contract.ts";
import { planMigration } from "./plan.ts";
import { stepText } from "./step_text.ts";
import type { SchemaStep } from "./steps.ts";

Deno.test("a schema to itself, to other layout, order and comments has no steps and keeps all identities", () => {
  fc.assert(
    fc.property(schemas(), fc.infiniteStream(fc.nat()), (draft, choices) => {
      const accepted = accept(render(draft, null));
      for (const text of [accepted.source, render(draft, choices)]) {
        const { supported, steps, next, diagnostics } = plan(accepted, text);
        assert.deepEqual({ supported, steps, diagnostics }, { supported: true, steps: [], diagnostics: [] });
        assert.deepEqual(next!.contract.ir, accepted.contract.ir);
        assert.equal(next!.source, text);
      }
    }),
    { numRuns: 150 },
  );
});

Deno.test("a plan between any two schemas is deterministic, ordered, and says everything when it is supported", () => {
  const seen = { supported: 0, refused: 0 };
  fc.assert(
    fc.property(draftPairs(), fc.infiniteStream(fc.nat()), ([before, after], choices) => {
      if (checkSchema({ path: "a.pg", text: before }).accepted === null) return;
      const accepted = accept(before);
      const { supported, steps, next, diagnostics } = plan(accepted, after(null));
      assert.deepEqual(plan(accepted, after(choices)).steps, steps);
      if (diagnostics.length > 0) return assert.equal(supported, false);
      assertOrdered(steps);
      const desired = accept(after(null));
      assert.equal(supported, next !== null);
      if (steps.length === 0) assert.equal(desired.digests.shape, accepted.digests.shape);
      seen[supported ? "supported" : "refused"]++;
      if (next === null) return;
      assert.equal(next.digests.shape, desired.digests.shape);
      assert.deepEqual(readContract(writeContract(next)), next);
      assert.deepEqual(replay(accepted, steps, next), sortedShape(desired));
    }),
    { numRuns: 400 },
  );
  assert.ok(seen.supported > 10 && seen.refused > 10, JSON.stringify(seen));
});

Deno.test("over any chain of edits ids are stable, never given twice, and every plan leads to what was desired", () => {
  const kinds = new Set<SchemaStep["kind"]>();
  fc.assert(
    fc.property(editRounds(), (rounds) => {
      for (const kind of runChain(rounds)) kinds.add(kind);
    }),
    { numRuns: 250 },
  );
  // Everything that is supported was tried.
  assert.equal(kinds.size, 10);
});

function runChain(rounds: readonly (readonly Edit[])[]): Set<SchemaStep["kind"]> {
  const kinds = new Set<SchemaStep["kind"]>();
  const model = new SchemaModel();
  let current = accept(model.text(0));
  const ids = new Map<string, number>();
  noteIdentities(ids, model, current);
  for (const [at, edits] of rounds.entries()) {
    model.startRound();
    for (const edit of edits) model.edit(edit);
    const text = model.text(at);
    const { supported, steps, next, diagnostics } = plan(current, text);
    assert.deepEqual(
      { supported, diagnostics },
      { supported: true, diagnostics: [] },
      steps.map(stepText).join("\n"),
    );
    assert.equal(next!.digests.shape, accept(text).digests.shape);
    assert.deepEqual(replay(current, steps, next!), sortedShape(next!));
    assert.deepEqual(readContract(writeContract(next!)), next);
    assertOrdered(steps);
    noteIdentities(ids, model, next!);
    assert.deepEqual(plan(next!, text).steps, []);
    for (const { kind } of steps) kinds.add(kind);
    current = next!;
  }
  return kinds;
}

/** Every element of the model has its own id, the same in every round; no id ever belongs to two elements. */
function noteIdentities(ids: Map<string, number>, model: SchemaModel, accepted: AcceptedSchema): void {
  for (const type of model.types) {
    const found = typeOf(accepted, type);
    note(ids, `${type.uid}`, found.typeId);
    note(ids, `${type.uid} table`, found.tableId);
    for (const property of type.properties) {
      note(ids, `${property.uid}`, found.propertyByName.get(property.name)!.id);
    }
  }
  assert.equal(new Set(ids.values()).size, ids.size, "no identity is given twice");
  const next = accepted.contract.ir.next_identity_id;
  assert.deepEqual(
    [...ids.values()].sort((a, b) => a - b),
    Array.from({ length: next - 1 }, (_, at) => at + 1),
  );
}

function typeOf(accepted: AcceptedSchema, type: ModelType) {
  return (type.kind === "node" ? accepted.catalog.nodes : accepted.catalog.edges).get(type.name)!;
}

function note(ids: Map<string, number>, key: string, id: number): void {
  assert.equal(ids.get(key) ?? id, id, `${key} keeps its identity`);
  ids.set(key, id);
}

/** Interfaces, nodes, edges; inside a kind, drops of types come last. */
function assertOrdered(steps: readonly SchemaStep[]): void {
  const order = steps.map((step) => {
    const kind = step.kind === "unsupported_change" ? step.entity.split(":")[0]! : step.type_kind;
    const isDrop = step.kind === "drop_type" ||
      /^removing or renaming/.test("reason" in step ? step.reason : "");
    return ["interface", "node", "edge"].indexOf(kind) * 2 + (isDrop ? 1 : 0);
  });
  assert.deepEqual(order, order.toSorted((a, b) => a - b), JSON.stringify(steps));
}

/** A schema, and another one that lacks some of its members, has more of them, or is unrelated. */
function draftPairs(): fc.Arbitrary<[before: string, after: (choices: fc.Stream<number> | null) => string]> {
  const thinned = fc.tuple(schemas(), fc.infiniteStream(fc.nat(30))).map((
    [draft, choices],
  ): [Draft, Draft] => [
    draft,
    thin(draft, choices),
  ]);
  return fc.oneof(
    thinned,
    thinned.map(([whole, part]): [Draft, Draft] => [part, whole]),
    fc.tuple(schemas(), schemas()),
  ).map(([before, after]) => [render(before, null), (choices) => render(after, choices)]);
}

/** Leaves out about one of thirty members. */
function thin(draft: Draft, choices: fc.Stream<number>): Draft {
  if (typeof draft === "string") return draft;
  if (Array.isArray(draft)) return draft.map((part) => thin(part, choices));
  const any = draft.any.filter(() => choices.next().value !== 0).map((part) => thin(part, choices));
  return { any, separator: draft.separator };
}

function accept(text: string): AcceptedSchema {
  return acceptSchema({ path: "a.pg", text }, { domain: "01J8ZQ4V9S3M5T6W7X8Y9Z0A1B" });
}

function plan(accepted: AcceptedSchema, text: string) {
  return planMigration(accepted, { path: "b.pg", text }, { allowDataLoss: false });
}
