/** A graph in memory asked the way an embedder asks it: source texts, JSON parameters and JSON rows. */
import assert from "node:assert/strict";
import { jsonText, parseJson } from "../../core/base/lossless_json.ts";
import type { ErrorCode } from "../../core/errors.ts";
import type { EmbeddedGraph } from "../../core/graph/embedded.ts";
import type { ChangeOutput } from "../../core/graph/graph.ts";
import { lintFile, type LintReport } from "../../core/query/lint.ts";
import { createFilmWorld, rejection } from "./embedded_graphs.ts";

/** A row; 64-bit integers beyond ±(2^53 − 1) are bigints. */
export type Row = Readonly<Record<string, unknown>>;
/** Parameters by name. */
export type Params = Readonly<Record<string, unknown>>;

/** An open graph and short ways to use it. Query texts leave out `query q` and, without parameters, `()`. */
export interface AcceptanceWorld {
  readonly graph: EmbeddedGraph;
  /** The rows of a read. */
  rows(query: string, params?: Params): Promise<readonly Row[]>;
  /** The values of the rows, in column order; of one column the bare values. */
  values(query: string, params?: Params): Promise<readonly unknown[]>;
  /** Runs a mutation. */
  change(query: string, params?: Params): Promise<ChangeOutput>;
  /** Asserts that a read or mutation is refused with a code and a message that holds all fragments. */
  refused(code: ErrorCode, query: string, fragments: readonly string[], params?: Params): Promise<void>;
  /** What lint says about one query. */
  lint(query: string): LintReport;
}

/** Runs `use` over a new graph that holds `lines`: objects, or texts where digits matter. */
export async function withGraph(
  schema: string,
  lines: readonly unknown[],
  use: (world: AcceptanceWorld) => Promise<void>,
): Promise<void> {
  const graph = await (await createFilmWorld(schema)).open();
  try {
    const texts = lines.map((line) => typeof line === "string" ? line : JSON.stringify(line));
    if (texts.length > 0) {
      await graph.load({ data: new TextEncoder().encode(texts.join("\n")), mode: "append" });
    }
    await use(worldOf(graph));
  } finally {
    await graph.close();
  }
}

function worldOf(graph: EmbeddedGraph): AcceptanceWorld {
  const world: AcceptanceWorld = {
    graph,
    async rows(query, params = {}) {
      const output = await graph.query({ source: sourceOf(query), params: asReceived(params) });
      const rows = parseJson(output.rows.toJsonText()) as unknown as Row[];
      assert.equal(rows.length, output.row_count);
      for (const row of rows) assert.deepEqual(Object.keys(row), [...new Set(output.columns)]);
      return rows.map((row) => ({ ...row }));
    },
    async values(query, params) {
      const rows = await world.rows(query, params);
      return rows.map((row) => {
        const cells = Object.values(row);
        return cells.length === 1 ? cells[0] : cells;
      });
    },
    change: (query, params = {}) => graph.mutate({ source: sourceOf(query), params: asReceived(params) }),
    async refused(code, query, fragments, params = {}) {
      const source = sourceOf(query);
      const request = { source, params: asReceived(params) };
      const isRead = /\bmatch\s*\{/.test(source);
      const error = await rejection(isRead ? graph.query(request) : graph.mutate(request));
      assert.equal(error.code, code, error.message);
      for (const fragment of fragments) {
        assert.ok(error.message.includes(fragment), `${error.message} should contain ${fragment}`);
      }
    },
    lint: (query) =>
      lintFile(graph.catalog(), { path: "q.gq", text: sourceOf(query) }, { kind: "graph", uri: graph.uri }),
  };
  return world;
}

function sourceOf(query: string): string {
  return `query q${query.startsWith("(") ? "" : "()"} ${query}`;
}

/** Parameters as they come out of the JSON that carried them. */
function asReceived(params: Params): unknown {
  return parseJson(jsonText(params));
}
