/** The server process can reach its storage root and its socket, and nothing else. */
import assert from "node:assert/strict";
import { join } from "@std/path";
import { fileURLToPath } from "node:url";
import { serverArguments } from "../../server/launch.ts";
import { readSettings, type Settings } from "../../server/settings.ts";
import { withTempDir } from "../support/process.ts";

const PROBE = fileURLToPath(new URL("../support/sandbox_probe.ts", import.meta.url));
const NO_ENV = { get: () => undefined };

function settingsOf(args: readonly string[]): Settings {
  const outcome = readSettings(args, NO_ENV);
  assert.ok(outcome.kind === "settings");
  return outcome.settings;
}

/** Flags of `deno run` up to the module, and the server's arguments after it. */
function splitAtModule(args: readonly string[]): { flags: readonly string[]; rest: readonly string[] } {
  const at = args.findIndex((arg) => arg.endsWith("/server/main.ts"));
  return { flags: args.slice(1, at), rest: args.slice(at + 1) };
}

Deno.test("the launcher's flags allow nothing as a whole", async () => {
  await withTempDir(async (folder) => {
    const args = await serverArguments(settingsOf(["--cluster", folder, "--bind", "[::1]:0"]), NO_ENV);
    const { flags, rest } = splitAtModule(args);
    assert.ok(flags.includes("--no-prompt"));
    for (const flag of flags) {
      assert.match(flag, /^--(no-prompt|no-remote|cached-only|(allow|ignore)-[a-z]+=.+)$/);
    }
    const allowed = flags.flatMap((flag) =>
      /^--allow-([a-z]+)=(.*)$/.exec(flag)?.slice(1, 3).join("=") ?? []
    );
    assert.deepEqual(allowed.map((flag) => flag.split("=")[0]).sort(), [
      "env",
      "ffi",
      "net",
      "read",
      "write",
    ]);
    assert.ok(allowed.includes(`write=${folder}`));
    assert.ok(allowed.includes("net=[::1]:0"));
    assert.deepEqual(rest, [`--cluster=file://${folder}`, "--bind=[::1]:0"]);
  });
});

Deno.test("a root that no flag can express is refused", async () => {
  await withTempDir(async (folder) => {
    const odd = join(folder, "a,b");
    Deno.mkdirSync(odd);
    await assert.rejects(serverArguments(settingsOf(["--cluster", odd]), NO_ENV), /holds a comma/);
  });
});

Deno.test("under the server's flags JavaScript reads and writes the root, and reaches nothing else", async () => {
  await withTempDir(async (folder) => {
    const root = join(folder, "root");
    Deno.mkdirSync(root);
    Deno.writeTextFileSync(join(root, "inside.txt"), "in");
    Deno.writeTextFileSync(join(folder, "outside.txt"), "out");
    Deno.writeTextFileSync(join(folder, "outside.ts"), "export {};");
    const tokens = join(folder, "tokens.json");
    Deno.writeTextFileSync(tokens, "{}");
    const env = {
      get: (name: string) => name === "OMNIGRAPH_SERVER_BEARER_TOKENS_FILE" ? tokens : undefined,
    };
    const { flags } = splitAtModule(await serverArguments(settingsOf(["--cluster", root]), env));
    const library = flags.find((flag) => flag.startsWith("--allow-ffi="))!.slice("--allow-ffi=".length);
    const files = [
      join(root, "inside.txt"),
      join(folder, "outside.txt"),
      join(folder, "outside.ts"),
      library,
      tokens,
    ];
    const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["run", "--quiet", ...flags, PROBE, ...files],
      stdout: "piped",
      stderr: "piped",
    }).output();
    assert.ok(success, new TextDecoder().decode(stderr));
    assert.deepEqual(JSON.parse(new TextDecoder().decode(stdout)), {
      readInside: "ok",
      writeInside: "ok",
      readOutside: "NotCapable",
      readSystem: "NotCapable",
      readUpwards: "NotCapable",
      writeOutside: "NotCapable",
      run: "NotCapable",
      otherVariable: "NotCapable",
      allVariables: "hidden",
      otherPort: "NotCapable",
      otherHost: "NotCapable",
      library: "NotCapable",
      system: "NotCapable",
      linkOutwards: "NotCapable",
      signalParent: "NotCapable",
      remoteModule: "TypeError",
      newPackage: "TypeError",
      moduleOutside: "TypeError",
      textOutside: "TypeError",
      workerRead: "NotCapable",
      ownLibrary: "ok",
      ownTokens: "ok",
      ownVariable: "ok",
      givenUp: "ok",
      ownLibraryLater: "NotCapable",
      ownTokensLater: "NotCapable",
      ownVariableLater: "NotCapable",
      ownSocketLater: "NotCapable",
      readInsideLater: "ok",
    });
  });
});
