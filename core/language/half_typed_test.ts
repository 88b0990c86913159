/** Laws of the language service over random programs, and over texts as they look while somebody types them. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { changed } from "../../tests/support/marked_text.ts";
import { damages, layouts } from "../../tests/support/messy_text.ts";
import { randomProgram } from "../../tests/support/random_program.ts";
import type { SourceText } from "../base/span.ts";
import { tokenize } from "../base/lexer.ts";
import { compileFile } from "../query/compile.ts";
import { PUNCTUATION } from "../query/token_reader.ts";
import { completeAt } from "./completion.ts";
import { definitionAt } from "./definition.ts";
import { diagnose } from "./diagnose.ts";
import { type LanguageDocument, openQueries, openSchema, type SchemaDocument } from "./document.ts";
import { formatChange } from "./format.ts";
import { hoverAt, mentionsOf } from "./hover.ts";
import { renamableAt, renameAt } from "./rename.ts";
import { walkQueries } from "./walk_query.ts";

const APIARY = new URL("../../fixtures/apiary/", import.meta.url);
const read = (path: string): SourceText => ({ path, text: Deno.readTextFileSync(new URL(path, APIARY)) });
const SCHEMA = read("honey.pg");
const QUERIES = [...Deno.readDirSync(new URL("queries/", APIARY))].map(({ name }) => read(`queries/${name}`));

/** Asks everything at one offset; whatever comes back must point into the text. */
function askAll(document: LanguageDocument, offset: number): void {
  const { length } = document.source.text;
  const inside = ({ start, end }: { start: number; end: number }, limit = length) =>
    assert.ok(0 <= start && start <= end && end <= limit, `${start}..${end} of ${limit}`);
  for (const { span } of diagnose(document)) if (span !== undefined) inside(span);
  const completion = completeAt(document, offset);
  inside(completion);
  assert.ok(completion.start <= offset && offset <= completion.end);
  const hover = hoverAt(document, offset);
  if (hover !== null) inside(hover);
  const definition = definitionAt(document, offset);
  if (definition !== null) inside(definition, definition.source.text.length);
  const renamable = renamableAt(document, offset);
  const changes = renameAt(document, offset, "fresh_name");
  assert.equal(renamable === null, changes === null);
  for (const change of changes ?? []) inside(change);
  const format = formatChange(document);
  if (format !== null) inside(format);
}

Deno.test("every truncation of a schema and of query files is answered", () => {
  const schema = openSchema(SCHEMA);
  const file = fc.constantFrom(SCHEMA, ...QUERIES);
  fc.assert(
    fc.property(file, fc.nat(), fc.nat(), ({ path, text }, cut, at) => {
      const source = { path, text: text.slice(0, cut % (text.length + 1)) };
      const document = path.endsWith(".pg") ? openSchema(source) : openQueries(source, schema);
      askAll(document, source.text.length);
      askAll(document, at % (source.text.length + 1));
    }),
    { numRuns: 400 },
  );
});

Deno.test("damaged queries over damaged schemas are answered", () => {
  fc.assert(
    fc.property(fc.constantFrom(...QUERIES), damages(), damages(), fc.nat(), (queries, one, other, at) => {
      const schema = openSchema({ path: "honey.pg", text: one(SCHEMA.text) });
      const document = openQueries({ path: queries.path, text: other(queries.text) }, schema);
      askAll(schema, at % (schema.source.text.length + 1));
      askAll(document, at % (document.source.text.length + 1));
    }),
    { numRuns: 400 },
  );
});

Deno.test("arbitrary text is answered", () => {
  const word = fc.constantFrom(
    ...'query match return order not insert node edge $x $ : . , ( ) { } [ ] < > = -> @ " // /* 1 a A \n'
      .split(" "),
  );
  fc.assert(
    fc.property(fc.array(word, { maxLength: 60 }), fc.nat(), (words, at) => {
      const text = words.join(" ");
      const schema = openSchema({ path: "a.pg", text });
      askAll(schema, at % (text.length + 1));
      askAll(openQueries({ path: "a.gq", text }, schema), at % (text.length + 1));
    }),
    { numRuns: 500 },
  );
});

Deno.test("every word of a file but a new name is offered as soon as its first letter is typed", () => {
  const schema = openSchema(SCHEMA);
  const missed: string[] = [];
  for (const { path, text } of [SCHEMA, ...QUERIES]) {
    const open = (cut: string) =>
      path.endsWith(".pg") ? openSchema({ path, text: cut }) : openQueries({ path, text: cut }, schema);
    const isNew = newNames(open(text));
    for (const { kind, start, end } of tokenize(text, PUNCTUATION)) {
      if ((kind !== "word" && kind !== "variable") || isNew(start)) continue;
      const { items } = completeAt(open(text.slice(0, start + 1) + text.slice(end)), start + 1);
      const word = text.slice(start, end);
      if (!items.some(({ label }) => label === word)) missed.push(`${path}:${start} ${word}`);
    }
  }
  assert.deepEqual(missed, []);
});

/** Whether the word at an offset gives a name instead of using one: nobody can propose it. */
function newNames(document: LanguageDocument): (start: number) => boolean {
  const { text } = document.source;
  const mentions = mentionsOf(document);
  return (start) => {
    const before = text.slice(0, start);
    if (/\b(query|node|edge|interface) $|\benum\([^)]*$/.test(before)) return true;
    const meaning = mentions.find((mention) => mention.start === start)?.meaning;
    switch (meaning?.kind) {
      case "param":
        return meaning.param.place.start === start;
      case "variable":
        return meaning.variable.place.start === start;
      case "alias":
        return meaning.alias.place.start === start;
      case "property":
        return document.kind === "schema" && meaning.property.place.start === start;
      default:
        return false;
    }
  };
}

Deno.test("deep nesting and long lists neither overflow nor stall", () => {
  const schema = openSchema(SCHEMA);
  const ask = (text: string) => askAll(openQueries({ path: "a.gq", text }, schema), text.length);
  ask("query q() { match { " + "not { ".repeat(50_000));
  ask("query q() { match { $p: Plant } return { " + "count(".repeat(50_000));
  ask("query q() { match { $p: Plant { slug: " + "[".repeat(50_000));
  ask("query q() { match { " + "$p: Plant ".repeat(20_000));
  askAll(openSchema({ path: "a.pg", text: "node A { " + "@key(".repeat(50_000) }), 100);
});

Deno.test("variables have the types that the checker gives them, whatever the layout", () => {
  fc.assert(
    fc.property(randomProgram(), layouts(), (program, layout) => {
      const schema = openSchema({ path: "a.pg", text: program.schema });
      const text = layout(program.query);
      const [query] = compileFile(schema.catalog!, { path: "a.gq", text }).queries;
      assert.ok(query?.kind === "read", text);
      const [walked] = walkQueries(text, schema.outline).queries;
      const named = query.variables.filter(({ anonymous }) => !anonymous).map((
        { name, typeName },
      ) => [name, typeName]);
      const found = walked!.variables.filter(({ name }) => name !== "_").map((
        { name, type },
      ) => [name, type?.name]);
      assert.deepEqual(found.sort(), named.sort(), text);
      assert.deepEqual([...walked!.params.keys()], query.params.map(({ name }) => name));
    }),
    { numRuns: 300 },
  );
});

Deno.test("a renamed parameter or variable changes no meaning", () => {
  fc.assert(
    fc.property(randomProgram(), fc.nat(), (program, pick) => {
      const schema = openSchema({ path: "a.pg", text: program.schema });
      const document = openQueries({ path: "a.gq", text: program.query }, schema);
      const places = mentionsOf(document).filter(({ start }) => renamableAt(document, start) !== null);
      const place = places[pick % Math.max(1, places.length)];
      if (place === undefined) return;
      const changes = renameAt(document, place.start, "fresh_name")!;
      assert.ok(changes.length > 0);
      assert.deepEqual(
        withoutName(changed(program.query, changes), "fresh_name", schema),
        withoutName(program.query, renamableAt(document, place.start)!.name, schema),
      );
    }),
    { numRuns: 300 },
  );
});

/** The typed query with one name blotted out. */
function withoutName(text: string, name: string, schema: SchemaDocument): unknown {
  const { queries, diagnostics } = compileFile(schema.catalog!, { path: "a.gq", text });
  assert.deepEqual(diagnostics, [], text);
  const blot = (value: string) =>
    value === name ? "#" : value.startsWith(`${name}.`) ? `#${value.slice(name.length)}` : value;
  return JSON.parse(
    JSON.stringify(
      queries,
      (_, value) =>
        typeof value === "string" ? blot(value) : typeof value === "bigint" ? String(value) : value,
    ),
  );
}
