/** How people read the cluster commands: pure functions from an outcome to lines, diagnostics last. */
import type { Diagnostic } from "../../core/base/diagnostic.ts";
import { COLOUR, frameLines, PLAIN } from "../../core/base/report.ts";
import type {
  ApplyResult,
  ApproveResult,
  ChangeOutput,
  DriftResult,
  ForceUnlockResult,
  GcResult,
  Outcome,
  PlanResult,
  RefreshResult,
  StateObservations,
  StatusResult,
  ValidateResult,
} from "../../core/cluster/results.ts";

const INDENT = "  ";

/** `cluster validate`. */
export function validateLines({ result, diagnostics }: Outcome<ValidateResult>, colour = false): string[] {
  const { ok, resources, dependencies } = result;
  const head = ok
    ? `cluster config valid: ${resources.length} resource(s), ${dependencies.length} dependency edge(s)`
    : "cluster config invalid";
  return [head, ...diagnosticLines(diagnostics, colour)];
}

/** `cluster plan`. */
export function planLines({ result, diagnostics }: Outcome<PlanResult>, colour = false): string[] {
  const { ok, changes, approvals_required: gates } = result;
  const planned = result.plan_digest !== undefined;
  const head = ok
    ? `cluster plan: ${changes.length} change(s), ${gates.length} approval gate(s)`
    : "cluster plan failed";
  return [
    head,
    ...(planned ? changeLines(changes) : []),
    ...gates.flatMap((gate) =>
      gate.satisfied ? [`${INDENT}approved: ${gate.resource} (${gate.reason})`] : [
        `${INDENT}needs approval: ${gate.resource} (${gate.reason})`,
        `${INDENT}${INDENT}omnigraph cluster approve ${gate.resource}`,
      ]
    ),
    ...(planned ? provenanceLines(result.provenance, isUnreadable(diagnostics)) : []),
    ...diagnosticLines(diagnostics, colour),
  ];
}

/** `cluster apply`. */
export function applyLines({ result, diagnostics }: Outcome<ApplyResult>, colour = false): string[] {
  const { ok, changes, state_observations: state } = result;
  const planned = result.plan_digest !== undefined;
  const head = ok
    ? `cluster apply: ${result.applied_count} applied, ${result.deferred_count} deferred/blocked`
    : "cluster apply failed";
  const end =
    `state: revision ${state.state_revision}, converged: ${result.converged}, written: ${result.state_written}`;
  const pickup = "note: servers serve the new revision once they restart";
  return [
    head,
    ...(planned ? changeLines(changes) : []),
    ...(planned ? [INDENT + end] : []),
    ...(planned ? provenanceLines(result.provenance, isUnreadable(diagnostics)) : []),
    ...(result.state_written && result.applied_count > 0 ? [INDENT + pickup] : []),
    ...diagnosticLines(diagnostics, colour),
  ];
}

/** `cluster approve`. */
export function approveLines({ result, diagnostics }: Outcome<ApproveResult>, colour = false): string[] {
  const { approval_id: id, resource, operation, approved_by: by, expires_at: expires, bound_data: data } =
    result;
  if (id === undefined) return ["cluster approve failed", ...diagnosticLines(diagnostics, colour)];
  const branches = Object.keys(data?.heads ?? {}).length;
  return [
    `cluster approve: ${operation} ${resource} approved by ${by} (approval ${id})`,
    INDENT +
    (data === null || data === undefined
      ? "the graph does not open: what it holds is unknown"
      : `for ${data.rows} row(s) on main and ${branches} branch(es) as they are now: a write ends the approval`),
    ...(expires === undefined ? [] : [`${INDENT}until: ${expires}`]),
    ...diagnosticLines(diagnostics, colour),
  ];
}

/** `cluster status`. */
export function statusLines({ result, diagnostics }: Outcome<StatusResult>, colour = false): string[] {
  const { state_observations: state } = result;
  const head = state.state_found
    ? `cluster state: revision ${state.state_revision}, ${state.resource_count} resource(s)`
    : result.ok
    ? "cluster state missing"
    : "cluster status failed";
  return [
    head,
    ...(state.state_found
      ? [`${INDENT}applied config: ${state.applied_config_digest ?? "never fully applied"}`]
      : []),
    ...(state.state_found ? provenanceLines(result.provenance as ProvenanceView | null) : []),
    INDENT + lockLine(state),
    ...unsettledLines(result.resource_statuses),
    ...diagnosticLines(diagnostics, colour),
  ];
}

/** `cluster refresh` and `cluster import`. */
export function refreshLines({ result, diagnostics }: Outcome<RefreshResult>, colour = false): string[] {
  const { operation, state_observations: state } = result;
  const facts = `revision ${state.state_revision}, ${state.resource_count} resource(s)`;
  return [
    ...(result.ok
      ? [`cluster ${operation}: ${facts}`]
      : [`cluster ${operation} failed`, ...(state.state_found ? [`${INDENT}state: ${facts}`] : [])]),
    ...(state.state_cas === undefined ? [] : [`${INDENT}state_cas: ${state.state_cas}`]),
    INDENT + lockLine(state),
    ...unsettledLines(result.resource_statuses),
    ...diagnosticLines(diagnostics, colour),
  ];
}

/** `cluster drift`. */
export function driftLines({ result, diagnostics }: Outcome<DriftResult>, colour = false): string[] {
  const { ok, drifts } = result;
  return [
    ok ? `cluster drift: ${drifts.length} difference(s)` : "cluster drift failed",
    ...drifts.map(({ resource, kind, message }) => `${INDENT}${resource} [${kind}]: ${message}`),
    ...diagnosticLines(diagnostics, colour),
  ];
}

/** `cluster gc`. */
export function gcLines({ result, diagnostics }: Outcome<GcResult>, colour = false): string[] {
  const { ok, confirmed, garbage, removed_count: removed, kept_count: kept, keep_revisions: revisions } =
    result;
  const done = confirmed
    ? `removed ${removed} of ${garbage.length} blob(s)`
    : `${garbage.length} blob(s) not needed`;
  return [
    ok ? `cluster gc: ${done}, ${kept} kept for the newest ${revisions} revision(s)` : "cluster gc failed",
    ...garbage.map((key) => INDENT + key),
    ...(ok && !confirmed && garbage.length > 0
      ? [`${INDENT}nothing was removed: pass --confirm to remove them`]
      : []),
    ...diagnosticLines(diagnostics, colour),
  ];
}

/** `cluster force-unlock`. */
export function forceUnlockLines(
  { result, diagnostics }: Outcome<ForceUnlockResult>,
  colour = false,
): string[] {
  const head = result.lock_removed
    ? `cluster force-unlock: removed lock (${lockFacts(result.state_observations)})`
    : "cluster force-unlock failed";
  return [head, ...diagnosticLines(diagnostics, colour)];
}

/** One head line per diagnostic; below it, where there is text to show, place, source line and caret, then help. */
export function diagnosticLines(diagnostics: readonly Diagnostic[], colour = false): string[] {
  const style = colour ? COLOUR : PLAIN;
  return diagnostics.flatMap((diagnostic) => {
    const { code, severity, path, message, span, source } = diagnostic;
    const word = style[severity](severity === "error" ? "ERROR" : "WARN ");
    const head = `${word} ${code} ${path}: ${message}`;
    const frame = frameLines(diagnostic, style);
    // Without a place the frame would only repeat the path.
    const lines = span === undefined || source === undefined ? frame.slice(1) : frame;
    return [head, ...lines.map((line) => INDENT + line)];
  });
}

function changeLines(changes: readonly ChangeOutput[]): string[] {
  if (changes.length === 0) return [`${INDENT}no changes`];
  return changes.flatMap((change) => {
    const { resource, operation, disposition, reason, metadata_change: metadata, migration } = change;
    const notes = [
      ...(metadata === undefined ? [] : [metadata === "policy_bindings" ? "bindings" : "profile"]),
      reason === undefined ? capital(disposition) : `${capital(disposition)}: ${reason}`,
    ];
    const line = `${INDENT}${capital(operation)} ${resource} ${notes.map((note) => `[${note}]`).join(" ")}`;
    return [line, ...(migration?.steps ?? []).map((step) => `${INDENT}${INDENT}${stepLine(step)}`)];
  });
}

/** One migration step: its kind, what it is about and, for drops, the mode. */
function stepLine(step: unknown): string {
  const members = typeof step === "object" && step !== null ? step as Readonly<Record<string, unknown>> : {};
  const text = (key: string) => typeof members[key] === "string" ? String(members[key]) : null;
  if (members["kind"] === "unsupported_change") {
    return `unsupported: ${[text("entity"), text("reason")].filter((part) => part !== null).join(": ")}`;
  }
  const type = text("type_name") ?? text("name");
  const about = [type, text("property_name")].filter((part) => part !== null).join(".");
  const renamed = text("from") === null ? null : `${text("from")} -> ${text("to")}`;
  const mode = text("mode") === null ? null : `[${text("mode")}]`;
  return [text("kind") ?? "step", about === "" ? null : about, renamed, mode].filter((part) => part !== null)
    .join(" ");
}

/** The resources that are not as they should be. */
function unsettledLines(statuses: StatusResult["resource_statuses"]): string[] {
  return Object.entries(statuses).filter(([, { status }]) => status !== "applied")
    .map(([address, { status, conditions = [] }]) =>
      `${INDENT}${address}: ${[status, ...conditions].join(", ")}`
    );
}

/** The members of a provenance that people are shown. */
interface ProvenanceView {
  readonly commit: string | null;
  readonly ref: string | null;
  readonly subject: string | null;
  readonly path: string | null;
  readonly dirty: boolean | null;
  readonly dirty_paths: readonly string[] | null;
}

function isUnreadable(diagnostics: readonly Diagnostic[]): boolean {
  return diagnostics.some(({ code }) => code === "provenance_unreadable");
}

function provenanceLines(provenance: ProvenanceView | null, unreadable = false): string[] {
  if (provenance === null) return [];
  const { commit, ref, subject, path, dirty } = provenance;
  if (path === null && unreadable) return [`${INDENT}commit: unknown, the git repository cannot be read`];
  if (path === null) return [`${INDENT}commit: none, the config directory is not in a git repository`];
  const words = [
    commit === null ? "none yet" : commit.slice(0, 12),
    ref === null ? null : `(${ref})`,
    subject,
  ].filter((part) => part !== null && part !== "");
  const lines = [`${INDENT}commit: ${words.join(" ")}`];
  if (dirty) lines.push(`${INDENT}not committed: ${(provenance.dirty_paths ?? []).join(", ")}`);
  return lines;
}

function lockLine(state: StateObservations): string {
  if (!state.locked) return "lock: not held";
  return state.lock_id === undefined ? "lock: held (unreadable)" : `lock: held (${lockFacts(state)})`;
}

function lockFacts(state: StateObservations): string {
  const facts = [
    ["id", state.lock_id],
    ["operation", state.lock_operation],
    ["pid", state.lock_pid],
    ["created_at", state.lock_created_at],
    ["age_seconds", state.lock_age_seconds],
  ];
  return facts.filter(([, value]) => value !== undefined).map(([name, value]) => `${name}=${value}`).join(
    ", ",
  );
}

function capital(word: string): string {
  return word.slice(0, 1).toUpperCase() + word.slice(1);
}
