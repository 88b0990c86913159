/**
 * How fast the two languages are read: parsing alone, then with checking, over well-formed texts of about a megabyte.
 * Run: `deno run -A tests/bench/languages_bench.ts [rounds]`.
 */
import { compileFile } from "../../core/query/compile.ts";
import { parseFile } from "../../core/query/parser.ts";
import { formatQueries } from "../../core/query/printer.ts";
import { checkSchema } from "../../core/schema/accept.ts";
import { parseSchema } from "../../core/schema/parser.ts";
import { formatSchema } from "../../core/schema/printer.ts";
import { CASE_SCHEMA, LANGUAGE_CASES } from "../support/language_cases.ts";
import { medianOver } from "./measure.ts";

const CHARS = 1 << 20;

/** Types of every kind, under new names until the text is large. */
function makeSchema(): { text: string; types: number } {
  const parts: string[] = [];
  let types = 0;
  for (let length = 0; length < CHARS; types += 2) {
    const part = `/// harbour ${types}
node Port${types} @description("a harbour") {
  code: String @key
  name: String @index
  depth: F64?
  berths: I32
  tags: [String]?
  kind: enum(sea, river, lake)
  opened: Date?
  notes: String?
  scent: Vector(3)? @embed("notes")
  @range(depth, 0..11000)
  @check(code, "^[A-Z]{5}$")
  @index(name, kind)
}
edge Route${types}: Port${types} -> Port${types} @card(0..5) { since: Date?  length: F64 }
`;
    parts.push(part);
    length += part.length;
  }
  return { text: parts.join("\n"), types };
}

/** The queries of the language tests, under new names until the text is large. */
function makeQueries(): { text: string; queries: number } {
  const parts: string[] = [];
  let queries = 0;
  for (let length = 0; length < CHARS; queries++) {
    const { query } = LANGUAGE_CASES[queries % LANGUAGE_CASES.length]!;
    const part = `query q${queries}${query.startsWith("(") ? "" : "() "}${query}`;
    parts.push(part);
    length += part.length;
  }
  return { text: parts.join("\n"), queries };
}

if (import.meta.main) {
  const rounds = Number(Deno.args[0] ?? 7);
  const schema = makeSchema();
  const queries = makeQueries();
  const { accepted } = checkSchema({ path: "case.pg", text: CASE_SCHEMA });
  if (accepted === null) throw new Error("the schema of the language tests is valid");
  const { catalog } = accepted;
  const pg = { path: "a.pg", text: schema.text };
  const gq = { path: "a.gq", text: queries.text };
  const { diagnostics } = compileFile(catalog, gq);
  if (diagnostics.length > 0) throw new Error(`the queries should be valid: ${diagnostics[0]!.message}`);
  const work: [what: string, text: string, items: number, unit: string, run: () => unknown][] = [
    ["schema: parse", schema.text, schema.types, "types", () => parseSchema(pg)],
    ["schema: parse, check, accept", schema.text, schema.types, "types", () => checkSchema(pg)],
    ["schema: format", schema.text, schema.types, "types", () => formatSchema(pg)],
    ["queries: parse", queries.text, queries.queries, "queries", () => parseFile(gq)],
    ["queries: parse and check", queries.text, queries.queries, "queries", () => compileFile(catalog, gq)],
    ["queries: format", queries.text, queries.queries, "queries", () => formatQueries(gq)],
  ];
  console.log("| work | time | MB/s | per second |\n|---|---|---|---|");
  for (const [what, text, items, unit, run] of work) {
    const ms = await medianOver([0], run, { rounds });
    const speed = (text.length / 1e3 / ms).toFixed(1);
    const perSecond = Math.round(items / ms * 1000).toLocaleString("en");
    console.log(`| ${what} | ${ms.toFixed(1)} ms | ${speed} | ${perSecond} ${unit} |`);
  }
}
