import assert from "node:assert/strict";
import fc from "fast-check";
import { AppError } from "../errors.ts";
import { jsonText, parseJson } from "./lossless_json.ts";

function expectRefusal(text: string, fragment: string): void {
  assert.throws(() => parseJson(text), (error: unknown) => {
    assert.ok(error instanceof AppError);
    assert.equal(error.code, "invalid_input");
    assert.ok(error.message.includes(fragment), `${error.message} should contain ${fragment}`);
    return true;
  });
}

Deno.test("parseJson() keeps all digits of integers beyond the safe range", () => {
  assert.deepEqual(parseJson("[9007199254740991, 9007199254740992, -9007199254740993]"), [
    9007199254740991,
    9007199254740992n,
    -9007199254740993n,
  ]);
  assert.deepEqual(parseJson('{"n": 18446744073709551615}'), { n: 18446744073709551615n });
  assert.deepEqual(parseJson("[1e20, 12345678901234567.5]"), [1e20, 12345678901234567.5]);
});

Deno.test("parseJson() refuses a repeated member and says where", () => {
  expectRefusal('{"a": 1,\n "a": 2}', 'invalid JSON at line 2, column 2: duplicate member "a"');
  expectRefusal('[{"x": {"b": 1, "\\u0062": 2}}]', 'duplicate member "b"');
  assert.deepEqual(parseJson('[{"a": ":"}, {"a": "\\"a\\":"}]'), [{ a: ":" }, { a: '"a":' }]);
});

Deno.test("parseJson() treats `__proto__` as an ordinary member", () => {
  const value = parseJson('{"__proto__": 12345678901234567890}');
  assert.deepEqual(Object.keys(value as object), ["__proto__"]);
  expectRefusal('{"__proto__": 1, "__proto__": 2}', "duplicate member");
});

Deno.test("parseJson() names the place of a syntax error", () => {
  expectRefusal("", "at the end of the text: expected a JSON value");
  expectRefusal("[1,]", "at line 1, column 4: expected a JSON value");
  expectRefusal('{"a" 1}', "at line 1, column 6: expected `:`");
  expectRefusal('{"a": 1', "at the end of the text: expected `,` or `}`");
  expectRefusal("{a: 1}", "at line 1, column 2: expected a member name");
  expectRefusal("[01]", "a number must not start with `0`");
  expectRefusal("[-]", "expected digits after `-`");
  expectRefusal('["a', "unterminated string");
  expectRefusal('["\\q"]', "unknown escape");
  expectRefusal("1 2", "at line 1, column 3: expected the end of the text");
  expectRefusal("[NaN]", "expected a JSON value");
});

Deno.test("parseJson() refuses deep nesting instead of overflowing the stack", () => {
  expectRefusal("[".repeat(1_000_000), "nesting exceeds 128 levels");
  expectRefusal('{"a":'.repeat(1000) + "1" + "}".repeat(1000), "nesting exceeds 128 levels");
});

Deno.test("parseJson() agrees with the platform on every text without long integers", () => {
  const text = fc.oneof(
    fc.json(),
    fc.string({ unit: fc.constantFrom(...'{}[]",:\\tu0123456789-+.eE nfalsr'), maxLength: 30 }),
  );
  fc.assert(
    fc.property(text, (source) => {
      fc.pre(!/[0-9]{16}/.test(source));
      let expected: unknown;
      try {
        expected = JSON.parse(source);
      } catch {
        return expectRefusal(source, "invalid JSON");
      }
      try {
        assert.deepEqual(parseJson(source), expected);
      } catch (error) {
        assert.ok(error instanceof AppError && error.message.includes("duplicate member"));
      }
    }),
    { numRuns: 500 },
  );
});

Deno.test("jsonText() writes bigints, non-finite numbers and typed arrays", () => {
  assert.equal(
    jsonText({
      a: 9007199254740993n,
      b: [NaN, Infinity, -Infinity, -0],
      c: undefined,
      d: new Float32Array([1.5]),
    }),
    '{"a":9007199254740993,"b":["NaN","Infinity","-Infinity",0],"d":[1.5]}',
  );
  assert.equal(jsonText({ z: undefined, a: 1 }), '{"a":1}');
});

Deno.test("jsonText() and parseJson() are inverse", () => {
  const { tree } = fc.letrec((tie) => ({
    leaf: fc.oneof(
      fc.constant(null),
      fc.boolean(),
      fc.double({ noNaN: true, noDefaultInfinity: true }).map((n) => n === 0 ? 0 : n),
      fc.bigInt({ min: 2n ** 53n, max: 2n ** 64n }),
      fc.string({ unit: "binary" }),
    ),
    tree: fc.oneof(
      { depthSize: "small" },
      tie("leaf"),
      fc.array(tie("tree"), { maxLength: 4 }),
      fc.dictionary(fc.string(), tie("tree"), { maxKeys: 4, noNullPrototype: true }),
    ),
  }));
  fc.assert(fc.property(tree, (value) => {
    const text = jsonText(value);
    // Large doubles are spelled as integers below 1e21 and come back as the same bigint.
    assert.equal(jsonText(parseJson(text)), text);
  }));
});
