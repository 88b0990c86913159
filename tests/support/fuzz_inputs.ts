/**
 * Random inputs for everything that people write: soups of tokens, damaged texts and repeated parts. An input is a pure
 * function of its number, so that whatever one breaks can be made again.
 */
import assert from "node:assert/strict";
import type { Diagnostic } from "../../core/base/diagnostic.ts";
import { githubAnnotations, renderDiagnostic, reportJson } from "../../core/base/report.ts";
import { readConfig } from "../../core/cluster/config_reader.ts";
import { AppError } from "../../core/errors.ts";
import { parseBatch } from "../../core/graph/write/batch.ts";
import { parseBundle } from "../../core/policy/bundle.ts";
import { compileFile } from "../../core/query/compile.ts";
import { formatQueries } from "../../core/query/printer.ts";
import { checkSchema } from "../../core/schema/accept.ts";
import { formatSchema } from "../../core/schema/printer.ts";
import { GARDEN, GARDEN_SCHEMA } from "./garden_schema.ts";
import { LANGUAGE_CASES } from "./language_cases.ts";

/** One kind of text that the product reads. */
export interface FuzzTarget {
  readonly name: string;
  /** Texts to start from; most are well-formed. */
  readonly seeds: readonly string[];
  /** Pieces that mean something in this kind of text. */
  readonly pieces: readonly string[];
  /** Reads a text. Throws anything but an assertion about reports only when the product is wrong. */
  readonly read: (text: string) => void;
}

/** Every kind of text. */
export const FUZZ_TARGETS: readonly FuzzTarget[] = [
  {
    name: "schema (.pg)",
    seeds: [
      GARDEN_SCHEMA,
      'interface Named { name: String @index }\nnode Port implements Named @description("x") {\n  code: String @key\n}\n',
      'node A { a: F64 b: I64 s: String @range(a, 0..1.5) @check(s, "^[a-z]+$") @unique(a, b) }\nedge E: A -> A @card(1..*)\n',
    ],
    pieces: words(
      "node edge interface implements { } ( ) [ ] : , ? -> .. @ * - = @key @unique( @range(a,1..2) @card(0..1)" +
        ' @embed("notes") @rename_from("Old") @check(a,"(?i)[a-z]{2,}") String I32 F64 Bool Date Vector(3) enum(a,b) [String]' +
        ' Port name: code // /* */ " \\ # \u00a0 \u{1F600} 99999999999999999999 1.5',
    ),
    read(text) {
      const source = { path: "a.pg", text };
      const { accepted, diagnostics } = checkSchema(source);
      checkReports(diagnostics, text);
      assert.equal(accepted === null, diagnostics.some(({ severity }) => severity === "error"));
      if (accepted !== null) formatSchema(source);
    },
  },
  {
    name: "queries (.gq)",
    seeds: [
      ...LANGUAGE_CASES.map(({ query }) => query.startsWith("(") ? `query q${query}` : `query q() ${query}`),
      'query beds($s: String, $min: I32?) {\n  match {\n    $p: Plant { light: "sun", height: $min }\n    $p $g:growsIn $b\n' +
      '    $b: Bed { side: "left" }\n    not { $p grafted{1,3} $_ }\n    $p.label starts_with $s\n    $g.since >= ' +
      'date("2020-01-01")\n  }\n  return { $p.label as label, $b.row, count($g.care) as n, max($p.weight) }\n' +
      "  order { n desc, label }\n  limit 10\n}\n",
      "query graft($p: Plant) { match { $p <grafted> $q $q.tags contains $p.label } return { $q } }\n",
      "query move($l: String, $b: String) {\n  update Plant set { height: 3, watered: now() } where label = $l\n" +
      '  insert GrowsIn { from: $l, to: $b, since: date("2024-02-29") }\n}\nquery drop($l: String) { delete Plant where label = $l }\n',
      'query add($l: String) @description("x") { insert Plant { label: $l, height: 3 } }\n',
      'query r($v: Vector(3)) { match { $p: Plant not { $p growsIn $_ } search($p.notes, "x") } return { $p, count($p) as n }' +
      " order { nearest($p.scent, $v), n desc } limit 3 }",
    ],
    pieces: words(
      "query match return order limit insert update delete set where not and as asc desc { } ( ) [ ] : , . ? @ = < >" +
        ' != >= -> $p $b $_ $p: Plant growsIn {1,3} <grafted> label: height: "x" 3 2.5 true null now() date("2020-01-01")' +
        " count( sum( nearest( bm25( rrf( search( fuzzy( contains starts_with // /* */ \\ # - \u00a0 \u{1F600} q(" +
        " 99999999999999999999",
    ),
    read(text) {
      const source = { path: "a.gq", text };
      const { diagnostics } = compileFile(GARDEN, source);
      checkReports(diagnostics, text);
      if (diagnostics.every(({ code }) => code !== "Q000")) formatQueries(source);
    },
  },
  {
    name: "cluster.yaml",
    seeds: [
      "version: 1\nmetadata: { name: harbour }\nstorage: ./root\ngraphs:\n  fleet:\n    schema: fleet.pg\n    queries: queries\n" +
      "policies:\n  gate: { file: gate.yaml, applies_to: [cluster, fleet] }\n",
      "version: 1\nstate: { lock: true }\ngraphs:\n  a: &a { schema: a.pg, queries: { q: { file: q.gq } } }\n  b: *a\n",
    ],
    pieces: words(
      "version: graphs: schema: queries: policies: file: applies_to: storage: state: lock: &a *a *b !!str | > - ? : , { }" +
        " [ ] ' \" # --- ... << true null 1 .inf \\t ~ @ ` % \u00a0 \u{1F600}",
      ["\n", "\n  ", "\n    ", "\t"],
    ),
    read(text) {
      checkReports(readConfig({ path: "cluster.yaml", text }).diagnostics, text);
    },
  },
  {
    name: "policy",
    seeds: [
      "version: 1\nkind: graph\ngroups: { crew: [act-ida, act-jo] }\nprotected_branches: [main]\nrules:\n  - id: r\n" +
      "    allow: { actors: { group: crew }, actions: [read, change], branch_scope: protected }\n",
    ],
    pieces: words(
      "version: kind: groups: rules: id: allow: actors: group: actions: branch_scope: read change any protected &a *a" +
        " - ? : , { } [ ] ' \" # --- | 1 crew \u{1F600}",
      ["\n", "\n  ", "\n    "],
    ),
    read(text) {
      checkReports(parseBundle(text, { path: "policy.yaml", kind: "graph" }).diagnostics, text);
    },
  },
  {
    name: "batch (NDJSON)",
    seeds: [
      '{"type":"Plant","data":{"label":"rose","height":3,"tags":["a"],"scent":[1,2.5,3],"planted":"2020-01-01"}}\n' +
      '{"type":"Bed","data":{"row":1,"side":"left"}}\n{"edge":"GrowsIn","from":"rose","to":"[1,\\"left\\"]","data":{}}\n',
      '{"type":"Gardener","data":{"name":"Ida","vector":[0,1]}}\r\n\n{"type":"Label","data":{"text":"\\u00e9\\ud83d\\ude00"}}',
    ],
    pieces: words(
      '{ } [ ] : , "type" "edge" "data" "from" "to" "Plant" "GrowsIn" "label" null true -0 1e400 9007199254740993' +
        ' "\\ud800" "\\u0000" \\ \u{1F600} \u0000 \ufeff',
      ["\n", "\r\n", "\ud800"],
    ),
    read(text) {
      try {
        parseBatch(GARDEN, damagedBytes(text));
      } catch (error) {
        if (!(error instanceof AppError)) throw error;
        assert.notEqual(error.code, "internal");
      }
    },
  },
];

/** Numbers below `limit` that follow from a start number. */
export type Numbers = (limit: number) => number;

/** A repeatable source of numbers. */
export function numbersFrom(start: number): Numbers {
  let state = start >>> 0;
  return (limit) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) % limit;
  };
}

/** The input with this number: a soup of pieces, or a seed with one to eight damages. */
export function fuzzInput({ seeds, pieces }: FuzzTarget, number: number): string {
  const next = numbersFrom(number);
  const pick = <T>(items: readonly T[]) => items[next(items.length)]!;
  if (next(4) === 0) {
    const gap = pick(["", " ", " ", "\n"]);
    return Array.from({ length: next(120) }, () => pick(pieces)).join(gap);
  }
  let text = pick(seeds);
  for (let edits = 1 + next(8); edits > 0; edits--) text = damage(text, pieces, next);
  return text;
}

function damage(text: string, pieces: readonly string[], next: Numbers): string {
  const at = next(text.length + 1);
  const end = Math.min(text.length, at + next(40));
  const before = text.slice(0, at);
  const piece = pieces[next(pieces.length)]!;
  switch (next(8)) {
    case 0:
      return before + text.slice(end);
    case 1:
      return before + piece + text.slice(at);
    case 2:
      return before + piece + text.slice(end);
    case 3:
      return text.slice(0, end) + text.slice(at);
    case 4:
      return before + piece.repeat(1 + next(200)) + text.slice(at);
    case 5:
      return before + String.fromCharCode(next(3) === 0 ? next(0x10000) : next(128)) + text.slice(at + 1);
    case 6:
      return text.length > 20_000 ? before : `${text}\n${text}`;
    default:
      return next(6) === 0 ? before : text.slice(0, at) + text.slice(at, end).toUpperCase() + text.slice(end);
  }
}

/** Bytes of a text; lone surrogates become bytes that are no UTF-8. */
function damagedBytes(text: string): Uint8Array {
  const bytes = new TextEncoder().encode(text);
  if (!text.isWellFormed()) {
    for (let at = 2; at < bytes.length; at++) if (bytes[at] === 0xbd) bytes[at] = 0xff;
  }
  return bytes;
}

/** Every report names a place inside the text and can be shown in each form. */
function checkReports(diagnostics: readonly Diagnostic[], text: string): void {
  for (const diagnostic of diagnostics) {
    const { span, message } = diagnostic;
    assert.ok(message.length > 0 && !/undefined|\[object|NaN/.test(message), message);
    if (span !== undefined) {
      assert.ok(
        0 <= span.start && span.start <= span.end && span.end <= text.length,
        `${span.start}..${span.end}`,
      );
    }
    // deno-lint-ignore no-control-regex
    assert.doesNotMatch(renderDiagnostic(diagnostic), /[\u0000-\u0008\u000b-\u001f]/);
    JSON.stringify(reportJson(diagnostic));
  }
  for (const line of githubAnnotations(diagnostics)) assert.ok(!line.includes("\n"));
}

function words(text: string, more: readonly string[] = []): string[] {
  return [...text.split(" "), ...more];
}
