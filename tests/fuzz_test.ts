/** A short run of what tests/bench/fuzz.ts does at length. A failure names the number of the input. */
import fc from "fast-check";
import { FUZZ_TARGETS, fuzzInput } from "./support/fuzz_inputs.ts";

for (const target of FUZZ_TARGETS) {
  Deno.test(`fuzz: no ${target.name} crashes the product, and each report can be shown`, () => {
    const number = fc.noShrink(fc.integer({ min: 0, max: 2 ** 32 - 1 }));
    fc.assert(fc.property(number, (start) => target.read(fuzzInput(target, start))), { numRuns: 1000 });
  });
}
