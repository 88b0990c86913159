/**
 * Page tokens and cursors: base64url of a JSON object and eight bytes of checksum. They are opaque to their owners, who
 * give them back unchanged, and they are bound to what they were made for; the server keeps no state. They begin with a
 * letter, so that no command line takes them for a flag.
 */
import { sha256Hex } from "../../base/digest.ts";
import { AppError } from "../../errors.ts";

/** What a token is for: pages of one commit, of a pair of commits, of a feed; positions in a feed. */
export type TokenPurpose = "changes" | "diff" | "feed" | "cursor";

/** Longest token, characters. */
export const TOKEN_CHARS_MAX = 4096;

const CHECKSUM_BYTES = 8;
const BASE64 = { alphabet: "base64url", omitPadding: true } as const;

/** What a token holds. */
export interface TokenBody {
  /** Where it is valid. */
  readonly scope: readonly string[];
  readonly at: Readonly<Record<string, string | number>>;
}

/** The place that a token stands for; reading a member that is not there rejects it. */
export class TokenPlace {
  readonly #members: Readonly<Record<string, unknown>>;

  constructor(members: Readonly<Record<string, unknown>>) {
    this.#members = members;
  }

  /** A text. */
  text(name: string): string {
    const value = this.#members[name];
    if (typeof value === "string") return value;
    throw damaged();
  }

  /** A whole number, zero or more. */
  count(name: string): number {
    const value = this.#members[name];
    if (Number.isSafeInteger(value) && (value as number) >= 0) return value as number;
    throw damaged();
  }
}

/** Makes a token. */
export function encodeToken(purpose: TokenPurpose, { scope, at }: TokenBody): string {
  const body = new TextEncoder().encode(JSON.stringify({ v: 1, purpose, scope, at }));
  const bytes = new Uint8Array(CHECKSUM_BYTES + body.length);
  bytes.set(body);
  bytes.set(checksum(body), body.length);
  return bytes.toBase64(BASE64);
}

/**
 * Reads a token that must have been made for this purpose and scope. `names` say what the parts of the scope are.
 *
 * @throws AppError `cursor_rejected`.
 */
export function decodeToken(
  text: string,
  purpose: TokenPurpose,
  scope: readonly string[],
  names: readonly string[],
): TokenPlace {
  const value = text.length > TOKEN_CHARS_MAX ? null : open(text);
  if (value === null) throw damaged();
  if (value["purpose"] !== purpose) {
    throw rejected(`this is a ${nameOf(value["purpose"])}, a ${nameOf(purpose)} is needed`);
  }
  const given = value["scope"];
  const different = Array.isArray(given) && given.length === scope.length
    ? scope.findIndex((part, i) => part !== given[i])
    : 0;
  if (different !== -1) throw rejected(`it was made for another ${names[different]}`);
  const at = value["at"];
  if (at === null || typeof at !== "object") throw damaged();
  return new TokenPlace(at as Readonly<Record<string, unknown>>);
}

function damaged(): AppError {
  return rejected("it is damaged, or no token of this graph");
}

/** The error for a token or start that cannot be used; its message always begins alike. */
export function rejected(reason: string): AppError {
  return new AppError("cursor_rejected", `change cursor rejected: ${reason}`);
}

/** The object inside, or null when the token was not made here. */
function open(text: string): Readonly<Record<string, unknown>> | null {
  try {
    const bytes = Uint8Array.fromBase64(text, { alphabet: "base64url" });
    // There is one spelling of a token: no blanks, no padding, no bits to spare.
    if (bytes.toBase64(BASE64) !== text || bytes.length <= CHECKSUM_BYTES) return null;
    const body = bytes.subarray(0, -CHECKSUM_BYTES);
    if (!checksum(body).every((byte, i) => byte === bytes[body.length + i])) return null;
    const value: unknown = JSON.parse(new TextDecoder().decode(body));
    return value !== null && typeof value === "object" ? value as Readonly<Record<string, unknown>> : null;
  } catch {
    return null; // neither base64 nor JSON
  }
}

function checksum(bytes: Uint8Array): Uint8Array {
  return Uint8Array.fromHex(sha256Hex(bytes).slice(0, CHECKSUM_BYTES * 2));
}

function nameOf(purpose: unknown): string {
  return purpose === "cursor"
    ? "cursor"
    : purpose === "feed"
    ? "page token of a feed"
    : "page token of changes";
}
