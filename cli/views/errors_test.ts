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

Deno.test("a cause that says the same is left out", () => {
  const cause = new AppError("storage_error", "gone", { cause: new Error("disk") });
  const error = new AppError("storage_error", "gone", { cause });
  assert.deepEqual(renderError(error), ["error: gone", "  caused by: disk"]);
  const quoted = new AppError("storage_error", "`a` cannot be written: disk", { cause: new Error("disk") });
  assert.deepEqual(renderError(quoted), ["error: `a` cannot be written: disk"]);
});

Deno.test("an excerpt is indented, whether a server sent it in the message or a library in its cause", () => {
  const message = "type error: unknown node type `Sihp`\nerror[T1]: type error\n  --> <query>:1:25";
  assert.deepEqual(renderError(new AppError("type_error", message)), [
    "error: type error: unknown node type `Sihp`",
    "  error[T1]: type error",
    "    --> <query>:1:25",
  ]);
  const cause = new Error("a list must end with a ]:\n\na: [\n\n^\n");
  assert.deepEqual(renderError(new AppError("invalid_input", "`config.yaml` is not valid YAML", { cause })), [
    "error: `config.yaml` is not valid YAML",
    "  caused by: a list must end with a ]:",
    "    a: [",
    "    ^",
  ]);
});

Deno.test("every conflict of a merge has a line; without an id where it is about a type", () => {
  const error = new AppError("merge_conflict", "merge conflicts: …", {
    detail: {
      merge_conflicts: [
        {
          entity_kind: "node",
          type_name: "Ship",
          entity_id: "s-1",
          kind: "divergent_update",
          message: "both",
        },
        {
          entity_kind: "edge",
          type_name: "Calls",
          entity_id: null,
          kind: "cardinality_violation",
          message: "many",
        },
      ],
    },
  });
  assert.deepEqual(renderError(error), [
    "error: merge conflicts: …",
    "  divergent_update node Ship 's-1': both",
    "  cardinality_violation edge Calls: many",
  ]);
});
