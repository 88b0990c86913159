import assert from "node:assert/strict";
import { join } from "@std/path";
import { withTempDir } from "../tests/support/process.ts";
import { parseCommandLine } from "./args.ts";
import { findServer } from "./scope.ts";

async function server(config: string, ...argv: string[]): Promise<string> {
  const parsed = parseCommandLine(["graphs", "list", ...argv]);
  assert.ok(parsed.kind === "command");
  return await withTempDir((folder) => {
    Deno.writeTextFileSync(join(folder, "config.yaml"), config);
    const context = {
      args: parsed.args,
      output: { out: () => {}, note: () => {}, outColour: false, noteColour: false },
      env: (name: string) => name === "OMNIGRAPH_HOME" ? folder : undefined,
      cwd: folder,
    };
    return Promise.resolve(findServer(context).baseUrl);
  });
}

Deno.test("a command for servers finds its server, or says that it needs one", async () => {
  assert.equal(
    await server("", "--server", "http://h/graphs/fleet"),
    "http://h",
    "a graph in the URL is cut off",
  );
  assert.equal(
    await server("defaults: { server: port, default_graph: fleet }\nservers: { port: { url: http://p } }\n"),
    "http://p",
  );
  await assert.rejects(server(""), /`graphs list` needs a server scope: pass `--server <name\|url>`/);
  await assert.rejects(server("defaults: { store: ./x }\n"), /requires a server.*resolves a store scope/);
  await assert.rejects(
    server("profiles: { yard: { cluster: s3://b } }\n", "--profile", "yard"),
    /requires a server.*resolves a cluster scope.*cluster status/,
  );
});

Deno.test("a server address is http or https and holds no secret", async () => {
  assert.equal(await server("", "--server", "https://h:8080/base/"), "https://h:8080/base");
  for (const wrong of ["ftp://h", "http://", "://x", "http://h/?a=1", "http://h/#x"]) {
    await assert.rejects(
      server("", "--server", wrong),
      /the server address .*: write `http:\/\/host:port`/,
      wrong,
    );
  }
  await assert.rejects(
    server("", "--server", "http://user:pw@h"),
    (error: Error) =>
      /must not hold a user or a password/.test(error.message) && !error.message.includes("pw@"),
  );
});
