/** Finds out which schema a query file is written against, and which query files a schema has. */
import { dirname, join, resolve } from "@std/path";
import type { ClusterConfig, GraphConfig, PlacedText } from "../../core/cluster/config.ts";
import { CONFIG_FILE, readConfig } from "../../core/cluster/config_reader.ts";

/** Texts and folders, those of open documents included. Paths are absolute. */
export interface ProjectFiles {
  /** null when there is no such file, or it cannot be read. */
  readText(path: string): string | null;
  /** Names of the files in a folder; none when it cannot be read. */
  fileNames(folder: string): readonly string[];
}

/** A configuration and the folder that its paths start from. */
interface Project {
  readonly folder: string;
  readonly graphs: readonly GraphConfig[];
}

/** Parsed configurations by path, so that each text is parsed once. */
const PARSED_MAX = 16;

/** See the head of this file. */
export class Projects {
  readonly #files: ProjectFiles;
  readonly #parsed = new Map<string, { readonly text: string; readonly config: ClusterConfig | null }>();

  constructor(files: ProjectFiles) {
    this.#files = files;
  }

  /**
   * Path of the schema of a query file: that of the graph which lists the file (of several the first by name), else the
   * only schema of the nearest cluster.yaml, else the only `.pg` beside the file or in the folder above; else null.
   */
  schemaOf(path: string): string | null {
    const folder = dirname(path);
    const project = this.#projectOf(folder);
    if (project !== null) {
      const schemaPath = (graph: GraphConfig) => resolve(project.folder, graph.schema.text);
      const owner = project.graphs.find((graph) => lists(graph, project.folder, path));
      if (owner !== undefined) return schemaPath(owner);
      const [only, another] = new Set(project.graphs.map(schemaPath));
      if (only !== undefined && another === undefined) return only;
    }
    for (const near of [folder, dirname(folder)]) {
      const [only, another] = this.#files.fileNames(near).filter((name) => name.endsWith(".pg"));
      if (only !== undefined) return another === undefined ? join(near, only) : null;
    }
    return null;
  }

  /** Paths of the query files that the nearest cluster.yaml lists for a schema. */
  queriesOf(schemaPath: string): string[] {
    const project = this.#projectOf(dirname(schemaPath));
    if (project === null) return [];
    const paths = project.graphs.filter((graph) => resolve(project.folder, graph.schema.text) === schemaPath)
      .flatMap((graph) => placesOf(graph).map((place) => resolve(project.folder, place.text)))
      .flatMap((place) => place.endsWith(".gq") ? [place] : this.#queriesIn(place));
    return [...new Set(paths)].filter((path) => this.schemaOf(path) === schemaPath);
  }

  #queriesIn(folder: string): string[] {
    return this.#files.fileNames(folder).filter((name) => name.endsWith(".gq")).map((name) =>
      join(folder, name)
    );
  }

  /** The nearest folder upward that has a cluster.yaml; null when there is none, or it is not valid. */
  #projectOf(start: string): Project | null {
    for (let folder = start;; folder = dirname(folder)) {
      const path = join(folder, CONFIG_FILE);
      const text = this.#files.readText(path);
      if (text !== null) {
        const config = this.#parse(path, text);
        return config === null ? null : { folder, graphs: config.graphs };
      }
      if (dirname(folder) === folder) return null;
    }
  }

  #parse(path: string, text: string): ClusterConfig | null {
    const known = this.#parsed.get(path);
    if (known?.text === text) return known.config;
    if (this.#parsed.size >= PARSED_MAX) this.#parsed.clear();
    const { config } = readConfig({ path, text });
    this.#parsed.set(path, { text, config });
    return config;
  }
}

/** Whether a graph lists a query file: by itself, or with its folder. */
function lists(graph: GraphConfig, folder: string, path: string): boolean {
  return placesOf(graph).some((place) => {
    const listed = resolve(folder, place.text);
    return listed === path || listed === dirname(path);
  });
}

/** The files and folders that `queries` names. */
function placesOf({ queries }: GraphConfig): readonly PlacedText[] {
  switch (queries.kind) {
    case "none":
      return [];
    case "path":
      return [queries.path];
    case "list":
      return queries.paths;
    case "map":
      return queries.files.map(({ file }) => file);
  }
}
