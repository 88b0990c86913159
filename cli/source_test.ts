import assert from "node:assert/strict";
import { join } from "@std/path";
import { AppError } from "../core/errors.ts";
import { parseCommandLine } from "./args.ts";
import { withTempDir } from "../tests/support/process.ts";
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

Deno.test("source files keep their byte order mark, parameter files do not, and both must be UTF-8", async () => {
  await withTempDir((folder) => {
    const write = (name: string, bytes: Uint8Array) => Deno.writeFileSync(join(folder, name), bytes);
    const marked = (text: string) => new TextEncoder().encode(`\ufeff${text}`);
    write("marked.gq", marked("query beds() {}"));
    write("marked.json", marked('{"n": 1}'));
    write("latin.gq", Uint8Array.of(0x71, 0xe4));
    const asked = (...args: string[]) => {
      const parsed = parseCommandLine(["query", "--server", "http://h", ...args]);
      assert.ok(parsed.kind === "command");
      const output = { out: () => {}, note: () => {}, outColour: false, noteColour: false };
      return askedQuery({ args: parsed.args, output, env: () => undefined, cwd: folder });
    };
    const file = asked("--query", "marked.gq");
    assert.equal(file.kind === "source" && file.request.source, "\ufeffquery beds() {}");
    const stored = asked("beds", "--params-file", "marked.json");
    assert.deepEqual(stored.kind === "stored" && stored.params, { n: 1 });
    assert.throws(() => asked("--query", "latin.gq"), { message: "file `latin.gq` is not UTF-8 text" });
    return Promise.resolve();
  });
});
