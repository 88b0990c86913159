import assert from "node:assert/strict";
import { AppError } from "../../core/errors.ts";
import { renderError } from "./errors.ts";

Deno.test("a refused token is followed by where tokens are put, also as a cause", () => {
  const refused = new AppError("unauthorized", "missing bearer token");
  const help = "  help: OMNIGRAPH_BEARER_TOKEN holds the token for the server";
  assert.deepEqual(renderError(refused), ["error: missing bearer token", help]);
  assert.deepEqual(renderError(new AppError("usage", "choose a graph", { cause: refused })), [
    "error: choose a graph",
    "  caused by: missing bearer token",
    help,
  ]);
  assert.deepEqual(renderError(new AppError("policy_denied", "no")), ["error: no"]);
});
