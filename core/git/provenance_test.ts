import assert from "node:assert/strict";
import { cleanRemote, githubProvenance, provenanceOf } from "./provenance.ts";

const BUILD = { product: "1.0.0", deno: "2.0.0" };

Deno.test("cleanRemote() shows no secret and always https", () => {
  const cases: readonly [string, string | null][] = [
    ["git@code.example:quay/config.git", "https://code.example/quay/config"],
    ["code.example:quay/config", "https://code.example/quay/config"],
    ["https://me:secret@code.example/quay/config.git?token=1#x", "https://code.example/quay/config"],
    ["https://oauth2:secret@code.example:8443/quay/config", "https://code.example:8443/quay/config"],
    ["ssh://git@code.example:2222/quay/config.git/", "https://code.example/quay/config"],
    ["git://code.example/quay/config", "https://code.example/quay/config"],
    ["http://code.example/quay/config", "https://code.example/quay/config"],
    ["git@code.example:quay/config.git?token=secret", "https://code.example/quay/config"],
    ["/srv/git/config.git", null],
    ["../config.git", null],
    ["C:\\repos\\config", null],
    ["file:///srv/git/config.git", null],
    ["", null],
  ];
  for (const [remote, expected] of cases) assert.equal(cleanRemote(remote), expected, remote);
});

Deno.test("githubProvenance() keeps the three commits of a pull request apart", () => {
  const values: Record<string, string> = {
    GITHUB_ACTIONS: "true",
    GITHUB_SERVER_URL: "https://code.example",
    GITHUB_REPOSITORY: "quay/config",
    GITHUB_RUN_ID: "77",
    GITHUB_RUN_ATTEMPT: "2",
    GITHUB_EVENT_NAME: "pull_request",
    GITHUB_WORKFLOW: "plan",
    GITHUB_ACTOR: "ida",
    GITHUB_ACTOR_ID: "4711",
    GITHUB_HEAD_REF: "wider-berths",
    GITHUB_REF_NAME: "12/merge",
  };
  const env = { get: (name: string) => values[name] };
  const event = JSON.stringify({ pull_request: { number: 12, head: { sha: "aaa" }, base: { sha: "bbb" } } });
  assert.deepEqual(githubProvenance(env, event), {
    ref: "wider-berths",
    head_sha: "aaa",
    base_sha: "bbb",
    pr: 12,
    actor: { id: "github:4711/ida", verified: true },
    ci: {
      run_url: "https://code.example/quay/config/actions/runs/77",
      attempt: 2,
      event: "pull_request",
      workflow: "plan",
    },
  });
});

Deno.test("githubProvenance() outlives a missing or broken event and is null elsewhere", () => {
  const env = { get: (name: string) => name === "GITHUB_ACTIONS" ? "true" : undefined };
  for (const event of [null, "{", "[]", '{"pull_request":7}']) {
    const found = githubProvenance(env, event);
    assert.equal(found?.pr, null);
    assert.equal(found?.ci.run_url, null);
  }
  assert.equal(githubProvenance({ get: () => undefined }, null), null);
});

Deno.test("provenanceOf() prefers the named actor, unverified, and is all null outside a repository", () => {
  const env = { get: (name: string) => ({ GITHUB_ACTIONS: "true", GITHUB_ACTOR: "ida" })[name] };
  const ci = githubProvenance(env, null);
  assert.deepEqual(provenanceOf(null, ci, "noor", BUILD).actor, { id: "noor", verified: false });
  assert.deepEqual(provenanceOf(null, ci, null, BUILD).actor, { id: "github:?/ida", verified: true });
  const { build, ...rest } = provenanceOf(null, null, null, BUILD);
  assert.deepEqual(build, BUILD);
  assert.ok(Object.values(rest).every((value) => value === null));
});
