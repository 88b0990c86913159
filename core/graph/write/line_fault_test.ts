import assert from "node:assert/strict";
import { AppError } from "../../errors.ts";
import { acceptSchema } from "../../schema/accept.ts";
import { parseBatch } from "./batch.ts";

const { catalog } = acceptSchema({ path: "film.pg", text: "node Film { slug: String @key }\n" }, {
  domain: "t",
});

function refusal(...parts: readonly (string | readonly number[])[]): string {
  const bytes = parts.flatMap((part) =>
    typeof part === "string" ? [...new TextEncoder().encode(part)] : part
  );
  try {
    parseBatch(catalog, Uint8Array.from(bytes));
  } catch (error) {
    assert.ok(error instanceof AppError);
    return error.message;
  }
  throw new Error("the batch was accepted");
}

const film = (slug: string | readonly number[]) =>
  refusal('{"type":"Film","data":{"slug":"a"}}\n{"type":"Film","data":{"slug":"', slug, '"}}\n');

Deno.test("a batch in another encoding is told so", () => {
  assert.equal(
    refusal([0xef, 0xbb, 0xbf], '{"type":"Film","data":{"slug":"a"}}'),
    "invalid strict JSON at line 1: the file starts with a byte order mark: save it as UTF-8 without one",
  );
  for (const mark of [[0xff, 0xfe], [0xfe, 0xff]]) {
    assert.equal(
      refusal(mark, "{"),
      "invalid strict JSON at line 1: the file is UTF-16 text: save it as UTF-8",
    );
  }
});

Deno.test("a string that is not strict JSON says what is wrong with it", () => {
  const at = (what: string) => `invalid strict JSON at line 2: a string ${what} at byte 31`;
  assert.equal(film("a\tb"), at("with a raw control character, to be written as \\t,"));
  assert.equal(film("a\u0001b"), at("with a raw control character, to be written as \\u0001,"));
  assert.equal(film("a\\x"), at("with an unknown escape"));
  assert.equal(film("a\\u12g4"), at("with an unknown escape"));
  assert.equal(film('\\"\\\\\\u0041\\ud800'), at("that is not UTF-8 text or holds half of a surrogate pair"));
  assert.equal(film([0xff]), at("that is not UTF-8 text or holds half of a surrogate pair"));
  assert.equal(
    refusal('{"type":"Film","data":{"slug":"a'),
    "invalid strict JSON at line 1: a string that does not end at byte 31",
  );
});
