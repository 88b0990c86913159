/**
 * The product against the naive evaluator on random programs. `OMNIGRAPH_CASES` sets how many (5,000 where `CI` is
 * set, else 200), a failure prints its seed and the smallest program that still fails, `OMNIGRAPH_SEED` runs that seed again.
 */
import assert from "node:assert/strict";
import fc from "fast-check";
import { jsonText } from "../core/base/lossless_json.ts";
import { assertAnswer, engineAnswer, naiveAnswer, type Question } from "./support/answers.ts";
import { randomProgram } from "./support/random_program.ts";

const CASES = Number(Deno.env.get("OMNIGRAPH_CASES") ?? (Deno.env.has("CI") ? 5000 : 200));
const SEED = Deno.env.get("OMNIGRAPH_SEED");
const NOW_MS = Date.UTC(2024, 4, 1, 5);

Deno.test("the executor answers random queries like the naive evaluator", async () => {
  const questions = randomProgram().map((program): Question => ({ ...program, nowMs: NOW_MS }));
  await fc.assert(
    fc.asyncProperty(questions, async (question) => {
      const { catalog, query, columns, rows } = await engineAnswer(question);
      assert.deepEqual(columns, query.projections.map(({ column }) => column));
      const expected = naiveAnswer(question, catalog, query);
      assertAnswer(query, rows, expected, naiveAnswer(question, catalog, query, null));
    }),
    { numRuns: CASES, reporter, ...(SEED === undefined ? {} : { seed: Number(SEED) }) },
  );
});

/** A failure as text that can be pasted into files. */
function reporter(details: fc.RunDetails<[Question]>): void {
  if (!details.failed) return;
  const [smallest] = details.counterexample ?? [];
  const program = smallest === undefined
    ? ""
    : `${smallest.schema}\n\n${smallest.data}\n\n${smallest.query}\n${jsonText(smallest.params)}`;
  throw new Error(`seed ${details.seed}\n\n${program}`, {
    cause: details.errorInstance,
  });
}
