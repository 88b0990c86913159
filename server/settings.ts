/** Flags and environment of the server as one typed value, or the reason why it does not start. */
import type { Env } from "../core/base/ports.ts";
import { type Level, LEVELS } from "./log.ts";

/** What the server was asked to be. */
export interface Settings {
  /** Directory or storage URI, as given. */
  readonly cluster: string;
  /** Host without brackets; port 0 lets the system choose. */
  readonly bind: { readonly hostname: string; readonly port: number };
  /** Allow serving without tokens. */
  readonly unauthenticated: boolean;
  /** Any quarantined graph aborts the start. */
  readonly requireAllGraphs: boolean;
  readonly logLevel: Level;
  /** Shut down when standard input ends: a process that starts this one holds it open for as long as it lives. */
  readonly untilStdinEnds: boolean;
  /** How long a shutdown waits for open requests, milliseconds. */
  readonly shutdownGraceMs: number;
  /** Version of the sources of this build; null when unknown. */
  readonly sourceVersion: string | null;
}

/**
 * The outcome of {@linkcode readSettings}. Exit 0 prints help; 2 is a usage error; 64 a boot source of an older
 * release in the environment; 1 everything else that keeps the server from starting.
 */
export type SettingsOutcome =
  | { readonly kind: "settings"; readonly settings: Settings }
  | { readonly kind: "exit"; readonly exit: 0 | 1 | 2 | 64; readonly text: string };

const DEFAULT_BIND = "127.0.0.1:8080";
const DEFAULT_GRACE_MS = 30_000;
/** A day; timers cannot wait for longer than 24. */
const GRACE_MS_MAX = 86_400_000;

/** Variables that named a boot source before clusters did. */
const FORMER_SOURCES = ["OMNIGRAPH_TARGET_URI", "OMNIGRAPH_CONFIG", "OMNIGRAPH_TARGET"] as const;

/** What `--help` prints. */
export const SERVER_HELP = `omnigraph-server: serves the graphs of an applied cluster over HTTP

usage: omnigraph-server --cluster <dir|uri> [flags]

  --cluster <dir|uri>     config directory, or storage root (file://, s3://)   OMNIGRAPH_CLUSTER
  --bind <host:port>      default ${DEFAULT_BIND}; port 0: any free port         OMNIGRAPH_BIND
  --unauthenticated       serve without tokens: anyone may read and write      OMNIGRAPH_UNAUTHENTICATED
  --require-all-graphs    do not start when any graph cannot be served         OMNIGRAPH_REQUIRE_ALL_GRAPHS
  --until-stdin-ends      shut down when standard input ends: when its owner is gone

tokens: OMNIGRAPH_SERVER_BEARER_TOKENS_FILE or OMNIGRAPH_SERVER_BEARER_TOKENS_JSON (actor to token),
        OMNIGRAPH_SERVER_BEARER_TOKEN (one token, actor \`default\`)
logs:   OMNIGRAPH_LOG = debug | info | warn | error`;

/** The server's flags, and which take a value. */
const FLAGS = {
  "--cluster": { value: true },
  "--bind": { value: true },
  "--unauthenticated": { value: false },
  "--require-all-graphs": { value: false },
  "--until-stdin-ends": { value: false },
} as const;

type Flag = keyof typeof FLAGS;

/** Reads settings: a value flag beats its variable, a boolean flag and its variable are OR-ed, blank is unset. */
export function readSettings(args: readonly string[], env: Env): SettingsOutcome {
  if (args.includes("--help") || args.includes("-h")) return { kind: "exit", exit: 0, text: SERVER_HELP };
  const flags = readFlags(args);
  if (typeof flags === "string") return refuse(2, flags);
  const former = FORMER_SOURCES.find((name) => given(env, name) !== null);
  if (former !== undefined) {
    return refuse(64, `${former} is no boot source any more: unset it and use --cluster <dir|uri>`);
  }
  const cluster = flags.get("--cluster") ?? given(env, "OMNIGRAPH_CLUSTER");
  if (cluster === null) return refuse(1, "no cluster given: use --cluster <dir|uri> or OMNIGRAPH_CLUSTER");
  const bindText = flags.get("--bind") ?? given(env, "OMNIGRAPH_BIND") ?? DEFAULT_BIND;
  const bind = parseBind(bindText);
  if (bind === null) return refuse(1, `bind address '${bindText}' is not <host>:<port>`);
  const logLevel = given(env, "OMNIGRAPH_LOG") ?? "info";
  const level = LEVELS.find((known) => known === logLevel);
  if (level === undefined) return refuse(1, `OMNIGRAPH_LOG '${logLevel}' is none of ${LEVELS.join(", ")}`);
  const graceText = given(env, "OMNIGRAPH_SHUTDOWN_GRACE_MS");
  const shutdownGraceMs = graceText === null ? DEFAULT_GRACE_MS : parseCount(graceText);
  if (shutdownGraceMs === null || shutdownGraceMs > GRACE_MS_MAX) {
    const text =
      `OMNIGRAPH_SHUTDOWN_GRACE_MS '${graceText}' is no number of milliseconds up to ${GRACE_MS_MAX}`;
    return refuse(1, text);
  }
  const settings = {
    cluster,
    bind,
    unauthenticated: flags.has("--unauthenticated") || isOn(env, "OMNIGRAPH_UNAUTHENTICATED"),
    requireAllGraphs: flags.has("--require-all-graphs") || isOn(env, "OMNIGRAPH_REQUIRE_ALL_GRAPHS"),
    untilStdinEnds: flags.has("--until-stdin-ends"),
    logLevel: level,
    shutdownGraceMs,
    sourceVersion: given(env, "OMNIGRAPH_SOURCE_VERSION"),
  };
  return { kind: "settings", settings };
}

/** A variable's trimmed value; null when unset or blank. */
export function given(env: Env, name: string): string | null {
  const value = env.get(name)?.trim();
  return value === undefined || value === "" ? null : value;
}

/** A non-negative integer of at most 15 digits; null otherwise. */
export function parseCount(text: string): number | null {
  return /^[0-9]{1,15}$/.test(text) ? Number(text) : null;
}

/** The flags given, or what is wrong with them. */
function readFlags(args: readonly string[]): Map<Flag, string> | string {
  const flags = new Map<Flag, string>();
  for (let at = 0; at < args.length; at++) {
    const [name, inline] = splitFlag(args[at]!);
    if (!Object.hasOwn(FLAGS, name)) {
      const what = name.startsWith("-") ? "unknown flag" : "unexpected argument";
      return `${what} '${name}': the server boots from --cluster <dir|uri> only`;
    }
    const flag = name as Flag;
    if (flags.has(flag)) return `${flag} is given twice`;
    if (!FLAGS[flag].value) {
      if (inline !== null) return `${flag} takes no value`;
      flags.set(flag, "");
      continue;
    }
    const value = inline ?? args[++at];
    if (value === undefined || value.trim() === "") return `${flag} needs a value`;
    flags.set(flag, value.trim());
  }
  return flags;
}

function splitFlag(arg: string): [name: string, value: string | null] {
  const equals = arg.startsWith("--") ? arg.indexOf("=") : -1;
  return equals === -1 ? [arg, null] : [arg.slice(0, equals), arg.slice(equals + 1)];
}

/** `host:port` or `[ipv6]:port`. */
function parseBind(text: string): Settings["bind"] | null {
  const match = /^(?:\[([0-9A-Fa-f:.]+)\]|([A-Za-z0-9._-]+)):([0-9]{1,5})$/.exec(text);
  if (match === null) return null;
  const port = Number(match[3]);
  return port > 65_535 ? null : { hostname: (match[1] ?? match[2])!, port };
}

function isOn(env: Env, name: string): boolean {
  const value = given(env, name)?.toLowerCase();
  return value !== undefined && value !== "0" && value !== "false";
}

function refuse(exit: 1 | 2 | 64, text: string): SettingsOutcome {
  return { kind: "exit", exit, text };
}
