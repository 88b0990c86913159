/** `omnigraph fmt`: all files get their canonical layout, or, when one of them does not parse, none does. */
import { dirname, join, resolve } from "@std/path";
import type { Diagnostic } from "../../core/base/diagnostic.ts";
import type { SourceText } from "../../core/base/span.ts";
import { AppError } from "../../core/errors.ts";
import { formatQueries } from "../../core/query/printer.ts";
import { formatSchema } from "../../core/schema/printer.ts";
import type { Context } from "../context.ts";
import { readInput } from "../source.ts";

/** A file and the text it should hold. */
interface Rewrite {
  /** As the user knows it. */
  readonly path: string;
  readonly text: string;
}

/** Folders that hold no sources: tools' own ones, storage roots and graphs. */
const NO_SOURCES = /^(\.|__)|^node_modules$|\.omni$/;

/** Formats `.pg` and `.gq` files and lists those that changed; with `--check` only lists them, and exits 1. */
export function runFmt(context: Context): Promise<number> {
  const paths = new Set(context.args.positionals.flatMap((path) => sourcesAt(context, path)));
  const changed = formatAll(context, [...paths]);
  const check = context.args.switches.has("check");
  for (const { path, text } of changed) {
    if (!check) replaceFile(resolve(context.cwd, path), text);
    context.output.out(`${path}\n`);
  }
  if (!check || changed.length === 0) return Promise.resolve(0);
  context.output.note(`${counted(changed.length)} not formatted: run \`omnigraph fmt\``);
  return Promise.resolve(1);
}

/** The files that are not formatted yet. Throws `AppError("parse_error")` with the errors of all files. */
function formatAll(context: Context, paths: readonly string[]): Rewrite[] {
  const changed: Rewrite[] = [];
  const diagnostics: Diagnostic[] = [];
  let broken = 0;
  for (const path of paths) {
    const found = readInput(context, path);
    try {
      const text = format({ path, text: found.replace(/^\uFEFF/, "") });
      if (text !== found) changed.push({ path, text });
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
      diagnostics.push(...error.diagnostics);
      broken++;
    }
  }
  if (broken === 0) return changed;
  const message = `${counted(broken)} not well-formed, nothing was written`;
  throw new AppError("parse_error", message, { diagnostics });
}

function format(source: SourceText): string {
  return source.path.endsWith(".pg") ? formatSchema(source) : formatQueries(source);
}

/** A file, or all sources in a folder and its subfolders in the order of their names. Links in folders are not followed. */
function sourcesAt(context: Context, path: string): string[] {
  if (isFolder(resolve(context.cwd, path))) {
    const entries = [...Deno.readDirSync(resolve(context.cwd, path))];
    return entries.sort((a, b) => a.name < b.name ? -1 : 1).flatMap((entry) => {
      if (entry.isDirectory && !NO_SOURCES.test(entry.name)) {
        return sourcesAt(context, join(path, entry.name));
      }
      return entry.isFile && isSource(entry.name) ? [join(path, entry.name)] : [];
    });
  }
  if (isSource(path)) return [path];
  throw new AppError("usage", `\`${path}\` is no schema (.pg) and no query file (.gq)`);
}

function isSource(name: string): boolean {
  return name.endsWith(".pg") || name.endsWith(".gq");
}

function isFolder(path: string): boolean {
  try {
    return Deno.statSync(path).isDirectory;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

/** Replaces a file at once: whoever reads it meets the old or the new text. Its permissions stay, links stay links. */
function replaceFile(path: string, text: string): void {
  let temporary: string | null = null;
  try {
    const target = Deno.realPathSync(path);
    // A new name in the folder would get around the permissions of the file itself.
    Deno.openSync(target, { write: true }).close();
    const { mode } = Deno.statSync(target);
    temporary = Deno.makeTempFileSync({ dir: dirname(target), prefix: ".omnigraph-fmt-" });
    Deno.writeTextFileSync(temporary, text);
    if (mode !== null && Deno.build.os !== "windows") Deno.chmodSync(temporary, mode & 0o7777);
    Deno.renameSync(temporary, target);
  } catch (error) {
    if (temporary !== null) removeQuietly(temporary);
    if (error instanceof Deno.errors.NotCapable) throw error;
    throw new AppError("invalid_input", `file \`${path}\` cannot be written`, { cause: error });
  }
}

function removeQuietly(path: string): void {
  try {
    Deno.removeSync(path);
  } catch {
    // The failure that led here says more.
  }
}

function counted(files: number): string {
  return files === 1 ? "1 file is" : `${files} files are`;
}
