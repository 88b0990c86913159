/**
 * Bearer tokens. Only SHA-256 digests are kept; the plaintext is dropped as soon as it is read.
 *
 * Invariant: looking a token up touches every digest and takes no branch that depends on where they differ, so that
 * its duration says nothing about the known tokens.
 */
import { sha256Hex } from "../core/base/digest.ts";
import { parseJson } from "../core/base/lossless_json.ts";
import type { Env } from "../core/base/ports.ts";
import { AppError } from "../core/errors.ts";
import { given } from "./settings.ts";

const DIGEST_WORDS = 8;

/** Which actor a token stands for. */
export class TokenTable {
  /** One digest of 8 words per actor, in the order of `#actors`. */
  readonly #digests: Int32Array;
  readonly #actors: readonly string[];

  /** `tokens` maps actors to tokens; both distinct and not blank. */
  constructor(tokens: ReadonlyMap<string, string>) {
    this.#actors = [...tokens.keys()];
    this.#digests = new Int32Array(tokens.size * DIGEST_WORDS);
    let at = 0;
    for (const token of tokens.values()) {
      this.#digests.set(digestOf(token), at);
      at += DIGEST_WORDS;
    }
  }

  /** Number of tokens. */
  get size(): number {
    return this.#actors.length;
  }

  /** The actor of a presented token, or null. */
  actorOf(token: string): string | null {
    const presented = digestOf(token);
    const digests = this.#digests;
    let found = 0; // index + 1 of the match
    for (let entry = 0, at = 0; at < digests.length; entry++) {
      let difference = 0;
      for (let word = 0; word < DIGEST_WORDS; word++) difference |= digests[at++]! ^ presented[word]!;
      // All ones when nothing differs, else zero.
      const equal = ~((difference | -difference) >> 31);
      found |= equal & (entry + 1);
    }
    return this.#actors[found - 1] ?? null;
  }
}

/** Where tokens came from, as logs name it. */
export type TokenSource = "env-or-file";

/** Tokens of the environment; `table` is null when none are configured. */
export interface LoadedTokens {
  readonly table: TokenTable | null;
  readonly source: TokenSource;
}

/**
 * Reads tokens: the file, else the inline JSON; the single token is added as actor `default`. Any doubt (blank or
 * repeated names or values, a source that cannot be used) refuses the start with `AppError("invalid_input")`.
 */
export async function loadTokens(
  env: Env,
  readTextFile: (path: string) => Promise<string>,
): Promise<LoadedTokens> {
  if (given(env, "OMNIGRAPH_SERVER_BEARER_TOKENS_AWS_SECRET") !== null) {
    const text = "tokens from AWS Secrets Manager are not supported by this build: unset " +
      "OMNIGRAPH_SERVER_BEARER_TOKENS_AWS_SECRET (other token sources are not used in its place)";
    throw new AppError("invalid_input", text);
  }
  const file = given(env, "OMNIGRAPH_SERVER_BEARER_TOKENS_FILE");
  const inline = given(env, "OMNIGRAPH_SERVER_BEARER_TOKENS_JSON");
  const single = given(env, "OMNIGRAPH_SERVER_BEARER_TOKEN");
  const entries: [string, unknown][] = [];
  if (file !== null) entries.push(...readEntries(await readFile(file, readTextFile), `token file '${file}'`));
  else if (inline !== null) entries.push(...readEntries(inline, "OMNIGRAPH_SERVER_BEARER_TOKENS_JSON"));
  if (single !== null) entries.push(["default", single]);
  const tokens = checkEntries(entries);
  return { table: tokens.size === 0 ? null : new TokenTable(tokens), source: "env-or-file" };
}

async function readFile(path: string, readTextFile: (path: string) => Promise<string>): Promise<string> {
  try {
    return await readTextFile(path);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new AppError("invalid_input", `token file '${path}' cannot be read: ${reason}`, { cause });
  }
}

function readEntries(text: string, what: string): [string, unknown][] {
  let value: unknown;
  try {
    value = parseJson(text);
  } catch {
    // The parser's message may quote the text, which holds tokens: it goes no further.
    throw refusal(what, "must hold a JSON object of actor to token that repeats no actor");
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw refusal(what, "must hold a JSON object of actor to token");
  }
  return Object.entries(value);
}

/** What an `Authorization` header can carry and every client sends alike. */
const SENDABLE = /^[\x20-\x7e]+$/;

function checkEntries(entries: readonly [string, unknown][]): Map<string, string> {
  const tokens = new Map<string, string>();
  const seen = new Set<string>();
  for (const [name, value] of entries) {
    const actor = name.trim();
    if (actor === "") throw refusal("bearer tokens", "an actor is blank");
    if (actor.startsWith("omnigraph:")) {
      throw refusal(
        "bearer tokens",
        `actor '${actor}' is reserved: names that start with \`omnigraph:\` are ours`,
      );
    }
    if (typeof value !== "string") {
      throw refusal("bearer tokens", `the token of actor '${actor}' is no string`);
    }
    const token = value.trim();
    if (token === "") throw refusal("bearer tokens", `the token of actor '${actor}' is blank`);
    if (!SENDABLE.test(token)) {
      const why =
        `the token of actor '${actor}' holds a character that no header can carry: use visible ASCII`;
      throw refusal("bearer tokens", why);
    }
    if (tokens.has(actor)) throw refusal("bearer tokens", `actor '${actor}' is repeated`);
    if (seen.has(token)) throw refusal("bearer tokens", `actor '${actor}' has the token of another actor`);
    tokens.set(actor, token);
    seen.add(token);
  }
  return tokens;
}

function refusal(what: string, why: string): AppError {
  return new AppError("invalid_input", `${what}: ${why}`);
}

/** The digest as words. Going through hex is three times faster than through a buffer. */
function digestOf(token: string): Int32Array {
  const hex = sha256Hex(token);
  const words = new Int32Array(DIGEST_WORDS);
  for (let word = 0; word < DIGEST_WORDS; word++) {
    words[word] = Number.parseInt(hex.slice(word * 8, word * 8 + 8), 16);
  }
  return words;
}
