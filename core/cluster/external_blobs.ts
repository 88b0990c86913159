/**
 * `external_blobs`: the URI prefixes that blob values may refer to. Bases are normalized once, here; everything after
 * works with the applied form.
 */
import type { Diagnostic } from "../base/diagnostic.ts";
import type { SourceText, Span } from "../base/span.ts";
import type { BlobBaseConfig } from "./config.ts";
import { finding } from "./findings.ts";

/** Applied form of one base. */
export interface BlobBase {
  /** Normalized, with one trailing `/`. */
  readonly uri: string;
  readonly scope: "server_safe" | "embedded_only";
}

/** Applied form: what is allowed. Deny is the absence of a policy. Member order is the order of the digest. */
export interface BlobPolicy {
  readonly mode: "allow";
  readonly bases: readonly BlobBase[];
}

/** A base may have at most this many bytes. */
const BASE_BYTES_MAX = 64 * 1024;

/** Whether a folder exists, asked for `file://` bases. */
export type FolderExists = (path: string) => boolean;

/** Normalizes the bases of one graph; null is deny. Findings stand at `<path>.allow[i].base` and `<path>.allow`. */
export function resolveBlobPolicy(
  allow: readonly BlobBaseConfig[],
  path: string,
  source: SourceText,
  folderExists: FolderExists,
): { readonly policy: BlobPolicy | null; readonly diagnostics: readonly Diagnostic[] } {
  const diagnostics: Diagnostic[] = [];
  const bases: (BlobBase & { readonly span: Span })[] = [];
  allow.forEach(({ base, scope }, index) => {
    const normalized = normalizeBase(base.text, scope, folderExists);
    if ("fault" in normalized) {
      const message = `external blob base ${JSON.stringify(base.text)}: ${normalized.fault}`;
      const at = `${path}.allow[${index}].base`;
      diagnostics.push(finding("invalid_external_blob_base", at, message, { span: base.span, source }));
    } else bases.push({ uri: normalized.uri, scope, span: base.span });
  });
  bases.sort((a, b) => a.uri !== b.uri ? (a.uri < b.uri ? -1 : 1) : a.scope === "server_safe" ? -1 : 1);
  // Sorted and ending in `/`, a base lies inside another exactly when it starts with a neighbour before it.
  for (let at = 1; at < bases.length; at++) {
    const inside = bases[at]!;
    const around = bases.slice(0, at).find((base) => inside.uri.startsWith(base.uri));
    if (around === undefined) continue;
    const message = `external blob bases \`${around.uri}\` and \`${inside.uri}\` overlap`;
    const options = { span: inside.span, source, help: "keep the wider one" };
    diagnostics.push(finding("invalid_external_blob_policy", `${path}.allow`, message, options));
  }
  if (diagnostics.length > 0 || bases.length === 0) return { policy: null, diagnostics };
  return { policy: { mode: "allow", bases: bases.map(({ uri, scope }) => ({ uri, scope })) }, diagnostics };
}

function normalizeBase(
  text: string,
  scope: BlobBase["scope"],
  folderExists: FolderExists,
): { readonly uri: string } | { readonly fault: string } {
  if (new TextEncoder().encode(text).length > BASE_BYTES_MAX) return { fault: "longer than 64 KiB" };
  if (text !== text.trim()) return { fault: "must not have space around it" };
  if (text.includes("\\")) return { fault: "must not contain a backslash" };
  const parts = /^([A-Za-z][A-Za-z0-9+.-]*):\/\/([^/?#]*)([^?#]*)([?#].*)?$/s.exec(text);
  if (parts === null) return { fault: "must be an absolute URI such as `s3://bucket/prefix/`" };
  const [, rawScheme = "", authority = "", path = "", tail] = parts;
  const scheme = rawScheme.toLowerCase();
  if (tail !== undefined) return { fault: "must not have a query or fragment" };
  if (authority.includes("@")) return { fault: "must not have user information" };
  if (authority.includes(":")) return { fault: "must not have a port" };
  const host = authority.toLowerCase();
  if (scheme === "s3" ? host === "" : scheme !== "file" || host !== "") {
    return { fault: "must be `s3://<bucket>/…` or `file:///…`" };
  }
  if (scheme === "file" && scope === "server_safe") return { fault: "`server_safe` allows s3:// only" };
  const segments = path.replace(/^\//, "").replace(/\/$/, "").split("/");
  const encoded: string[] = [];
  for (const segment of path === "" || path === "/" ? [] : segments) {
    const decoded = decodeSegment(segment);
    if (decoded === null) {
      return { fault: "empty, dot and broken segments and encoded `/`, `\\`, `%` or NUL are refused" };
    }
    encoded.push(encodeURIComponent(decoded));
  }
  if (scheme === "file" && !folderExists("/" + encoded.map(decodeURIComponent).join("/"))) {
    return { fault: "the folder does not exist" };
  }
  return { uri: `${scheme}://${host}/${encoded.map((segment) => segment + "/").join("")}` };
}

/** The decoded segment, or null when it is refused. */
function decodeSegment(segment: string): string | null {
  if (segment === "" || /%(2f|5c|25|00)/i.test(segment)) return null;
  try {
    const decoded = decodeURIComponent(segment);
    return decoded === "." || decoded === ".." || decoded.includes("\0") ? null : decoded;
  } catch {
    return null;
  }
}
