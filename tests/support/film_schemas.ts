/** Schemas of films that follow each other: each rewrites or renames a table, and all leave slug, title and year alone. */
import type { SourceText } from "../../core/base/span.ts";
import { FILM_SCHEMA } from "./embedded_graphs.ts";

const NOTES = ["", "  note: String?\n", '  remark: String? @rename_from("note")\n', "  remark: String?\n"];
const PEOPLE = ["Person", 'Human @rename_from("Person")', "Human", 'Person @rename_from("Human")'];
const ENDS = ["Person", "Human", "Human", "Person"];

/** The schema that follows another one of these; the first follows `FILM_SCHEMA`. */
export function nextFilmSchema(source: string): SourceText {
  const turn = Number(/^\/\/ turn (\d+)/.exec(source)?.[1] ?? 0) + 1;
  const at = turn % 4;
  const text = FILM_SCHEMA.text
    .replace("  year: I32?\n", `  year: I32?\n${NOTES[at]}`)
    .replace("node Person", `node ${PEOPLE[at]}`)
    .replace(": Person ->", `: ${ENDS[at]} ->`);
  return { path: FILM_SCHEMA.path, text: `// turn ${turn}\n${text}` };
}

/** Whether a schema of these, when applied, is to drop for good what it drops: every other drop. */
export function dropsForGood({ text }: SourceText): boolean {
  return Number(/^\/\/ turn (\d+)/.exec(text)?.[1] ?? 0) % 8 < 4;
}
