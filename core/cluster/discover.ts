/**
 * Finds the stored queries of a graph: from the three forms of `queries` to the list of files that declare them, each
 * file with the one name the configuration asks for, or with all it declares.
 */
import type { Diagnostic } from "../base/diagnostic.ts";
import type { SourceText } from "../base/span.ts";
import type { GraphConfig, PlacedText } from "./config.ts";
import { finding } from "./findings.ts";
import { isSourceFile, type SourceFile, type Sources, type UnreadFile } from "./sources.ts";

/** A file that declares stored queries of one graph. */
export interface DiscoveredFile {
  readonly file: SourceFile;
  /** The key of the map form: only the query of this name registers. null: every query in the file registers. */
  readonly only: PlacedText | null;
  /** Where the configuration names the file. */
  readonly place: PlacedText;
}

/** The readable query files of a graph, in registration order, and what is wrong with the others. */
export function discoverQueries(
  graph: GraphConfig,
  sources: Sources,
  config: SourceText,
): { readonly files: readonly DiscoveredFile[]; readonly diagnostics: readonly Diagnostic[] } {
  const files: DiscoveredFile[] = [];
  const diagnostics: Diagnostic[] = [];
  const path = `graphs.${graph.id.text}.queries`;
  switch (graph.queries.kind) {
    case "none":
      break;
    case "path":
      discoverPath(graph.queries.path);
      break;
    case "list":
      graph.queries.paths.forEach(discoverPath);
      break;
    case "map":
      for (const { name, file } of graph.queries.files) {
        const entry = sources.get(file.text);
        const keyPath = `${path}.${name.text}.file`;
        if (entry.kind === "file") files.push({ file: entry.file, only: name, place: file });
        else if (entry.kind === "unreadable") missingFile(keyPath, entry.file, file);
        else missingFile(keyPath, { path: file.text, cause: "is a folder" }, file);
      }
      break;
  }
  return { files, diagnostics };

  function discoverPath(place: PlacedText): void {
    const entry = sources.get(place.text);
    const options = { span: place.span, source: config };
    if (entry.kind === "file") {
      files.push({ file: entry.file, only: null, place });
    } else if (entry.kind === "folder") {
      if (entry.files.length === 0) {
        const message = `query folder \`${place.text}\` holds no file that ends in .gq`;
        diagnostics.push(finding("query_dir_empty", path, message, options));
      }
      for (const file of entry.files) {
        if (isSourceFile(file)) files.push({ file, only: null, place });
        else missingFile(path, file, place);
      }
    } else if (place.text.endsWith(".gq")) {
      missingFile(path, entry.file, place);
    } else {
      const message = `query folder \`${place.text}\` cannot be read: ${entry.file.cause}`;
      diagnostics.push(finding("query_dir_unreadable", path, message, options));
    }
  }

  function missingFile(at: string, file: UnreadFile, place: PlacedText): void {
    const message = `query file \`${file.path}\` cannot be read: ${file.cause}`;
    diagnostics.push(finding("query_file_missing", at, message, { span: place.span, source: config }));
  }
}
