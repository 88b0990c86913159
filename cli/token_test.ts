import assert from "node:assert/strict";
import { bearerToken } from "./token.ts";

const token = (value: string | undefined) =>
  bearerToken((name) => name === "OMNIGRAPH_BEARER_TOKEN" ? value : undefined);

Deno.test("a token is trimmed, and blank means none", () => {
  assert.equal(token("tok-1\n"), "tok-1");
  for (const none of [undefined, "", " \n"]) assert.equal(token(none), null);
});

Deno.test("what no header can carry is refused and not shown", () => {
  for (const wrong of ["secret\nother", "secret other", "secr\u00e9t"]) {
    assert.throws(
      () => token(wrong),
      (error: Error) => !error.message.includes("secr") && /is no token/.test(error.message),
    );
  }
});
