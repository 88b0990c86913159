import assert from "node:assert/strict";
import { AppError } from "../core/errors.ts";
import { parseCommandLine } from "./args.ts";
import { askedQuery } from "./source.ts";

function params(text: string): unknown {
  const parsed = parseCommandLine(["query", "beds", "--server", "http://h", "--params", text]);
  assert.ok(parsed.kind === "command");
  const asked = askedQuery({
    args: parsed.args,
    output: { out: () => {}, note: () => {}, outColour: false, noteColour: false },
    env: () => undefined,
    cwd: "/",
  });
  assert.ok(asked.kind === "stored");
  return asked.params;
}

Deno.test("parameters are a JSON object or null, also for a server, and keep all digits (cli 36)", () => {
  assert.deepEqual(params('{"n": 9007199254740993}'), { n: 9007199254740993n });
  assert.equal(params("null"), null);
  for (const text of ["[]", "3", '"x"', "true", "{", "", '{"a":1,"a":2}']) {
    assert.throws(
      () => params(text),
      (error) => error instanceof AppError && error.message === "params must be a JSON object",
      text,
    );
  }
});
