/** Real server processes on a free port. */
import { fileURLToPath } from "node:url";
import { type Answer, readAnswer } from "./http_app.ts";

const LAUNCH = fileURLToPath(new URL("../../server/launch.ts", import.meta.url));

/** How the launcher itself runs: it finds the storage root and starts the sandboxed server. */
const LAUNCH_FLAGS = [
  "run",
  "--no-prompt",
  "--quiet",
  "--allow-read",
  "--allow-env=OMNIGRAPH_*,AWS_*,HOME",
  "--ignore-env=LOG_TOKENS,LOG_STREAM",
  "--allow-run",
];

/** A server that listens. */
export interface ServerProcess {
  readonly port: number;
  /** Sends a request; `json` becomes the body. */
  ask(method: string, path: string, options?: AskOptions): Promise<Answer>;
  /** Everything on stdout so far. */
  stdout(): string;
  /** Everything on stderr so far. */
  stderr(): string;
  /** Sends SIGTERM and returns the exit code. */
  stop(): Promise<number>;
  /** Kills the launcher, which cannot say anything to the server any more, and waits until both are gone. */
  orphan(): Promise<void>;
}

/** A request in short. */
export interface AskOptions {
  readonly token?: string;
  readonly json?: unknown;
  readonly body?: BodyInit;
  readonly headers?: Readonly<Record<string, string>>;
  /** Gives the request up. */
  readonly signal?: AbortSignal;
}

/** A server that ended before it listened. */
export interface FailedStart {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Starts a server with these flags (the port is chosen by the system) and waits until it listens. */
export async function startServer(
  flags: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<ServerProcess> {
  const outcome = await tryServer(flags, env);
  if ("port" in outcome) return outcome;
  throw new Error(`the server ended with ${outcome.code}: ${outcome.stderr}`);
}

/** Starts a server that may refuse to start. */
export async function tryServer(
  flags: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<ServerProcess | FailedStart> {
  const bind = flags.some((flag) => flag.startsWith("--bind")) ? [] : ["--bind", "127.0.0.1:0"];
  const child = new Deno.Command(Deno.execPath(), {
    args: [...LAUNCH_FLAGS, LAUNCH, ...flags, ...bind],
    env: { ...env },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const stdout = gather(child.stdout);
  const stderr = gather(child.stderr);
  const port = await Promise.race([
    stdout.find(/^OMNIGRAPH_LISTEN_ADDR=.*:(\d+)\n/m),
    child.status.then(() => null),
  ]);
  if (port === null) {
    const { code } = await child.status;
    await Promise.all([stdout.done, stderr.done]);
    return { code, stdout: stdout.text(), stderr: stderr.text() };
  }
  return {
    port: Number(port),
    stdout: stdout.text,
    stderr: stderr.text,
    ask: (method, path, options = {}) => ask(`http://127.0.0.1:${port}${path}`, method, options),
    stop: async () => {
      child.kill("SIGTERM");
      const { code } = await child.status;
      await Promise.all([stdout.done, stderr.done]);
      return code;
    },
    orphan: async () => {
      child.kill("SIGKILL");
      // The server holds the other ends of both pipes.
      await Promise.all([child.status, stdout.done, stderr.done]);
    },
  };
}

async function ask(url: string, method: string, options: AskOptions): Promise<Answer> {
  const headers = new Headers(options.headers);
  if (options.token !== undefined) headers.set("Authorization", `Bearer ${options.token}`);
  if (options.json !== undefined) headers.set("Content-Type", "application/json");
  const body = options.json === undefined ? options.body : JSON.stringify(options.json);
  const { signal = null } = options;
  return await readAnswer(
    await fetch(url, { method, headers, signal, ...(body === undefined ? {} : { body }) }),
  );
}

/** Collects a stream as text while it runs. */
function gather(stream: ReadableStream<Uint8Array>) {
  let text = "";
  let notify = () => {};
  const done = (async () => {
    for await (const chunk of stream.pipeThrough(new TextDecoderStream())) {
      text += chunk;
      notify();
    }
  })();
  return {
    done,
    text: () => text,
    /** The first group of the first match; never settles when none comes. */
    find: (pattern: RegExp) =>
      new Promise<string>((resolve) => {
        notify = () => {
          const match = pattern.exec(text);
          if (match !== null) resolve(match[1]!);
        };
        notify();
      }),
  };
}
