/** What `--github` adds to a command: annotations on stdout and the outputs of a workflow step. */
import { resolve } from "@std/path";
import type { Diagnostic } from "../core/base/diagnostic.ts";
import { githubAnnotations } from "../core/base/report.ts";
import type { Outcome } from "../core/cluster/results.ts";
import type { Context } from "./context.ts";

/** Prints the annotations of diagnostics. */
export function annotate(context: Context, diagnostics: readonly Diagnostic[]): void {
  context.output.out(githubAnnotations(diagnostics).map((line) => line + "\n").join(""));
}

/** Step outputs by name, in the order in which they are written. */
export type StepOutputs = Readonly<Record<string, string | number | boolean>>;

/**
 * The step outputs of a cluster command: `exitcode`; where a plan was made also `plan_digest` and the numbers of
 * `creates`, `updates` and `deletes`; and `converged`, whether nothing is left to do, where the command knows it.
 */
export function clusterOutputs({ exitCode, result }: Outcome<unknown>): StepOutputs {
  const { ok, changes, plan_digest: digest, converged } = result as {
    readonly ok: boolean;
    readonly changes?: readonly { readonly operation: string }[];
    readonly plan_digest?: string;
    readonly converged?: boolean;
  };
  if (changes === undefined || digest === undefined) return { exitcode: exitCode };
  const count = (operation: string) => changes.filter((change) => change.operation === operation).length;
  return {
    exitcode: exitCode,
    plan_digest: digest,
    creates: count("create"),
    updates: count("update"),
    deletes: count("delete"),
    converged: converged ?? (ok && changes.length === 0),
  };
}

/**
 * Appends `name=value` lines to the file that `$GITHUB_OUTPUT` names; outside a workflow there is none and nothing is
 * written. A file that cannot be written is a warning: the exit code goes on telling how the command itself ended.
 */
export function writeOutputs(context: Context, outputs: StepOutputs): void {
  const file = context.env("GITHUB_OUTPUT") ?? "";
  if (file === "") return;
  const lines = Object.entries(outputs).map(([name, value]) => `${name}=${value}\n`);
  try {
    Deno.writeTextFileSync(resolve(context.cwd, file), lines.join(""), { append: true });
  } catch (error) {
    const cause = error instanceof Deno.errors.NotCapable
      ? "run deno with `--allow-write=$GITHUB_OUTPUT` to allow it"
      : error instanceof Error
      ? error.message
      : String(error);
    const message = `the outputs of this step are not written to \`${file}\`: ${cause}`;
    annotate(context, [{ code: "step_outputs", severity: "warning", path: file, message }]);
  }
}
