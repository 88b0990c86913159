/** Checks one graph of the configuration: name, blob bases, provider, schema, stored queries. */
import type { Diagnostic } from "../base/diagnostic.ts";
import type { Span } from "../base/span.ts";
import { didYouMean } from "../base/suggest.ts";
import type { QuerySyntax } from "../query/ast.ts";
import { checkQuery } from "../query/check.ts";
import { type ParsedFile, parseFile } from "../query/parser.ts";
import { checkSchema } from "../schema/accept.ts";
import type { Catalog } from "../schema/catalog.ts";
import { type Address, isServableGraphId, providerAddress } from "./address.ts";
import { checkName } from "./check_config.ts";
import { type ClusterConfig, type GraphConfig, type PlacedText, providerNameOf } from "./config.ts";
import { type DiscoveredFile, discoverQueries } from "./discover.ts";
import { type BlobPolicy, resolveBlobPolicy } from "./external_blobs.ts";
import { finding, type FindingCode } from "./findings.ts";
import type { SourceFile, Sources } from "./sources.ts";

/** A checked graph. Parts with findings may be missing. */
export interface CheckedGraph {
  readonly id: string;
  readonly provider: Address | null;
  readonly blobPolicy: BlobPolicy | null;
  readonly schema: SourceFile | null;
  /** Stored queries by name. */
  readonly queries: ReadonlyMap<string, SourceFile>;
  readonly diagnostics: readonly Diagnostic[];
}

/** Checks a graph; never throws for bad input. */
export function checkGraph(graph: GraphConfig, config: ClusterConfig, sources: Sources): CheckedGraph {
  const path = `graphs.${graph.id.text}`;
  const diagnostics = checkName("graph", graph.id, path, config);
  if (diagnostics.length === 0 && !isServableGraphId(graph.id.text)) {
    const message =
      `graph id \`${graph.id.text}\` cannot be served: it needs 1 to 64 letters, digits or \`-\` and ` +
      "must not be a word of the server's own routes";
    const options = { span: graph.id.span, source: config.source };
    diagnostics.push(finding("graph_id_not_servable", path, message, options));
  }
  const blobs = resolveBlobPolicy(
    graph.externalBlobs,
    `${path}.external_blobs`,
    config.source,
    (folder) => sources.folderExists(folder),
  );
  diagnostics.push(...blobs.diagnostics);
  const provider = graph.embeddingProvider === null
    ? null
    : checkProviderReference(graph.embeddingProvider, `${path}.embedding_provider`, config, diagnostics);
  const schema = checkGraphSchema(graph, config, sources, diagnostics);
  const queries = new QueryChecker(path, schema?.catalog ?? null, config);
  const discovered = discoverQueries(graph, sources, config.source);
  diagnostics.push(...discovered.diagnostics);
  for (const file of discovered.files) queries.addFile(file);
  diagnostics.push(...queries.diagnostics);
  return {
    id: graph.id.text,
    provider,
    blobPolicy: blobs.policy,
    schema: schema?.file ?? null,
    queries: queries.registered,
    diagnostics,
  };
}

function checkProviderReference(
  reference: PlacedText,
  path: string,
  config: ClusterConfig,
  diagnostics: Diagnostic[],
): Address | null {
  const name = providerNameOf(reference.text);
  const options = { span: reference.span, source: config.source };
  if (name === null) {
    const message =
      `\`${reference.text}\` is no embedding provider: write \`<name>\` or \`provider.embedding.<name>\``;
    diagnostics.push(finding("wrong_kind_reference", path, message, options));
    return null;
  }
  const names = config.providers.map((provider) => provider.name.text);
  if (names.includes(name)) return providerAddress(name);
  const help = didYouMean(name, names) ?? "declare it under `providers.embedding`";
  const message = `embedding provider \`${name}\` is not declared`;
  diagnostics.push(finding("dangling_embedding_provider_reference", path, message, { ...options, help }));
  return null;
}

function checkGraphSchema(
  graph: GraphConfig,
  config: ClusterConfig,
  sources: Sources,
  diagnostics: Diagnostic[],
): { readonly file: SourceFile; readonly catalog: Catalog | null } | null {
  const path = `graphs.${graph.id.text}.schema`;
  const entry = sources.get(graph.schema.text);
  const options = { span: graph.schema.span, source: config.source };
  if (entry.kind !== "file") {
    const cause = entry.kind === "folder" ? "is a folder" : entry.file.cause;
    const message = `schema file \`${graph.schema.text}\` cannot be read: ${cause}`;
    diagnostics.push(finding("schema_file_missing", path, message, options));
    return null;
  }
  const { file } = entry;
  if (file.source === null) {
    const message = `schema file \`${file.path}\` is not UTF-8`;
    diagnostics.push(finding("schema_parse_error", path, message, options));
    return { file, catalog: null };
  }
  const checked = checkSchema(file.source);
  for (const diagnostic of checked.diagnostics) {
    const code = diagnostic.code === "parse_error" ? "schema_parse_error" : "schema_catalog_error";
    diagnostics.push({ ...diagnostic, code, path });
  }
  return { file, catalog: checked.accepted?.catalog ?? null };
}

/** Registers the stored queries of one graph, file by file. */
class QueryChecker {
  readonly registered = new Map<string, SourceFile>();
  readonly diagnostics: Diagnostic[] = [];
  readonly #path: string;
  readonly #catalog: Catalog | null;
  readonly #config: ClusterConfig;
  readonly #parsed = new Map<SourceFile, ParsedFile | null>();

  constructor(graphPath: string, catalog: Catalog | null, config: ClusterConfig) {
    this.#path = `${graphPath}.queries`;
    this.#catalog = catalog;
    this.#config = config;
  }

  addFile({ file, only, place }: DiscoveredFile): void {
    const parsed = this.#parse(file, only, place);
    if (parsed === null) return;
    if (only === null) {
      for (const name of parsed.declared) this.#register(name, file, parsed, place);
    } else {
      this.diagnostics.push(...checkName("query", only, `${this.#path}.${only.text}`, this.#config));
      if (parsed.declared.includes(only.text)) this.#register(only.text, file, parsed, place);
      else this.#mismatch(file, only, parsed);
    }
  }

  /** Parses a file once; its syntax errors are reported with the first reference to it. */
  #parse(file: SourceFile, only: PlacedText | null, place: PlacedText): ParsedFile | null {
    const known = this.#parsed.get(file);
    if (known !== undefined) return known;
    const path = only === null ? this.#path : `${this.#path}.${only.text}`;
    if (file.source === null) {
      this.#report("query_parse_error", path, `query file \`${file.path}\` is not UTF-8`, place.span);
      this.#parsed.set(file, null);
      return null;
    }
    const parsed = parseFile(file.source);
    for (const diagnostic of parsed.diagnostics) {
      this.diagnostics.push({ ...diagnostic, code: "query_parse_error", path });
    }
    this.#parsed.set(file, parsed);
    if (only === null && parsed.declared.length === 0 && parsed.diagnostics.length === 0) {
      this.#report("query_file_empty", path, `query file \`${file.path}\` declares no query`, place.span);
    }
    return parsed;
  }

  #register(name: string, file: SourceFile, parsed: ParsedFile, listed: PlacedText): void {
    const path = `${this.#path}.${name}`;
    const first = this.registered.get(name);
    const syntaxes = parsed.queries.filter((query) => query.name.text === name);
    if (first === file && parsed.declared.filter((declared) => declared === name).length === 1) {
      const message = `query \`${name}\` is registered twice: file \`${file.path}\` is listed twice`;
      this.#report("duplicate_query_name", path, message, listed.span);
      return;
    }
    if (first !== undefined) {
      const where = first === file
        ? `twice in \`${file.path}\``
        : `in \`${first.path}\` and in \`${file.path}\``;
      // The second of two in one file is the one to point at.
      const syntax = syntaxes.at(-1);
      const place = syntax === undefined
        ? {}
        : { span: syntax.name, ...(file.source && { source: file.source }) };
      const message = `query \`${name}\` is declared ${where}`;
      this.diagnostics.push(finding("duplicate_query_name", path, message, place));
      return;
    }
    this.registered.set(name, file);
    const [syntax] = syntaxes;
    if (syntax !== undefined && file.source !== null) this.#typecheck(syntax, path, file);
  }

  #typecheck(syntax: QuerySyntax, path: string, file: SourceFile): void {
    if (file.source === null) return;
    if (this.#catalog === null) {
      const message = `query \`${syntax.name.text}\` was not type-checked: the schema has errors`;
      const place = { span: syntax.name, source: file.source };
      this.diagnostics.push(finding("query_typecheck_skipped", path, message, place));
      return;
    }
    for (const diagnostic of checkQuery(this.#catalog, syntax, file.source).diagnostics) {
      this.diagnostics.push({ ...diagnostic, code: "query_typecheck_error", path });
    }
  }

  #mismatch(file: SourceFile, only: PlacedText, parsed: ParsedFile): void {
    const declared = parsed.declared.length === 0
      ? "nothing"
      : parsed.declared.map((name) => `\`${name}\``).join(", ");
    const message = `file \`${file.path}\` does not declare query \`${only.text}\`: it declares ${declared}`;
    const help = didYouMean(only.text, parsed.declared);
    this.#report("query_key_mismatch", `${this.#path}.${only.text}`, message, only.span, help);
  }

  #report(code: FindingCode, path: string, message: string, span: Span, help?: string): void {
    const options = { span, source: this.#config.source, ...(help === undefined ? {} : { help }) };
    this.diagnostics.push(finding(code, path, message, options));
  }
}
