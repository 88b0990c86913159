/**
 * Reads everything the configuration points at, each file once, before anything is judged: what comes after is a pure
 * function of these bytes.
 */
import { isAbsolute, join, normalize, resolve } from "@std/path";
import { sha256Hex } from "../base/digest.ts";
import type { SourceText } from "../base/span.ts";
import type { ClusterConfig } from "./config.ts";

/** A file as read, or why not. */
export type FileRead =
  | { readonly kind: "file"; readonly bytes: Uint8Array }
  | { readonly kind: "missing" }
  | { readonly kind: "failed"; readonly message: string };

/** Names of the files (not folders) directly in a folder, or why not. */
export type FolderRead =
  | { readonly kind: "folder"; readonly names: readonly string[] }
  | { readonly kind: "not_folder" }
  | { readonly kind: "missing" }
  | { readonly kind: "failed"; readonly message: string };

/** Where configuration files come from: the working tree, or a commit. Paths are absolute. */
export interface ConfigFiles {
  readFile(path: string): Promise<FileRead>;
  readFolder(path: string): Promise<FolderRead>;
}

/** The config directory: as the user wrote it, for messages, and absolute. */
export interface ConfigPlace {
  readonly shown: string;
  readonly absolute: string;
}

/** A file that was read. */
export interface SourceFile {
  /** Path as the configuration says it, relative to the config directory. */
  readonly path: string;
  readonly absolutePath: string;
  readonly bytes: Uint8Array;
  readonly digest: string;
  /** null when the bytes are not UTF-8. */
  readonly source: SourceText | null;
}

/** A file that could not be read. */
export interface UnreadFile {
  readonly path: string;
  /** `not found`, or the words of the operating system. */
  readonly cause: string;
}

/** What stands at a path of the configuration. */
export type SourceEntry =
  | { readonly kind: "file"; readonly file: SourceFile }
  | { readonly kind: "folder"; readonly files: readonly (SourceFile | UnreadFile)[] }
  | { readonly kind: "unreadable"; readonly file: UnreadFile };

/** All sources by their path in the configuration. */
export interface Sources {
  get(path: string): SourceEntry;
  /** Whether the folder of a `file://` base exists. */
  folderExists(absolutePath: string): boolean;
}

/** Whether a read succeeded. */
export function isSourceFile(file: SourceFile | UnreadFile): file is SourceFile {
  return "bytes" in file;
}

/** Makes the value of a file that was read. Bytes that are not UTF-8 have no text. */
export function sourceFile(place: ConfigPlace, path: string, bytes: Uint8Array): SourceFile {
  const absolutePath = resolve(place.absolute, path);
  const shown = isAbsolute(path) ? path : join(place.shown, path);
  let source: SourceText | null = null;
  try {
    // A byte order mark stays in the text, so that text and digest say the same.
    source = { path: shown, text: new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes) };
  } catch {
    source = null;
  }
  return { path: normalize(path), absolutePath, bytes, digest: sha256Hex(bytes), source };
}

/** Reads all files and folders that the configuration names, in parallel. */
export async function gatherSources(
  config: ClusterConfig,
  place: ConfigPlace,
  files: ConfigFiles,
): Promise<Sources> {
  const gatherer = new Gatherer(place, files);
  const entries = new Map<string, SourceEntry>();
  const folders = new Set<string>();
  const { filePaths, eitherPaths, blobFolders } = pathsOf(config);
  await Promise.all([
    ...filePaths.map(async (path) => void entries.set(path, entryOf(await gatherer.file(path)))),
    ...eitherPaths.map(async (path) => void entries.set(path, await gatherer.fileOrFolder(path))),
    ...blobFolders.map(async (path) => {
      if ((await files.readFolder(path)).kind === "folder") folders.add(path);
    }),
  ]);
  return {
    get: (path) => entries.get(path) ?? { kind: "unreadable", file: { path, cause: "not found" } },
    folderExists: (path) => folders.has(path),
  };
}

function pathsOf(config: ClusterConfig) {
  const filePaths = new Set<string>();
  const eitherPaths = new Set<string>();
  const blobFolders = new Set<string>();
  for (const { schema, queries, externalBlobs } of config.graphs) {
    filePaths.add(schema.text);
    if (queries.kind === "path") eitherPaths.add(queries.path.text);
    else if (queries.kind === "list") queries.paths.forEach((path) => eitherPaths.add(path.text));
    else if (queries.kind === "map") queries.files.forEach(({ file }) => filePaths.add(file.text));
    for (const { base } of externalBlobs) {
      const path = /^file:\/\/(\/.*?)\/?$/i.exec(base.text)?.[1];
      if (path !== undefined) blobFolders.add(decodeQuietly(path));
    }
  }
  for (const { file } of config.policies) filePaths.add(file.text);
  for (const path of filePaths) eitherPaths.delete(path);
  return { filePaths: [...filePaths], eitherPaths: [...eitherPaths], blobFolders: [...blobFolders] };
}

function decodeQuietly(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}

function entryOf(file: SourceFile | UnreadFile): SourceEntry {
  return isSourceFile(file) ? { kind: "file", file } : { kind: "unreadable", file };
}

/** Reads through a memory, so that a file named twice is read once and is the same value. */
class Gatherer {
  readonly #place: ConfigPlace;
  readonly #files: ConfigFiles;
  readonly #reads = new Map<string, Promise<SourceFile | UnreadFile>>();

  constructor(place: ConfigPlace, files: ConfigFiles) {
    this.#place = place;
    this.#files = files;
  }

  file(path: string): Promise<SourceFile | UnreadFile> {
    const absolutePath = resolve(this.#place.absolute, path);
    let read = this.#reads.get(absolutePath);
    if (read === undefined) {
      read = this.#read(path, absolutePath);
      this.#reads.set(absolutePath, read);
    }
    return read;
  }

  async fileOrFolder(path: string): Promise<SourceEntry> {
    const folder = await this.#files.readFolder(resolve(this.#place.absolute, path));
    switch (folder.kind) {
      case "not_folder":
        return entryOf(await this.file(path));
      case "missing":
        return { kind: "unreadable", file: { path, cause: "not found" } };
      case "failed":
        return { kind: "unreadable", file: { path, cause: folder.message } };
      case "folder": {
        // The extension is exactly `gq`, and there is a name before it.
        const names = folder.names.filter((name) => /^.+\.gq$/s.test(name)).toSorted();
        return { kind: "folder", files: await Promise.all(names.map((name) => this.file(join(path, name)))) };
      }
    }
  }

  async #read(path: string, absolutePath: string): Promise<SourceFile | UnreadFile> {
    const read = await this.#files.readFile(absolutePath);
    if (read.kind === "file") return sourceFile(this.#place, path, read.bytes);
    return { path, cause: read.kind === "missing" ? "not found" : read.message };
  }
}
