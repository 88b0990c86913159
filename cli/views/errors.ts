/** Error reports on stderr: message first, then the places in source text, never a stack trace of an expected failure. */
import { COLOUR, frameLines, PLAIN, renderText, type TextStyle } from "../../core/base/report.ts";
import { AppError, type MergeConflict } from "../../core/errors.ts";

/** The lines to print for a failure, in colour when asked. */
export function renderError(error: unknown, colour = false): string[] {
  const style = colour ? COLOUR : PLAIN;
  if (error instanceof AppError) {
    const lines = reportLines(error, style);
    for (const cause of causes(error)) {
      const [what, ...more] = cause.split("\n").filter((line) => line.trim() !== "");
      lines.push(`  caused by: ${what}`, ...more.map((line) => `    ${line}`));
    }
    if (isAboutToken(error)) lines.push("  help: OMNIGRAPH_BEARER_TOKEN holds the token for the server");
    return lines;
  }
  if (error instanceof Deno.errors.NotCapable) {
    return [
      `error: ${error.message}`,
      "  help: this process runs with narrow permissions, see the task in deno.json",
    ];
  }
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return [`error: internal error, please report it`, ...text.split("\n").map((line) => `  ${line}`)];
}

/** The message, and the places it is about; a message that only sums its diagnostics up is not said twice. */
function reportLines(error: AppError, style: TextStyle): string[] {
  const [first] = error.diagnostics;
  if (first !== undefined && error.message.includes(first.message)) {
    return error.diagnostics.flatMap((diagnostic) => [
      `${style[diagnostic.severity](`${diagnostic.severity}:`)} ${diagnostic.message}`,
      ...frameLines(diagnostic, style).map((line) => `  ${line}`),
    ]);
  }
  const [head, ...excerpt] = error.message.split("\n"); // a server sends the excerpt within its message
  return [
    `${style.error("error:")} ${head}`,
    ...excerpt.map((line) => `  ${line}`),
    ...(error.detail.merge_conflicts ?? []).map(conflictLine),
    ...error.diagnostics.flatMap((one) => renderText(one, style).split("\n").map((line) => `  ${line}`)),
  ];
}

function conflictLine({ kind, entity_kind, type_name, entity_id, message }: MergeConflict): string {
  return `  ${kind} ${entity_kind} ${type_name}${entity_id === null ? "" : ` '${entity_id}'`}: ${message}`;
}

/** Whether a server refused the token, or its absence. */
function isAboutToken(error: unknown): boolean {
  return error instanceof AppError && (error.code === "unauthorized" || isAboutToken(error.cause));
}

/** What the causes say that is not said already: details are often added to an error under the same message. */
function causes(error: Error): string[] {
  const texts = [error.message];
  for (let { cause } = error; cause instanceof Error && texts.length < 5; { cause } = cause) {
    const { message } = cause;
    if (!texts.some((text) => text.includes(message))) texts.push(message);
  }
  return texts.slice(1);
}
