/** Query sources and parameters from files and flags. */
import { resolve } from "@std/path";
import { parseJson } from "../core/base/lossless_json.ts";
import { AppError } from "../core/errors.ts";
import type { QueryRequest } from "../core/graph/graph.ts";
import type { Context } from "./context.ts";

const NO_OBJECT = "params must be a JSON object";

/** The query a command line asks for: a source with an optional name, or the name of a stored query. */
export type QueryAsked =
  | { readonly kind: "source"; readonly request: QueryRequest }
  | { readonly kind: "stored"; readonly name: string; readonly params: unknown };

/** Reads `--query`, `-e`, NAME and the parameters. */
export function askedQuery(context: Context): QueryAsked {
  const { values, positionals } = context.args;
  const params = readParams(context);
  const name = positionals[0];
  const inline = values.get("query-string");
  const path = values.get("query");
  if (inline !== undefined && inline.trim() === "") {
    throw new AppError("usage", "`-e` holds the query source: it must not be empty");
  }
  if (inline === undefined && path === undefined) {
    if (name === undefined) {
      throw new AppError(
        "usage",
        "no query: pass a source with `--query <file>` or `-e <source>`, or the NAME of a stored query",
      );
    }
    return { kind: "stored", name, params };
  }
  const source = inline ?? readInput(context, path!);
  return {
    kind: "source",
    request: { source, sourcePath: path ?? "<query>", params, ...(name === undefined ? {} : { name }) },
  };
}

function readParams(context: Context): unknown {
  const file = context.args.values.get("params-file");
  const text = file === undefined
    ? context.args.values.get("params")
    : readInput(context, file).replace(/^\uFEFF/, "");
  if (text === undefined) return null;
  let params: unknown;
  try {
    params = parseJson(text);
  } catch (cause) {
    if (!(cause instanceof AppError)) throw cause;
    throw new AppError("param_error", NO_OBJECT, { cause });
  }
  // Servers say it in words of their own request body.
  if (typeof params !== "object" || Array.isArray(params)) throw new AppError("param_error", NO_OBJECT);
  return params;
}

/** The text of an input file as it stands, a byte order mark included. Throws `AppError` naming the path. */
export function readInput(context: Context, path: string): string {
  const bytes = readInputBytes(context, path);
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (cause) {
    throw new AppError("invalid_input", `file \`${path}\` is not UTF-8 text`, { cause });
  }
}

/** The bytes of an input file. Throws `AppError` naming the path. */
export function readInputBytes(context: Context, path: string): Uint8Array {
  try {
    return Deno.readFileSync(resolve(context.cwd, path));
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) {
      throw new AppError("invalid_input", `file \`${path}\` does not exist`);
    }
    if (error instanceof Deno.errors.NotCapable) throw error;
    throw new AppError("invalid_input", `file \`${path}\` cannot be read`, { cause: error });
  }
}
