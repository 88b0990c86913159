/**
 * The documents of an editor over the files of its disk: an open document always wins. Nothing is remembered but what
 * a text itself decides, so an answer is never older than the question.
 */
import { basename, dirname } from "@std/path";
import { fileURLToPath, pathToFileURL } from "node:url";
import {
  type LanguageDocument,
  openQueries,
  openSchema,
  type SchemaDocument,
} from "../../core/language/document.ts";
import { type ProjectFiles, Projects } from "./project.ts";

/** An open document. */
export interface OpenDocument {
  readonly uri: string;
  readonly languageId: string;
  getText(): string;
}

/** The open documents of a connection. */
export interface OpenDocuments {
  get(uri: string): OpenDocument | undefined;
  all(): readonly OpenDocument[];
}

/** Language id of `.pg` documents. */
export const SCHEMA_LANGUAGE = "omnigraph-schema";
/** Schemas kept parsed. */
const SCHEMAS_MAX = 16;

/** See the head of this file. */
export class Workspace implements ProjectFiles {
  readonly #open: OpenDocuments;
  readonly #projects = new Projects(this);
  readonly #schemas = new Map<string, SchemaDocument>();

  constructor(open: OpenDocuments) {
    this.#open = open;
  }

  /** The document of a URI with what it is checked against; null when there is no text. */
  document(uri: string): LanguageDocument | null {
    const open = this.#open.get(uri);
    const path = pathOf(uri);
    const text = open?.getText() ?? (path === null ? null : this.readText(path));
    if (text === null) return null;
    const source = { path: path ?? uri, text };
    if (isSchema(uri, open)) return this.#schema(source.path, text);
    const schemaPath = path === null ? null : this.#projects.schemaOf(path);
    const schemaText = schemaPath === null ? null : this.readText(schemaPath);
    const schema = schemaPath === null || schemaText === null ? null : this.#schema(schemaPath, schemaText);
    return openQueries(source, schema);
  }

  /** URIs of all documents to check: the open ones, and the query files of every open schema. */
  checked(): string[] {
    const open = this.#open.all();
    const dependents = open.filter((one) => isSchema(one.uri, one)).flatMap(({ uri }) => {
      const path = pathOf(uri);
      return path === null ? [] : this.#projects.queriesOf(path);
    });
    return [...new Set([...open.map(({ uri }) => uri), ...dependents.map((path) => this.uriOf(path))])];
  }

  /** The URI of a file, spelled as its editor spells it when it is open. */
  uriOf(path: string): string {
    return this.#openAt(path)?.uri ?? pathToFileURL(path).href;
  }

  readText(path: string): string | null {
    const open = this.#openAt(path);
    if (open !== undefined) return open.getText();
    try {
      return Deno.readTextFileSync(path);
    } catch {
      return null;
    }
  }

  fileNames(folder: string): readonly string[] {
    const names = new Set<string>();
    for (const { uri } of this.#open.all()) {
      const path = pathOf(uri);
      if (path !== null && dirname(path) === folder) names.add(basename(path));
    }
    try {
      for (const entry of Deno.readDirSync(folder)) if (!entry.isDirectory) names.add(entry.name);
    } catch {
      // A folder that cannot be read has no files for us.
    }
    return [...names].sort();
  }

  #openAt(path: string): OpenDocument | undefined {
    return this.#open.all().find(({ uri }) => uri === path || pathOf(uri) === path);
  }

  #schema(path: string, text: string): SchemaDocument {
    const known = this.#schemas.get(path);
    if (known?.source.text === text) return known;
    if (this.#schemas.size >= SCHEMAS_MAX) this.#schemas.clear();
    const schema = openSchema({ path, text });
    this.#schemas.set(path, schema);
    return schema;
  }
}

/** The path of a `file:` URI; null for other documents, such as unsaved ones. */
function pathOf(uri: string): string | null {
  try {
    return fileURLToPath(uri);
  } catch {
    return null;
  }
}

function isSchema(uri: string, open: OpenDocument | undefined): boolean {
  return uri.endsWith(".pg") || (!uri.endsWith(".gq") && open?.languageId === SCHEMA_LANGUAGE);
}
