import assert from "node:assert/strict";
import { parseCommandLine } from "./args.ts";
import { type Ask, requireConsent } from "./consent.ts";

const LABEL = "load --mode overwrite";

async function consent(argv: readonly string[], answer: string | null): Promise<string[]> {
  const parsed = parseCommandLine(["load", "--data", "x", "--mode", "overwrite", ...argv]);
  assert.ok(parsed.kind === "command");
  const questions: string[] = [];
  const ask: Ask = (question) => {
    questions.push(question);
    return answer;
  };
  const context = {
    args: parsed.args,
    output: { out: () => {}, note: () => {}, outColour: false, noteColour: false },
    env: () => undefined,
    cwd: "/home/quay",
  };
  await requireConsent(context, LABEL, parsed.args.positionals[0], ask);
  return questions;
}

Deno.test("a local target and --yes need no consent (cli 26)", async () => {
  assert.deepEqual(await consent(["fleet.omni"], null), []);
  assert.deepEqual(await consent(["--store", "file:///data/fleet.omni"], null), []);
  assert.deepEqual(await consent(["--server", "http://quay.example", "--graph", "fleet", "--yes"], null), []);
});

Deno.test("elsewhere a person is asked, and refused where nobody can be (cli 26)", async () => {
  const served = ["--server", "http://quay.example", "--graph", "fleet"];
  for (const yes of ["y\n", "YES\n", " Yes \n"]) assert.equal((await consent(served, yes)).length, 1);
  for (const no of ["\n", "", "n\n", "yesterday\n"]) {
    await assert.rejects(consent(served, no), /^AppError: aborted/);
  }
  const refusing = /refusing destructive `load --mode overwrite`.*pass `--yes`/;
  await assert.rejects(consent(served, null), refusing);
  await assert.rejects(consent([...served, "--json"], "y\n"), refusing);
  await assert.rejects(consent(["s3://quay-data/fleet.omni"], null), refusing);
});
