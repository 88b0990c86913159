/**
 * A real S3 server for tests, on a free loopback port with temporary data. It is built once from its source with `go
 * install`, in a pinned version, and kept in the user's cache folder.
 *
 * Where that is not possible the tests that need it are ignored, and say so.
 */
import { join } from "@std/path";
import type { Env } from "../../core/base/ports.ts";

/** Honours If-None-Match and If-Match, and locks while it judges them. */
const MODULE = "github.com/versity/versitygw";
const VERSION = "v1.8.0";
/** Building it takes a minute on two cores. */
const BUILD_MS_MAX = 8 * 60_000;
const START_MS_MAX = 20_000;
/** A server that cannot have its port ends within this time. */
const SETTLED_MS = 300;

const ACCESS_KEY = "test-access-key";
const SECRET_KEY = "test-secret-key";

/** A running server. */
export interface S3Server {
  readonly endpoint: string;
  /** The variables that lead there. */
  readonly variables: Readonly<Record<string, string>>;
  /** The same, to be handed to what asks for an environment. */
  readonly env: Env;
  /** Makes a new, empty bucket and returns its name. */
  makeBucket(): string;
  /** Folder of all buckets; each object is a file. */
  readonly data: string;
  stop(): Promise<void>;
}

/** Starts a server, or returns why there can be none. */
export async function startS3Server(): Promise<S3Server | { readonly missing: string }> {
  const program = await installed();
  if ("missing" in program) return program;
  const data = Deno.makeTempDirSync({ prefix: "omnigraph-s3-" });
  for (let attempt = 1;; attempt++) {
    const port = freePort();
    const child = spawnServer(program.path, port, data);
    // Who answers may be somebody else, who took the port a moment earlier; then ours ends at once.
    if (await answers(port) && await staysAlive(child)) return serverAt(port, data, child);
    await stopChild(child);
    if (attempt === 3) return { missing: `${program.path} does not start` };
  }
}

/**
 * For the top of a test file: the server of this file, which ends with its tests, and `test`, which registers tests that
 * need it.
 */
export async function s3ForTests(): Promise<
  {
    readonly server: () => S3Server;
    readonly test: (name: string, body: () => Promise<void>) => void;
    readonly ignore: boolean;
  }
> {
  const server = await startS3Server();
  if ("missing" in server) {
    console.error(`\n!!! NO S3 SERVER: ${server.missing}. The tests on S3 are ignored.\n`);
    return {
      server: () => {
        throw new Error(server.missing);
      },
      test: (name, fn) => Deno.test({ name, fn, ignore: true }),
      ignore: true,
    };
  }
  Deno.test.afterAll(() => server.stop());
  return { server: () => server, test: (name, fn) => Deno.test({ name, fn }), ignore: false };
}

/** The variables that lead to another address, e.g. a proxy in front of the server. */
export function variablesFor(endpoint: string): Record<string, string> {
  return {
    AWS_ENDPOINT_URL: endpoint,
    AWS_REGION: "us-east-1",
    AWS_ACCESS_KEY_ID: ACCESS_KEY,
    AWS_SECRET_ACCESS_KEY: SECRET_KEY,
  };
}

/** An environment of these variables alone. */
export function envOf(variables: Readonly<Record<string, string>>): Env {
  return { get: (name) => variables[name] };
}

function serverAt(port: number, data: string, child: Deno.ChildProcess): S3Server {
  const variables = variablesFor(`http://127.0.0.1:${port}`);
  let buckets = 0;
  return {
    endpoint: `http://127.0.0.1:${port}`,
    variables,
    env: envOf(variables),
    data,
    makeBucket() {
      const bucket = `bucket-${++buckets}`;
      Deno.mkdirSync(join(data, bucket));
      return bucket;
    },
    async stop() {
      await stopChild(child);
      Deno.removeSync(data, { recursive: true });
    },
  };
}

/** The server ends when its standard input does, hence with this process, however that ends. */
function spawnServer(program: string, port: number, data: string): Deno.ChildProcess {
  const script =
    'exec 3<&0; "$0" "$@" & pid=$!; (cat <&3 > /dev/null; kill -9 $pid) 2> /dev/null & wait $pid';
  const address = ["--port", `127.0.0.1:${port}`, "--quiet", "--keep-alive"];
  return new Deno.Command("sh", {
    args: ["-c", script, program, ...address, "posix", data],
    env: { ROOT_ACCESS_KEY: ACCESS_KEY, ROOT_SECRET_KEY: SECRET_KEY },
    stdin: "piped",
    stdout: "null",
    stderr: "null",
  }).spawn();
}

async function stopChild(child: Deno.ChildProcess): Promise<void> {
  await child.stdin.close();
  await child.status;
}

async function answers(port: number): Promise<boolean> {
  const giveUpAt = performance.now() + START_MS_MAX;
  while (performance.now() < giveUpAt) {
    try {
      (await Deno.connect({ hostname: "127.0.0.1", port })).close();
      return true;
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
  return false;
}

async function staysAlive(child: Deno.ChildProcess): Promise<boolean> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const waited = new Promise<boolean>((resolve) => timer = setTimeout(() => resolve(true), SETTLED_MS));
  const alive = await Promise.race([waited, child.status.then(() => false)]);
  clearTimeout(timer);
  return alive;
}

function freePort(): number {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr;
  listener.close();
  return port;
}

/** The program in the cache, built when it is not there; one process builds, the others wait. */
async function installed(): Promise<{ readonly path: string } | { readonly missing: string }> {
  const cache = cacheFolder();
  if (cache === null) return { missing: "neither XDG_CACHE_HOME nor HOME is set" };
  const folder = join(cache, "omnigraph-tests", `versitygw-${VERSION}`);
  const path = join(folder, "versitygw");
  if (isFile(path)) return { path };
  Deno.mkdirSync(folder, { recursive: true });
  const lock = Deno.openSync(join(folder, "lock"), { create: true, write: true });
  try {
    await lock.lock(true);
    if (isFile(path)) return { path };
    return await build(folder) ?? { path };
  } finally {
    lock.close();
  }
}

/** Builds into a folder of its own first, so that the program is there whole or not at all. */
async function build(folder: string): Promise<{ readonly missing: string } | null> {
  const making = Deno.makeTempDirSync({ dir: folder });
  console.error(`building the S3 server for the tests (${MODULE} ${VERSION}), once …`);
  try {
    const { success, stderr } = await new Deno.Command("go", {
      args: ["install", `${MODULE}/cmd/versitygw@${VERSION}`],
      env: { GOBIN: making },
      stdin: "null",
      stdout: "null",
      stderr: "piped",
      signal: AbortSignal.timeout(BUILD_MS_MAX),
    }).output();
    if (!success) {
      return { missing: `go install failed: ${new TextDecoder().decode(stderr).trim().slice(-500)}` };
    }
    Deno.renameSync(join(making, "versitygw"), join(folder, "versitygw"));
    return null;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return { missing: "Go is not installed, which builds it" };
    throw error;
  } finally {
    Deno.removeSync(making, { recursive: true });
  }
}

function cacheFolder(): string | null {
  const home = Deno.env.get("HOME");
  return Deno.env.get("XDG_CACHE_HOME") ?? (home === undefined ? null : join(home, ".cache"));
}

function isFile(path: string): boolean {
  try {
    return Deno.statSync(path).isFile;
  } catch {
    return false;
  }
}
