/** The token that a served command shows. */
import { AppError } from "../core/errors.ts";
import type { Context } from "./context.ts";

/** What a header can carry; everything else would fail deep inside the request. */
const TOKEN = /^[\x21-\x7e]+$/;

/** `OMNIGRAPH_BEARER_TOKEN`, trimmed; null when blank. Throws `AppError("usage")`, which never quotes the token. */
export function bearerToken(env: Context["env"]): string | null {
  const token = (env("OMNIGRAPH_BEARER_TOKEN") ?? "").trim();
  if (token === "") return null;
  if (TOKEN.test(token)) return token;
  throw new AppError(
    "usage",
    "OMNIGRAPH_BEARER_TOKEN is no token: it holds blanks, line breaks or letters beyond ASCII",
  );
}
