import assert from "node:assert/strict";
import fc from "fast-check";
import { AppError } from "../../errors.ts";
import { decodeToken, encodeToken, TOKEN_CHARS_MAX, type TokenPurpose } from "./token.ts";

const purpose = fc.constantFrom<TokenPurpose>("changes", "diff", "feed", "cursor");
const scope = fc.array(fc.string({ unit: "grapheme", maxLength: 240 }), { minLength: 2, maxLength: 4 });
const names = ["graph", "branch", "life", "filter"];

Deno.test("a token gives back what it holds, and only for what it was made for", () => {
  fc.assert(fc.property(purpose, scope, purpose, scope, fc.nat(), (made, own, asked, other, slot) => {
    const token = encodeToken(made, { scope: own, at: { slot } });
    assert.match(token, /^[A-Za-z][A-Za-z0-9_-]*$/);
    assert.equal(decodeToken(token, made, own, names).count("slot"), slot);
    if (asked !== made || JSON.stringify(own) !== JSON.stringify(other)) {
      assert.throws(() => decodeToken(token, asked, other, names), /^AppError: change cursor rejected: /);
    }
  }));
});

Deno.test("a token with any character changed, added or removed is rejected", () => {
  const token = encodeToken("cursor", { scope: ["a", "b"], at: { slot: 7, commit: "01J" } });
  const isRejected = (text: string) => {
    assert.throws(
      () => decodeToken(text, "cursor", ["a", "b"], names),
      (error) => error instanceof AppError && error.message.startsWith("change cursor rejected: "),
      text,
    );
  };
  for (let at = 0; at < token.length; at++) {
    isRejected(token.slice(0, at) + token.slice(at + 1));
    isRejected(token.slice(0, at) + (token[at] === "x" ? "y" : "x") + token.slice(at + 1));
    isRejected(`${token.slice(0, at)} ${token.slice(at)}`);
  }
  const place = decodeToken(token, "cursor", ["a", "b"], names);
  assert.deepEqual([place.count("slot"), place.text("commit")], [7, "01J"]);
  for (const read of [() => place.count("commit"), () => place.text("slot"), () => place.count("cut")]) {
    assert.throws(read, /change cursor rejected: it is damaged/);
  }
  for (const text of ["", "=", `${token}=`, `${token}A`, "ä", "e".repeat(TOKEN_CHARS_MAX + 1)]) {
    isRejected(text);
  }
});
