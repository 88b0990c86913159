import assert from "node:assert/strict";
import { decideRuntimeState } from "./runtime_state.ts";

Deno.test("server 8: every row of the runtime state table, flag on and off", () => {
  const decide = (tokens: boolean, policy: boolean, unauthenticated: boolean) =>
    decideRuntimeState({ tokens, policy, unauthenticated });
  assert.throws(() => decide(false, false, false), /--unauthenticated.*OMNIGRAPH_UNAUTHENTICATED=1/);
  assert.equal(decide(false, false, true), "open");
  for (const flag of [false, true]) {
    assert.equal(decide(true, false, flag), "default_deny");
    assert.equal(decide(true, true, flag), "policy_enabled");
    assert.throws(() => decide(false, true, flag), /policy file is configured but no bearer tokens/);
  }
});
