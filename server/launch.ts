/**
 * Starts the server in a process of its own that may reach its storage root, its socket and the two native files it
 * loads, and nothing else. Takes the server's flags, and `--print` to show the command instead of running it.
 *
 * This process reads the configuration, to find the storage root; from then on it only passes signals and the exit
 * code on.
 */
import { fileURLToPath, pathToFileURL } from "node:url";
import { resolve } from "@std/path";
import { type Env, systemEnv } from "../core/base/ports.ts";
import { resolveClusterRoot } from "../core/cluster/resolve.ts";
import { cedarWasmPath } from "../core/policy/gate.ts";
import { lanceLibraryPath } from "../core/storage/lance_library.ts";
import { s3Reach } from "../core/storage/s3_reach.ts";
import { readS3Settings } from "../core/storage/s3_settings.ts";
import { showUri, type StorageUri } from "../core/storage/uri.ts";
import { permissionFlags } from "./permissions.ts";
import { given, readSettings, type Settings } from "./settings.ts";
import { textOf } from "./text_of.ts";

/** The arguments of `deno` that run a sandboxed server. Throws `AppError` when the cluster cannot be found. */
export async function serverArguments(settings: Settings, env: Env): Promise<string[]> {
  const root = await resolveClusterRoot(settings.cluster, Deno.cwd());
  const { hostname, port } = settings.bind;
  const bind = `${hostname.includes(":") ? `[${hostname}]` : hostname}:${port}`;
  const tokensFile = given(env, "OMNIGRAPH_SERVER_BEARER_TOKENS_FILE");
  const flags = permissionFlags({
    root: root.kind === "local" ? realPath(root.path) : null,
    s3: root.kind === "s3" ? s3Reach(readS3Settings(env, root.bucket), root.bucket, env) : null,
    bind,
    // As it is named, even if it is a link: that is the path the server reads.
    tokensFile: tokensFile === null ? null : resolve(tokensFile),
    policyWasm: cedarWasmPath(),
    tableLibrary: await lanceLibraryPath(),
  });
  return [
    "run",
    ...flags,
    fileURLToPath(new URL("./main.ts", import.meta.url)),
    `--cluster=${rootArgument(root)}`,
    `--bind=${bind}`,
    ...(settings.unauthenticated ? ["--unauthenticated"] : []),
    ...(settings.requireAllGraphs ? ["--require-all-graphs"] : []),
  ];
}

async function launch(args: readonly string[], env: Env): Promise<number> {
  const print = args.includes("--print");
  const outcome = readSettings(args.filter((arg) => arg !== "--print"), env);
  if (outcome.kind === "exit") {
    if (outcome.exit === 0) console.log(outcome.text);
    else console.error(outcome.text);
    return outcome.exit;
  }
  let command: string[];
  try {
    command = await serverArguments(outcome.settings, env);
  } catch (error) {
    console.error(textOf(error));
    return 1;
  }
  if (print) {
    console.log(["deno", ...command].map(shellWord).join(" "));
    return 0;
  }
  return await runChild(command, outcome.settings.shutdownGraceMs);
}

/** What each signal to this process becomes for the server; a closed terminal is a request to stop. */
const FORWARDED = { SIGINT: "SIGINT", SIGTERM: "SIGTERM", SIGHUP: "SIGTERM" } as const;

/** How long the server may take to follow a signal, beyond its grace, before it is killed; milliseconds. */
const FOLLOWING_MS_MAX = { first: 5000, second: 1000 };

/**
 * Runs the server to its end, passing signals on. It has a process group of its own, so that each comes once. Its
 * standard input is a pipe that this process holds open: when this process is killed, the pipe ends and so does the
 * server. A server that is too busy to notice signals is killed; storage is safe against that at any moment.
 */
async function runChild(args: readonly string[], graceMs: number): Promise<number> {
  const child = new Deno.Command(Deno.execPath(), {
    args: [...args, "--until-stdin-ends"],
    stdin: "piped",
    stdout: "inherit",
    stderr: "inherit",
    detached: true,
  }).spawn();
  const send = (signal: Deno.Signal) => {
    try {
      child.kill(signal);
    } catch {
      // it has ended already
    }
  };
  let signals = 0;
  for (const [received, sent] of Object.entries(FORWARDED) as [Deno.Signal, Deno.Signal][]) {
    Deno.addSignalListener(received, () => {
      send(sent);
      const patienceMs = ++signals === 1 ? graceMs + FOLLOWING_MS_MAX.first : FOLLOWING_MS_MAX.second;
      setTimeout(() => send("SIGKILL"), patienceMs);
    });
  }
  return (await child.status).code;
}

/** The storage root as the server's `--cluster`: a URI, so that the server reads no configuration. */
function rootArgument(root: StorageUri): string {
  return root.kind === "local" ? pathToFileURL(realPath(root.path)).href : showUri(root);
}

/** The path without links, as permissions compare it; a path that does not exist stays as it is. */
function realPath(path: string): string {
  try {
    return Deno.realPathSync(path);
  } catch {
    return path;
  }
}

function shellWord(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}

if (import.meta.main) Deno.exit(await launch(Deno.args, systemEnv));
