/**
 * The server process: settings, boot, socket, signals. Exit codes: 0 after a clean shutdown, 1 when the server does not
 * start, 2 for wrong flags, 64 for a boot source of an older release in the environment.
 */
import { type Env, systemClock, systemEnv } from "../core/base/ports.ts";
import { ReadinessError } from "../core/cluster/serving.ts";
import { AppError } from "../core/errors.ts";
import { STORAGE_FORMAT, VERSION } from "../core/version.ts";
import { createApp } from "./app.ts";
import { boot } from "./boot.ts";
import { batchedSink, Log } from "./log.ts";
import { Admission, readAdmissionLimits } from "./middleware/admission.ts";
import { OpenBodies } from "./middleware/open_bodies.ts";
import { Registry } from "./registry.ts";
import { given, readSettings, type Settings } from "./settings.ts";
import { giveUpStartPermissions } from "./start_permissions.ts";
import { StreamRoom } from "./stream_room.ts";
import { textOf } from "./text_of.ts";

const SIGNALS = { SIGINT: 130, SIGTERM: 143 } as const;

/** Runs the server to its end and returns the exit code. */
async function main(args: readonly string[], env: Env): Promise<number> {
  const outcome = readSettings(args, env);
  if (outcome.kind === "exit") {
    const stream = outcome.exit === 0 ? Deno.stdout : Deno.stderr;
    stream.writeSync(new TextEncoder().encode(outcome.text + "\n"));
    return outcome.exit;
  }
  const { settings } = outcome;
  const { sink, flush } = batchedSink((bytes) => Deno.stderr.writeSync(bytes));
  const log = new Log({ level: settings.logLevel, clock: systemClock, sink });
  try {
    await serve(settings, env, log);
    return 0;
  } catch (error) {
    // A refusal to start is read by people: it is written as it is, not as a record.
    flush();
    const text = refusalText(error, settings);
    Deno.stderr.writeSync(new TextEncoder().encode(text + "\n"));
    return 1;
  } finally {
    flush();
  }
}

async function serve(settings: Settings, env: Env, log: Log): Promise<void> {
  const { revision, tokens, root } = await boot(settings, env, log);
  const registry = new Registry(revision);
  const bodies = new OpenBodies();
  try {
    const app = createApp({
      registry,
      tokens,
      admission: new Admission(readAdmissionLimits(env, log)),
      bodies,
      streams: new StreamRoom(),
      log,
      clock: systemClock,
      health: { version: VERSION, storageFormat: STORAGE_FORMAT, sourceVersion: settings.sourceVersion },
    });
    const tokensFile = given(env, "OMNIGRAPH_SERVER_BEARER_TOKENS_FILE");
    const server = listen(settings, app.fetch);
    log.info("serving", {
      bind: listenAddress(server.addr),
      mode: "cluster",
      graph_count: revision.graphs.size,
      cluster: settings.cluster,
    });
    const finish = () => bodies.idle().then(() => server.shutdown());
    const shutdown = untilShutdown(settings, finish, log);
    const bind = listenAddress({ transport: "tcp", ...settings.bind });
    await giveUpStartPermissions(tokensFile, root.kind === "local" ? null : { bind });
    await shutdown;
  } finally {
    await Promise.all([...registry.current.graphs.values()].map(({ graph }) => graph.close()));
  }
}

/** Opens the socket. Throws `AppError("invalid_input")` when the address cannot be had. */
function listen(
  { bind: { hostname, port } }: Settings,
  handler: (request: Request) => Response | Promise<Response>,
): Deno.HttpServer<Deno.NetAddr> {
  try {
    return Deno.serve({ hostname, port, onListen: announce }, (request) => handler(request));
  } catch (cause) {
    const reason = cause instanceof Deno.errors.AddrInUse
      ? "is in use"
      : `cannot be listened on (${cause instanceof Error ? cause.message : String(cause)})`;
    const address = listenAddress({ transport: "tcp", hostname, port });
    throw new AppError("invalid_input", `address ${address} ${reason}: choose another --bind`, { cause });
  }
}

/** The one line on stdout, once the socket is owned. */
function announce(address: Deno.NetAddr): void {
  Deno.stdout.writeSync(new TextEncoder().encode(`OMNIGRAPH_LISTEN_ADDR=${listenAddress(address)}\n`));
}

function listenAddress({ hostname, port }: Deno.NetAddr): string {
  return hostname.includes(":") ? `[${hostname}]:${port}` : `${hostname}:${port}`;
}

/**
 * Waits for the first signal (or the end of standard input, if that is one), then for `finish`, which lets open
 * requests end, at most the grace period. A second signal ends the process at once.
 */
async function untilShutdown(settings: Settings, finish: () => Promise<void>, log: Log): Promise<void> {
  const signalled = Promise.withResolvers<void>();
  let signals = 0;
  const listeners = (["SIGINT", "SIGTERM"] as const).map((signal) => {
    const listener = () => {
      if (++signals > 1) Deno.exit(SIGNALS[signal]);
      log.info("shutdown signal received", { signal });
      signalled.resolve();
    };
    Deno.addSignalListener(signal, listener);
    return () => Deno.removeSignalListener(signal, listener);
  });
  if (settings.untilStdinEnds) {
    void stdinEnd().then(() => {
      if (++signals === 1) log.info("shutdown signal received", { signal: "end of standard input" });
      signalled.resolve();
    });
  }
  await signalled.promise;
  const grace = Promise.withResolvers<void>();
  const { shutdownGraceMs } = settings;
  const timer = setTimeout(() => {
    log.warn("shutdown grace is over: open requests are aborted", { grace_ms: shutdownGraceMs });
    grace.resolve();
  }, shutdownGraceMs);
  await Promise.race([finish(), grace.promise]);
  clearTimeout(timer);
  for (const remove of listeners) remove();
}

/** Settles when standard input has ended or cannot be read any more. */
async function stdinEnd(): Promise<void> {
  const ignored = new Uint8Array(256);
  try {
    while (await Deno.stdin.read(ignored) !== null) ignored.fill(0);
  } catch {
    // as good as its end
  }
}

/** Why the server does not start. Surprises come with their stack. */
function refusalText(error: unknown, settings: Settings): string {
  if (error instanceof ReadinessError) {
    return `the cluster at '${settings.cluster}' is not ready to serve:\n${error.message}`;
  }
  if (error instanceof AppError) return textOf(error);
  return error instanceof Error ? error.stack ?? error.message : String(error);
}

if (import.meta.main) Deno.exit(await main(Deno.args, systemEnv));
