/** Addresses of storage: a folder of this machine or a prefix of an S3 bucket. */
import { resolve } from "@std/path";
import { AppError } from "../errors.ts";

/** A parsed storage address. */
export type StorageUri =
  | { readonly kind: "local"; /** Absolute, without trailing `/`. */ readonly path: string }
  | {
    readonly kind: "s3";
    readonly bucket: string; /** Without leading or trailing `/`; may be empty. */
    readonly prefix: string;
  };

const SCHEME = /^([A-Za-z][A-Za-z0-9+.-]*):\/\//;
const BUCKET = /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/;

/**
 * Parses a plain path (relative ones resolve against `baseDir`, which must be absolute), `file:///absolute` or
 * `s3://bucket[/prefix]`. Trailing `/` are dropped. Throws `AppError("invalid_input")`.
 *
 * @example
 * ```ts
 * import { parseStorageUri, showUri } from "./uri.ts";
 * console.assert(showUri(parseStorageUri("data/", "/srv")) === "/srv/data");
 * console.assert(showUri(parseStorageUri("s3://quay/north/", "/srv")) === "s3://quay/north");
 * ```
 */
export function parseStorageUri(text: string, baseDir: string): StorageUri {
  if (text.trim() === "") throw refused(text, "must not be blank");
  if (text.includes("\0")) throw refused(text, "must not contain NUL");
  const scheme = SCHEME.exec(text)?.[1]?.toLowerCase();
  if (scheme === undefined) return { kind: "local", path: resolve(baseDir, text) };
  const rest = text.slice(scheme.length + 3);
  switch (scheme) {
    case "file":
      return parseFile(text, rest);
    case "s3":
      return parseS3(text, rest);
    default:
      throw refused(text, `the scheme \`${scheme}://\` is not supported, use a path, file:// or s3://`);
  }
}

/** The address as people see it: an absolute path, or `s3://bucket/prefix`. */
export function showUri(uri: StorageUri): string {
  if (uri.kind === "local") return uri.path;
  return uri.prefix === "" ? `s3://${uri.bucket}` : `s3://${uri.bucket}/${uri.prefix}`;
}

/** The address of `key` below `uri`. `key` has no leading or trailing `/` and no `.` or `..` segments. */
export function joinUri(uri: StorageUri, key: string): StorageUri {
  if (uri.kind === "local") return { kind: "local", path: resolve(uri.path, key) };
  return { kind: "s3", bucket: uri.bucket, prefix: uri.prefix === "" ? key : `${uri.prefix}/${key}` };
}

function parseFile(text: string, rest: string): StorageUri {
  const slash = rest.indexOf("/");
  const host = slash === -1 ? rest : rest.slice(0, slash);
  if (slash === -1 || (host !== "" && host.toLowerCase() !== "localhost")) {
    throw refused(text, "a file URI needs an absolute path: `file:///path`");
  }
  if (/[?#]/.test(rest)) {
    throw refused(text, "a file URI has no query and no fragment, write them as %3F and %23");
  }
  let path: string;
  try {
    path = decodeURIComponent(rest.slice(slash));
  } catch {
    throw refused(text, "the percent-encoding is broken");
  }
  if (path.includes("\0")) throw refused(text, "must not contain NUL");
  return { kind: "local", path: resolve(path) };
}

function parseS3(text: string, rest: string): StorageUri {
  const slash = rest.indexOf("/");
  const bucket = slash === -1 ? rest : rest.slice(0, slash);
  if (bucket === "") throw refused(text, "an S3 URI needs a bucket: `s3://bucket/prefix`");
  if (!BUCKET.test(bucket)) {
    throw refused(
      text,
      `\`${bucket}\` is not a bucket name: 3 to 63 lower-case letters, digits, \`.\` and \`-\``,
    );
  }
  const prefix = slash === -1 ? "" : rest.slice(slash + 1).replace(/\/+$/, "");
  for (const segment of prefix === "" ? [] : prefix.split("/")) {
    if (segment === "" || segment === "." || segment === "..") {
      throw refused(text, "a prefix must not have empty, `.` or `..` segments");
    }
  }
  return { kind: "s3", bucket, prefix };
}

function refused(text: string, why: string): AppError {
  return new AppError("invalid_input", `storage address ${JSON.stringify(text)}: ${why}`);
}
