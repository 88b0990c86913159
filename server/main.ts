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
import { readSettings, type Settings } from "./settings.ts";
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
  const { revision, tokens } = await boot(settings, env, log);
  const registry = new Registry(revision);
  const bodies = new OpenBodies();
  try {
    const app = createApp({
      registry,
      tokens,
      admission: new Admission(readAdmissionLimits(env, log)),
      bodies,
      log,
      clock: systemClock,
      health: { version: VERSION, storageFormat: STORAGE_FORMAT, sourceVersion: settings.sourceVersion },
    });
    const { hostname, port } = settings.bind;
    const server = Deno.serve({ hostname, port, onListen: announce }, app.fetch);
    log.info("serving", {
      bind: listenAddress(server.addr as Deno.NetAddr),
      mode: "cluster",
      graph_count: revision.graphs.size,
      cluster: settings.cluster,
    });
    const finish = () => bodies.idle().then(() => server.shutdown());
    await untilShutdown(finish, settings.shutdownGraceMs, log);
  } finally {
    await Promise.all([...registry.current.graphs.values()].map(({ graph }) => graph.close()));
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
 * Waits for the first signal, then for `finish`, which lets open requests end, at most the grace period. A second signal
 * ends the process at once.
 */
async function untilShutdown(finish: () => Promise<void>, graceMs: number, log: Log): Promise<void> {
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
  await signalled.promise;
  const grace = Promise.withResolvers<void>();
  const timer = setTimeout(() => {
    log.warn("shutdown grace is over: open requests are aborted", { grace_ms: graceMs });
    grace.resolve();
  }, graceMs);
  await Promise.race([finish(), grace.promise]);
  clearTimeout(timer);
  for (const remove of listeners) remove();
}

/** Why the server does not start. Surprises come with their stack. */
function refusalText(error: unknown, settings: Settings): string {
  if (error instanceof ReadinessError) {
    return `the cluster at '${settings.cluster}' is not ready to serve:\n${error.message}`;
  }
  if (error instanceof AppError) return textOf(error);
  const { hostname, port } = settings.bind;
  if (error instanceof Deno.errors.AddrInUse) {
    return `address ${hostname}:${port} is in use: choose another --bind`;
  }
  return error instanceof Error ? error.stack ?? error.message : String(error);
}

if (import.meta.main) Deno.exit(await main(Deno.args, systemEnv));
