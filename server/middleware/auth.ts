/** Who asks. */
import { AppError } from "../../core/errors.ts";
import type { TokenTable } from "../tokens.ts";

const PREFIX = "Bearer ";

/**
 * The actor behind the bearer token, and nothing else: no other header, query parameter or body member is looked at.
 * Null when the server is open. Throws `AppError("unauthorized")`.
 */
export function authenticate(tokens: TokenTable | null, headers: Headers): string | null {
  if (tokens === null) return null;
  const header = headers.get("Authorization");
  if (header === null || !header.startsWith(PREFIX)) {
    throw new AppError("unauthorized", "missing bearer token");
  }
  const actor = tokens.actorOf(header.slice(PREFIX.length));
  if (actor === null) throw new AppError("unauthorized", "invalid bearer token");
  return actor;
}
