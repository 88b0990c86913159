import assert from "node:assert/strict";
import fc from "fast-check";
import { type HeadOperation, headViolations, type LoggedCommit } from "./head_history.ts";

const LOG: readonly LoggedCommit[] = ["a", "b", "c"].map((id, i, all) => ({
  id,
  parent: all[i - 1] ?? null,
}));

function read(commit: string, called: number, returned: number): HeadOperation {
  return { kind: "read", commit, called, returned };
}

function write(commit: string, called: number, returned: number, ifCommit?: string): HeadOperation {
  return { kind: "write", commit, called, returned, ...(ifCommit === undefined ? {} : { ifCommit }) };
}

Deno.test("headViolations() accepts histories that have an order", () => {
  const good: readonly (readonly HeadOperation[])[] = [
    [],
    [read("a", 0, 1), write("b", 2, 3, "a"), read("b", 4, 5)],
    // A read beside a write may see it or not, and another read beside both may still not see it.
    [write("b", 0, 10), read("b", 1, 2), read("b", 3, 4)],
    [write("b", 0, 10), read("a", 1, 2), read("b", 3, 4)],
    [write("b", 0, 10), read("b", 1, 5), read("a", 2, 6)],
    // Two writes side by side land in either order.
    [write("c", 0, 10), write("b", 0, 10)],
    // A write that nobody was told about shows up later.
    [read("a", 0, 1), read("c", 2, 3)],
  ];
  for (const history of good) assert.deepEqual(headViolations(LOG, history), [], JSON.stringify(history));
});

Deno.test("headViolations() finds what no order explains", () => {
  const bad: readonly (readonly [string, readonly HeadOperation[]])[] = [
    ["a stale read", [write("b", 0, 1), read("a", 2, 3)]],
    ["a head that goes back", [read("b", 0, 1), read("a", 2, 3)]],
    ["a read of the future", [read("b", 0, 1), write("b", 2, 3)]],
    ["writes against the order of time", [write("c", 0, 1), write("b", 2, 3)]],
    ["a lost write", [write("x", 0, 1)]],
    ["a read of something that never was", [read("x", 0, 1)]],
    ["one commit for two writers", [write("b", 0, 5), write("b", 0, 5)]],
    ["a condition that did not hold", [write("c", 0, 1, "a")]],
  ];
  for (const [name, history] of bad) assert.equal(headViolations(LOG, history).length, 1, name);
  assert.equal(headViolations([LOG[0]!, LOG[2]!], []).length, 1, "a log with a gap");
});

Deno.test("headViolations() agrees with trying every order", () => {
  const operation = fc.record({
    kind: fc.constantFrom("read" as const, "write" as const),
    commit: fc.constantFrom("a", "b", "c"),
    called: fc.integer({ min: 0, max: 8 }),
    length: fc.integer({ min: 0, max: 6 }),
  }).map(({ length, ...rest }) => ({ ...rest, returned: rest.called + length }));
  fc.assert(
    fc.property(fc.array(operation, { maxLength: 5 }), (history) => {
      // Each commit is written once, so that the log can be the witness.
      const once = history.filter(({ kind, commit }, i) =>
        kind === "read" ||
        (commit !== "a" && history.findIndex((each) => each.kind === kind && each.commit === commit) === i)
      );
      assert.equal(headViolations(LOG, once).length === 0, hasOrder(once, "a"), JSON.stringify(once));
    }),
    { numRuns: 2000 },
  );
});

/** Tries all orders. Commits that nobody wrote here may be published at any moment, in the order of the log. */
function hasOrder(left: readonly HeadOperation[], head: string): boolean {
  if (left.length === 0) return true;
  const after = LOG[LOG.findIndex(({ id }) => id === head) + 1]?.id;
  const first = left.filter((each) => left.every((other) => other.returned >= each.called));
  for (const each of first) {
    const rest = left.filter((other) => other !== each);
    if (each.kind === "read" ? each.commit === head : each.commit === after) {
      if (hasOrder(rest, each.commit)) return true;
    }
  }
  const isOurs = left.some(({ kind, commit }) => kind === "write" && commit === after);
  return after !== undefined && !isOurs && hasOrder(left, after);
}
