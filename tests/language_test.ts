/** The read cases of the language document, run over both evaluators. */
import { acceptSchema } from "../core/schema/accept.ts";
import { assertAnswer, compileRead, engineAnswer, naiveAnswer, type Question } from "./support/answers.ts";
import { CASE_NOW_MS, CASE_SCHEMA, LANGUAGE_CASES, type LanguageCase } from "./support/language_cases.ts";
import type { NaiveRow } from "./support/naive_evaluator.ts";

const { catalog } = acceptSchema(
  { path: "cases.pg", text: CASE_SCHEMA },
  { domain: "01J8ZQ4V9S3M5T6W7X8Y9Z0A1B" },
);

function questionOf({ data, query, params = {} }: LanguageCase): Question {
  const text = `query q${query.startsWith("(") ? "" : "()"} ${query}`;
  return { schema: CASE_SCHEMA, data: data.join("\n"), query: text, params, nowMs: CASE_NOW_MS };
}

for (const one of LANGUAGE_CASES) {
  const question = questionOf(one);
  const expected = one.rows as readonly NaiveRow[];

  Deno.test(`naive evaluator: ${one.name}`, () => {
    const query = compileRead(catalog, question.query);
    assertAnswer(query, naiveAnswer(question, catalog, query), expected);
  });

  Deno.test(`executor: ${one.name}`, async () => {
    const { query, rows } = await engineAnswer(question);
    assertAnswer(query, rows, expected);
  });
}
