/** What people read when a query file was checked. */
import type { LintFinding, LintReport, QueryResult } from "../../core/query/lint.ts";

const LABELS: Readonly<Record<LintFinding["severity"], string>> = {
  error: "ERROR",
  warning: "WARN ",
  info: "INFO ",
};

/** One line for each result, warning and finding, and a last one with the counts. */
export function lintText(report: LintReport): string {
  const { queries_processed, errors, warnings, infos } = report;
  const lines = [
    ...report.results.flatMap(resultLines),
    ...report.findings.map(({ severity, message }) => `${LABELS[severity]} ${message}`),
    `INFO  Lint complete: ${queries_processed} queries processed ` +
    `(${errors} error(s), ${warnings} warning(s), ${infos} info item(s))`,
  ];
  return lines.map((line) => `${onOneLine(line)}\n`).join("");
}

function resultLines({ name, kind, error, warnings = [] }: QueryResult): string[] {
  const first = error === undefined
    ? `OK    query \`${name}\` (${kind})`
    : `ERROR query \`${name}\`: ${error}`;
  return [first, ...warnings.map((warning) => `WARN  query \`${name}\`: ${warning}`)];
}

/** Messages may quote literals that hold line breaks. */
function onOneLine(line: string): string {
  return line.replaceAll("\r", "\\r").replaceAll("\n", "\\n");
}
