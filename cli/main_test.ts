/** The command line as a process: who listens to it and what it leaves when it ends. */
import assert from "node:assert/strict";
import { cliArguments, omnigraph, PROJECT } from "../tests/support/process.ts";

async function withoutReader(args: readonly string[]): Promise<{ code: number; stderr: string }> {
  const child = new Deno.Command(Deno.execPath(), {
    args: cliArguments(args),
    cwd: PROJECT,
    env: { NO_COLOR: "1", OMNIGRAPH_HOME: "/nonexistent", OMNIGRAPH_PROFILE: "" },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  await child.stdout.cancel();
  const stderr = await new Response(child.stderr).text();
  return { code: (await child.status).code, stderr };
}

Deno.test("a reader that closes stdout, as `head` does, ends a command silently with 141", async () => {
  for (
    const args of [["--help"], ["help", "query"], ["cluster", "validate", "--config", "fixtures/apiary"]]
  ) {
    assert.deepEqual(await withoutReader(args), { code: 141, stderr: "" }, args.join(" "));
  }
});

Deno.test("a closed stderr hides the message but not the exit code", async () => {
  const child = new Deno.Command(Deno.execPath(), {
    args: cliArguments(["nope"]),
    cwd: PROJECT,
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  await child.stderr.cancel();
  assert.equal(await new Response(child.stdout).text(), "");
  assert.equal((await child.status).code, 2);
});

Deno.test({
  name: "output that cannot be written is a failure that says why",
  ignore: Deno.build.os !== "linux",
  async fn() {
    // The shell is only there to open the device that is always full.
    const { code, stderr } = await new Deno.Command("/bin/sh", {
      args: ["-c", '"$0" "$@" > /dev/full', Deno.execPath(), ...cliArguments(["version"])],
      cwd: PROJECT,
      env: { NO_COLOR: "1" },
      stdin: "null",
      stdout: "null",
      stderr: "piped",
    }).output();
    assert.equal(code, 1);
    assert.equal(
      new TextDecoder().decode(stderr),
      "error: the output cannot be written\n  caused by: No space left on device (os error 28)\n",
    );
  },
});

Deno.test("wrong use exits 64 for cluster commands and 2 for all others", async () => {
  const code = async (...args: string[]) => (await omnigraph(args)).code;
  assert.equal(await code("cluster", "plan", "--server", "x"), 64);
  assert.equal(await code("--quiet", "cluster", "nope"), 64);
  assert.equal(await code("query", "cluster"), 2, "a stored query may have the name of a command");
  assert.equal(await code("--server", "cluster", "snapshot"), 2, "so may a server");
});

Deno.test("help for what is no command says why there is none", async () => {
  const help = async (...words: string[]) => (await omnigraph(["help", ...words])).stderr;
  assert.match(await help("quer"), /unknown command `quer`: did you mean `query`\?/);
  assert.match(await help("cluster", "aply"), /`cluster` has no subcommand `aply`/);
  assert.match(await help("optimize"), /`optimize` is not in this version yet/);
});
