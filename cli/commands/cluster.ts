/** `omnigraph cluster …`: calls core, prints the report as text or JSON, returns its exit code. */
import type { ClusterOptions } from "../../core/cluster/commands.ts";
import type { Outcome } from "../../core/cluster/results.ts";
import { prettyOutput } from "../views/json.ts";
import type { CommandRun, Context } from "../context.ts";

/** A run of one cluster command: its report and how people read it. */
interface Reported {
  readonly outcome: Outcome<unknown>;
  readonly lines: readonly string[];
}

type Runner = (context: Context, options: ClusterOptions) => Promise<Reported>;

const RUNNERS: Readonly<Record<string, Runner>> = {
  validate: async (_context, options) => {
    const { clusterValidate } = await import("../../core/cluster/validate.ts");
    const outcome = await clusterValidate(options);
    return { outcome, lines: (await views()).validateLines(outcome) };
  },
  plan: async (context, options) => {
    const { clusterPlan } = await import("../../core/cluster/plan.ts");
    const outcome = await clusterPlan({
      ...options,
      detailedExitCode: context.args.switches.has("detailed-exitcode"),
    });
    return { outcome, lines: (await views()).planLines(outcome) };
  },
  apply: async (context, options) => {
    const { clusterApply } = await import("../../core/cluster/apply.ts");
    const outcome = await clusterApply({ ...options, allowDirty: context.args.switches.has("allow-dirty") });
    return { outcome, lines: (await views()).applyLines(outcome) };
  },
  status: async (_context, options) => {
    const { clusterStatus } = await import("../../core/cluster/status.ts");
    const outcome = await clusterStatus(options);
    return { outcome, lines: (await views()).statusLines(outcome) };
  },
  "force-unlock": async (context, options) => {
    const { clusterForceUnlock } = await import("../../core/cluster/force_unlock.ts");
    const outcome = await clusterForceUnlock({ ...options, lockId: context.args.positionals[0]! });
    return { outcome, lines: (await views()).forceUnlockLines(outcome) };
  },
};

/** The run function of `cluster <name>`. */
export function clusterCommand(name: string): CommandRun {
  return async (context) => {
    const { actorOf } = await import("../operator.ts");
    const { outcome, lines } = await RUNNERS[name]!(context, {
      configDir: context.args.values.get("config") ?? ".",
      actor: actorOf(context),
    });
    const json = context.args.switches.has("json");
    context.output.out(json ? prettyOutput(outcome.result) : lines.map((line) => line + "\n").join(""));
    return outcome.exitCode;
  };
}

function views() {
  return import("../views/cluster.ts");
}
