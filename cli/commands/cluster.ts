/** `omnigraph cluster …`: calls core, prints the report as text or JSON, returns its exit code. */
import type { ClusterOptions } from "../../core/cluster/commands.ts";
import { AppError } from "../../core/errors.ts";
import type { Outcome } from "../../core/cluster/results.ts";
import { readDurationMs } from "../duration.ts";
import { prettyOutput } from "../views/json.ts";
import type { CommandRun, Context } from "../context.ts";

/** A run of one cluster command: its report and how people read it. */
interface Reported {
  readonly outcome: Outcome<unknown>;
  readonly lines: readonly string[];
}

/** Signals that stop a command that holds the lock before its next step, so that the lock is given back. */
const STOP_SIGNALS = ["SIGINT", "SIGTERM"] as const;

/** Commands that say or record who asks. */
const WITH_ACTOR: readonly string[] = ["plan", "apply", "approve", "refresh", "import", "gc"];

type Runner = (context: Context, options: ClusterOptions) => Promise<Reported>;

const RUNNERS: Readonly<Record<string, Runner>> = {
  validate: async (context, options) => {
    const outcome = await (await commands()).clusterValidate({ ...options, ...refOf(context) });
    return { outcome, lines: (await views()).validateLines(outcome, context.output.outColour) };
  },
  plan: async (context, options) => {
    const outcome = await (await commands()).clusterPlan({
      ...options,
      ...refOf(context),
      detailedExitCode: context.args.switches.has("detailed-exitcode"),
    });
    return { outcome, lines: (await views()).planLines(outcome, context.output.outColour) };
  },
  apply: async (context, options) => {
    const outcome = await stoppable(async (signal) =>
      await (await commands()).clusterApply({
        ...options,
        ...lockOf(context, signal),
        ...refOf(context),
        allowDirty: context.args.switches.has("allow-dirty"),
      })
    );
    return { outcome, lines: (await views()).applyLines(outcome, context.output.outColour) };
  },
  approve: async (context, options) => {
    const { positionals, values } = context.args;
    const expires = values.get("expires");
    const planDigest = values.get("plan-digest");
    const outcome = await stoppable(async (signal) =>
      await (await commands()).clusterApprove({
        ...options,
        ...lockOf(context, signal),
        address: positionals[0]!,
        ...(expires === undefined ? {} : { expiresInMs: readExpiry(expires) }),
        ...(planDigest === undefined ? {} : { planDigest }),
      })
    );
    return { outcome, lines: (await views()).approveLines(outcome, context.output.outColour) };
  },
  status: async (context, options) => {
    const outcome = await (await commands()).clusterStatus(options);
    return { outcome, lines: (await views()).statusLines(outcome, context.output.outColour) };
  },
  refresh: async (context, options) => {
    const outcome = await stoppable(async (signal) =>
      await (await commands()).clusterRefresh({ ...options, ...lockOf(context, signal) })
    );
    return { outcome, lines: (await views()).refreshLines(outcome, context.output.outColour) };
  },
  import: async (context, options) => {
    const outcome = await stoppable(async (signal) =>
      await (await commands()).clusterImport({ ...options, ...lockOf(context, signal) })
    );
    return { outcome, lines: (await views()).refreshLines(outcome, context.output.outColour) };
  },
  drift: async (context, options) => {
    const outcome = await (await commands()).clusterDrift(options);
    return { outcome, lines: (await views()).driftLines(outcome, context.output.outColour) };
  },
  gc: async (context, options) => {
    const { values, switches } = context.args;
    const keep = values.get("keep");
    const outcome = await stoppable(async (signal) =>
      await (await commands()).clusterGc({
        ...options,
        ...lockOf(context, signal),
        confirm: switches.has("confirm"),
        ...(keep === undefined ? {} : { keepRevisions: readRevisionCount(keep) }),
      })
    );
    return { outcome, lines: (await views()).gcLines(outcome, context.output.outColour) };
  },
  "force-unlock": async (context, options) => {
    const outcome = await (await commands()).clusterForceUnlock({
      ...options,
      lockId: context.args.positionals[0]!,
    });
    return { outcome, lines: (await views()).forceUnlockLines(outcome, context.output.outColour) };
  },
};

/** The run function of `cluster <name>`. */
export function clusterCommand(name: string): CommandRun {
  return async (context) => {
    const { actorOf } = await import("../operator.ts");
    const { outcome, lines } = await RUNNERS[name]!(context, {
      configDir: context.args.values.get("config") ?? ".",
      // The others record nobody, and must not fail because of a broken operator config.
      actor: WITH_ACTOR.includes(name) ? actorOf(context) : null,
    });
    const { switches } = context.args;
    context.output.out(
      switches.has("json") ? prettyOutput(outcome.result) : lines.map((line) => line + "\n").join(""),
    );
    if (switches.has("github")) {
      const { annotate, clusterOutputs, writeOutputs } = await import("../github.ts");
      await annotate(context, outcome.diagnostics);
      await writeOutputs(context, clusterOutputs(outcome));
    }
    return outcome.exitCode;
  };
}

/**
 * Runs a command that the first SIGINT or SIGTERM asks to stop, so that it gives the lock back; the second ends the process
 * as it always does.
 */
async function stoppable<Result>(run: (signal: AbortSignal) => Promise<Result>): Promise<Result> {
  const interrupted = new AbortController();
  const forget = () => STOP_SIGNALS.forEach((signal) => Deno.removeSignalListener(signal, stop));
  const stop = () => {
    forget();
    interrupted.abort();
  };
  for (const signal of STOP_SIGNALS) Deno.addSignalListener(signal, stop);
  try {
    return await run(interrupted.signal);
  } finally {
    forget();
  }
}

function lockOf(context: Context, signal: AbortSignal) {
  return { lockTimeoutMs: readDurationMs(context.args.values.get("lock-timeout") ?? "0"), signal };
}

function refOf(context: Context): { readonly ref?: string } {
  const ref = context.args.values.get("ref");
  return ref === undefined ? {} : { ref };
}

/** An approval that has expired when it is given says yes to nothing. */
function readExpiry(text: string): number {
  const ms = readDurationMs(text);
  if (ms > 0) return ms;
  throw new AppError("usage", `flag \`--expires\` is \`${text}\`: it takes a time to come, e.g. 7d`);
}

/** At least the applied revision stays. */
function readRevisionCount(text: string): number {
  if (/^[1-9][0-9]{0,8}$/.test(text)) return Number(text);
  throw new AppError("usage", `flag \`--keep\` is \`${text}\`: it takes a number of revisions, at least 1`);
}

function commands() {
  return import("../../core/cluster/commands.ts");
}

function views() {
  return import("../views/cluster.ts");
}
