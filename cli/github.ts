/** What `--github` adds to a command: annotations on stdout and the outputs of a workflow step. */
import { isAbsolute, relative, resolve, sep as SEPARATOR } from "@std/path";
import type { Diagnostic } from "../core/base/diagnostic.ts";
import { githubAnnotations } from "../core/base/report.ts";
import type { Outcome } from "../core/cluster/results.ts";
import type { Context } from "./context.ts";

/**
 * Prints the annotations of diagnostics: those in files that the pull request changes first, as there is room for a few
 * only, and with paths as GitHub wants them, from the top of the checkout.
 */
export async function annotate(context: Context, diagnostics: readonly Diagnostic[]): Promise<void> {
  const ordered = await changedFirst(context, diagnostics);
  const lines = githubAnnotations(ordered.map((one) => fromWorkspace(context, one)));
  context.output.out(lines.map((line) => line + "\n").join(""));
}

/** The same order where it cannot be known what a pull request changes. */
async function changedFirst(
  context: Context,
  diagnostics: readonly Diagnostic[],
): Promise<readonly Diagnostic[]> {
  const event = context.env("GITHUB_EVENT_PATH") ?? "";
  if (diagnostics.length < 2 || context.env("GITHUB_ACTIONS") !== "true" || event === "") return diagnostics;
  const { pullRequestOf } = await import("../core/git/provenance.ts");
  const { base, head } = pullRequestOf(readText(resolve(context.cwd, event)));
  if (base === null || head === null) return diagnostics;
  const { readChangedFiles } = await import("../core/git/changed_files.ts");
  const changed = await readChangedFiles(context.cwd, { base, head });
  if (changed === null) return diagnostics;
  const isChanged = ({ source, path }: Diagnostic) =>
    changed.has(realPath(resolve(context.cwd, source?.path ?? path)));
  return [...diagnostics.filter(isChanged), ...diagnostics.filter((one) => !isChanged(one))];
}

function fromWorkspace(context: Context, diagnostic: Diagnostic): Diagnostic {
  const workspace = context.env("GITHUB_WORKSPACE") ?? "";
  const { source } = diagnostic;
  if (workspace === "" || source === undefined) return diagnostic;
  const path = relative(realPath(workspace), realPath(resolve(context.cwd, source.path)));
  const isInside = path !== "" && !isAbsolute(path) && path.split(SEPARATOR)[0] !== "..";
  return isInside
    ? { ...diagnostic, source: { ...source, path: path.replaceAll(SEPARATOR, "/") } }
    : diagnostic;
}

/** Null when it cannot be read: what GitHub says is a help, never a need. */
function readText(path: string): string | null {
  try {
    return Deno.readTextFileSync(path);
  } catch {
    return null;
  }
}

/** The path itself when nothing is there. */
function realPath(path: string): string {
  try {
    return Deno.realPathSync(path);
  } catch {
    return path;
  }
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
export async function writeOutputs(context: Context, outputs: StepOutputs): Promise<void> {
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
    await annotate(context, [{ code: "step_outputs", severity: "warning", path: file, message }]);
  }
}
