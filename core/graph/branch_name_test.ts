import assert from "node:assert/strict";
import fc from "fast-check";
import {
  decodeBranchName,
  encodeBranchName,
  findPathConflict,
  parseBranchName,
  parseOwnBranchName,
} from "./branch_name.ts";

Deno.test("parseBranchName() trims and accepts segments of letters, digits, dot, dash and underscore", () => {
  for (const name of ["main", "intake/may", "A-1/b_2/c.3", "x"]) {
    assert.equal(parseBranchName(` ${name}\t`), name);
  }
});

Deno.test("parseBranchName() refuses every malformed name", () => {
  const bad = [
    "",
    "  ",
    "/a",
    "a/",
    "a//b",
    "a..b",
    "a\\b",
    "a.lock",
    "a b",
    "ä",
    "__x",
    "a?",
    "a%2f",
    "x".repeat(300),
  ];
  for (const name of bad) {
    assert.throws(() => parseBranchName(name), { code: "invalid_input" }, JSON.stringify(name));
  }
  assert.throws(() => parseOwnBranchName("main"), /reserved/);
});

Deno.test("findPathConflict() names the live branch that is a path ancestor or descendant", () => {
  assert.equal(findPathConflict("review", ["main", "review/may"]), "review/may");
  assert.equal(findPathConflict("review/may/x", ["main", "review/may"]), "review/may");
  assert.equal(findPathConflict("review", ["reviews", "preview/review"]), null);
});

Deno.test("encodeBranchName() is reversible, one path segment, and differs also where case is ignored", () => {
  const letter = fc.constantFrom(..."abABZz09._-/");
  const name = fc.array(letter, { minLength: 1, maxLength: 12 }).map((letters) => letters.join(""));
  fc.assert(fc.property(name, name, (a, b) => {
    assert.equal(decodeBranchName(encodeBranchName(a)), a);
    assert.ok(!encodeBranchName(a).includes("/"));
    if (a !== b) assert.notEqual(encodeBranchName(a).toLowerCase(), encodeBranchName(b).toLowerCase());
  }));
});
