/** One clock for all processes of this machine that never steps: CLOCK_MONOTONIC of the C library. */

const IS_DARWIN = Deno.build.os === "darwin";
const CLOCK_MONOTONIC = IS_DARWIN ? 6 : 1;

const library = Deno.dlopen(IS_DARWIN ? "libSystem.dylib" : "libc.so.6", {
  clock_gettime: { parameters: ["i32", "buffer"], result: "i32" },
});
const time = new BigInt64Array(2);

/** Microseconds since a moment that is the same for all processes. */
export function monotonicUs(): number {
  library.symbols.clock_gettime(CLOCK_MONOTONIC, time);
  return Number(time[0]) * 1e6 + Number(time[1]) / 1e3;
}
