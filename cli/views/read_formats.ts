/** The five output formats of read queries. */
import { unreachable } from "../../core/base/assert.ts";
import { compactOutput, prettyOutput } from "./json.ts";

/** Names of the formats. */
export const READ_FORMATS = ["table", "kv", "csv", "jsonl", "json"] as const;

/** One of the formats. */
export type ReadFormat = (typeof READ_FORMATS)[number];

/** What a table does with a cell that is wider than its column: cut it, or go on below. */
export const CELL_LAYOUTS = ["truncate", "wrap"] as const;

/** The shape of tables. Widths in code points. */
export interface TableLayout {
  readonly columnWidthMax: number;
  readonly cells: (typeof CELL_LAYOUTS)[number];
}

/** The shape of tables when nobody says otherwise. */
export const DEFAULT_TABLE: TableLayout = { columnWidthMax: 80, cells: "truncate" };

/** A read result as plain data. */
export interface PlainRead {
  readonly query_name: string;
  readonly target: {
    readonly branch: string | null;
    readonly snapshot: string | null;
    readonly as_of?: string;
  };
  readonly row_count: number;
  readonly columns: readonly string[];
  readonly rows: readonly Record<string, unknown>[];
  readonly graph_commit_id?: string;
}

/** However narrow the configured maximum, columns may get this wide. */
const COLUMN_WIDTH_FLOOR = 8;

/** Renders a read result; `layout` shapes tables. */
export function renderRead(result: PlainRead, format: ReadFormat, layout = DEFAULT_TABLE): string {
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
      return table(result, layout);
    default:
      return unreachable(format);
  }
}

function heading(result: PlainRead): string {
  const { branch, snapshot, as_of: asOf } = result.target;
  const then = asOf === undefined ? "" : ` as of ${asOf}`;
  const from = snapshot === null ? `branch ${branch}${then}` : `snapshot ${snapshot}`;
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

function table(result: PlainRead, { columnWidthMax, cells: overflow }: TableLayout): string {
  if (result.columns.length === 0) return heading(result) + "(no rows)\n";
  const cells = result.rows.map((row) =>
    result.columns.map((name) => [...cellText(row[name]).replaceAll("\n", "\\n")])
  );
  const widths = result.columns.map((name, c) => {
    let longest = [...name].length;
    for (const row of cells) longest = Math.max(longest, Math.min(row[c]!.length, columnWidthMax));
    return Math.min(longest, Math.max(columnWidthMax, COLUMN_WIDTH_FLOOR));
  });
  const fit = overflow === "wrap" ? wrapped : truncated;
  const line = (row: readonly (readonly string[])[]) =>
    row.map((text, c) => text.join("") + " ".repeat(Math.max(0, widths[c]! - text.length))).join(" | ")
      .trimEnd() +
    "\n";
  const rule = widths.map((width) => "-".repeat(width)).join("-+-") + "\n";
  return heading(result) + line(result.columns.map((name) => [...name])) + rule +
    cells.map((row) => {
      const columns = row.map((cell, c) => fit(cell, widths[c]!));
      const height = Math.max(...columns.map((lines) => lines.length));
      return Array.from({ length: height }, (_, at) => line(columns.map((lines) => lines[at] ?? []))).join(
        "",
      );
    }).join("");
}

/** A cell as one line. */
function truncated(cell: readonly string[], width: number): readonly (readonly string[])[] {
  return [cell.length > width ? [...cell.slice(0, width - 1), "…"] : cell];
}

/** A cell as lines of the column's width. */
function wrapped(cell: readonly string[], width: number): readonly (readonly string[])[] {
  const lines: (readonly string[])[] = [cell.slice(0, width)];
  for (let at = width; at < cell.length; at += width) lines.push(cell.slice(at, at + width));
  return lines;
}
