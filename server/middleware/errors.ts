/** Failures as responses. */
import { errorOutput } from "../../core/api/wire.ts";
import { jsonText } from "../../core/base/lossless_json.ts";
import { AppError } from "../../core/errors.ts";
import type { Log } from "../log.ts";

/** Seconds a client over its cap should wait. */
const RETRY_AFTER_S = "60";

/** The response of a failure. What is no expected failure, or the server's own, is logged. */
export function errorResponse(error: unknown, log: Log): Response {
  const expected = error instanceof AppError;
  const status = expected ? error.facts.status : 500;
  if (status >= 500) {
    const text = error instanceof Error ? error.stack ?? error.message : String(error);
    log.error("request failed", { error: text });
  }
  const headers = new Headers({ "Content-Type": "application/json" });
  if (status === 401) headers.set("WWW-Authenticate", "Bearer");
  if (status === 429) headers.set("Retry-After", RETRY_AFTER_S);
  return new Response(jsonText(errorOutput(error)), { status, headers });
}
