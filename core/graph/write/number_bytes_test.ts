import assert from "node:assert/strict";
import fc from "fast-check";
import { scanNumber } from "./byte_reader.ts";
import { doubleOf, integerOf } from "./number_bytes.ts";

const ENCODER = new TextEncoder();
const digits = (min: number, max: number) =>
  fc.array(fc.integer({ min: 0, max: 9 }), { minLength: min, maxLength: max }).map((all) => all.join(""));
const whole = fc.oneof(fc.constant("0"), digits(1, 25).map((text) => text.replace(/^0+(?=.)/, "")));
const token = fc.tuple(
  fc.constantFrom("", "-"),
  whole,
  fc.option(digits(1, 20)),
  fc.option(fc.tuple(fc.constantFrom("e", "E", "e+", "e-"), fc.integer({ min: 0, max: 330 }))),
).map(([sign, integer, fraction, exponent]) =>
  `${sign}${integer}${fraction === null ? "" : `.${fraction}`}${exponent === null ? "" : exponent.join("")}`
);

Deno.test("doubleOf() gives the double that the platform gives", () => {
  fc.assert(
    fc.property(fc.oneof(token, fc.double({ noNaN: true, noDefaultInfinity: true }).map(String)), (text) => {
      const bytes = ENCODER.encode(`[${text}]`);
      assert.ok(Object.is(doubleOf(bytes, 1, 1 + text.length), Number(text)), text);
    }),
    { numRuns: 5000 },
  );
});

Deno.test("integerOf() keeps every digit and knows no negative zero", () => {
  fc.assert(
    fc.property(fc.oneof(fc.bigInt(), fc.integer().map(BigInt)), (value) => {
      const text = String(value);
      assert.equal(BigInt(integerOf(ENCODER.encode(text), 0, text.length)), value);
    }),
  );
  assert.ok(Object.is(integerOf(ENCODER.encode("-0"), 0, 2), 0));
});

Deno.test("scanNumber() takes what JSON takes and tells integers from decimals", () => {
  fc.assert(
    fc.property(token, (text) => {
      const scanned = scanNumber(ENCODER.encode(`${text},`), 0, text.length + 1);
      assert.equal(scanned < 0 ? ~scanned : scanned, text.length, text);
      assert.equal(scanned < 0, /[.eE]/.test(text), text);
    }),
  );
  for (const text of ["-", "+1", ".5", "1.", "1.e3", "1e", "1e+", "-a", ""]) {
    assert.equal(scanNumber(ENCODER.encode(text), 0, text.length), -1, text);
  }
});
