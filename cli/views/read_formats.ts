/** The five output formats of read queries. */
import { unreachable } from "../../core/base/assert.ts";
import { compactOutput, prettyOutput } from "./json.ts";

/** Names of the formats. */
export type ReadFormat = "table" | "kv" | "csv" | "jsonl" | "json";

/** A read result as plain data. */
export interface PlainRead {
  readonly query_name: string;
  readonly target: { readonly branch: string | null; readonly snapshot: string | null };
  readonly row_count: number;
  readonly columns: readonly string[];
  readonly rows: readonly Record<string, unknown>[];
  readonly graph_commit_id?: string;
}

const COLUMN_WIDTH_MAX = 80;
const COLUMN_WIDTH_MIN = 8;

/** Renders a read result. */
export function renderRead(result: PlainRead, format: ReadFormat): string {
  switch (format) {
    case "json":
      return prettyOutput(result);
    case "jsonl":
      return jsonLines(result);
    case "csv":
      return csv(result);
    case "kv":
      return keyValues(result);
    case "table":
      return table(result);
    default:
      return unreachable(format);
  }
}

function heading(result: PlainRead): string {
  const { branch, snapshot } = result.target;
  const from = snapshot === null ? `branch ${branch}` : `snapshot ${snapshot}`;
  return `${result.row_count} rows from ${from} via ${result.query_name}\n`;
}

function cellText(value: unknown): string {
  if (value === null || value === undefined) return "null";
  return typeof value === "string" ? value : compactOutput(value);
}

function jsonLines(result: PlainRead): string {
  const { query_name, target, row_count } = result;
  const lines = [
    compactOutput({ kind: "metadata", query_name, target, row_count }),
    ...result.rows.map(compactOutput),
  ];
  return lines.map((line) => line + "\n").join("");
}

function csv(result: PlainRead): string {
  const quote = (text: string) => /[,"\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  const line = (cells: readonly string[]) => cells.map(quote).join(",") + "\n";
  return line(result.columns) +
    result.rows.map((row) => line(result.columns.map((name) => cellText(row[name])))).join("");
}

function keyValues(result: PlainRead): string {
  if (result.rows.length === 0) return heading(result) + "(no rows)\n";
  const blocks = result.rows.map((row, i) =>
    `row ${i + 1}\n` + result.columns.map((name) => `${name}: ${cellText(row[name])}\n`).join("")
  );
  return heading(result) + blocks.join("\n");
}

function table(result: PlainRead): string {
  if (result.columns.length === 0) return heading(result) + "(no rows)\n";
  const cells = result.rows.map((row) =>
    result.columns.map((name) => [...cellText(row[name]).replaceAll("\n", "\\n")])
  );
  const widths = result.columns.map((name, c) => {
    const longest = Math.max(...cells.map((row) => Math.min(row[c]!.length, COLUMN_WIDTH_MAX)), 0);
    return Math.min(Math.max([...name].length, longest), Math.max(COLUMN_WIDTH_MAX, COLUMN_WIDTH_MIN));
  });
  const fit = (text: string[], width: number) => {
    const shown = text.length > width ? [...text.slice(0, width - 1), "…"] : text;
    return shown.join("") + " ".repeat(Math.max(0, width - shown.length));
  };
  const line = (row: readonly string[]) => row.join(" | ").trimEnd() + "\n";
  const titles = line(
    result.columns.map((name, c) => name + " ".repeat(Math.max(0, widths[c]! - [...name].length))),
  );
  const rule = widths.map((width) => "-".repeat(width)).join("-+-") + "\n";
  return heading(result) + titles + rule +
    cells.map((row) => line(row.map((cell, c) => fit(cell, widths[c]!)))).join("");
}
