import assert from "node:assert/strict";
import { loadTokens, TokenTable } from "./tokens.ts";

const NAMES = {
  aws: "OMNIGRAPH_SERVER_BEARER_TOKENS_AWS_SECRET",
  file: "OMNIGRAPH_SERVER_BEARER_TOKENS_FILE",
  json: "OMNIGRAPH_SERVER_BEARER_TOKENS_JSON",
  single: "OMNIGRAPH_SERVER_BEARER_TOKEN",
};

/** Loads tokens from these variables; the file holds `fileText`. */
async function load(
  values: { aws?: string; file?: string; json?: string; single?: string },
  fileText = "{}",
) {
  const entries = Object.entries(values).map(([key, value]) =>
    [NAMES[key as keyof typeof NAMES], value] as const
  );
  const env = new Map(entries);
  const { table } = await loadTokens({ get: (name) => env.get(name) }, () => Promise.resolve(fileText));
  return table;
}

Deno.test("TokenTable finds each actor and nobody for other tokens", () => {
  const tokens = new Map(Array.from({ length: 40 }, (_, i) => [`actor-${i}`, `token-${i}`]));
  const table = new TokenTable(tokens);
  for (const [actor, token] of tokens) assert.equal(table.actorOf(token), actor);
  for (const token of ["", "token-40", "token-1 ", "TOKEN-1", "actor-1"]) {
    assert.equal(table.actorOf(token), null);
  }
});

Deno.test("loadTokens() finds none in an empty environment", async () => {
  assert.equal(await load({}), null);
  assert.equal(await load({ json: "{}" }), null);
  assert.equal(await load({ json: "  ", single: " " }), null);
});

Deno.test("server 9: the file beats inline tokens, the single token is added as default", async () => {
  const table = await load(
    { file: "tokens.json", json: '{"b":"inline"}', single: " one " },
    '{" a ":" filed "}',
  );
  assert.equal(table?.actorOf("filed"), "a");
  assert.equal(table?.actorOf("one"), "default");
  assert.equal(table?.actorOf("inline"), null);
});

Deno.test("server 9: blank, repeated or malformed tokens refuse the start, and are not repeated in the message", async () => {
  for (
    const values of [
      { json: '{"a":"same-secret","b":" same-secret "}' },
      { json: '{"default":"x"}', single: "y" },
      { json: '{"a":"x","a":"y"}' },
      { json: '{"a":"x"," a":"y"}' },
      { json: '{"a":" "}' },
      { json: '{"omnigraph:repair":"x"}' },
      { json: '{" ":"x"}' },
      { json: '{"a":1}' },
      { json: "[]" },
      { json: '{"a":"same-secret"' },
      { json: '{"a":"same-secret\\u0000"}' },
      { json: '{"a":"same-secret-é"}' },
    ]
  ) {
    await assert.rejects(load(values), (error: Error & { code?: string }) => {
      assert.equal(error.code, "invalid_input", JSON.stringify(values));
      assert.ok(!error.message.includes("same-secret"));
      return true;
    });
  }
});

Deno.test("server 10: an AWS secret that cannot be used refuses the start; other tokens are not used", async () => {
  await assert.rejects(load({ aws: "prod/tokens", single: "x" }), /AWS Secrets Manager/);
});

Deno.test("loadTokens() names the file that it cannot read", async () => {
  const env = new Map([[NAMES.file, "missing.json"]]);
  const read = () => Promise.reject(new Error("no such file"));
  await assert.rejects(
    loadTokens({ get: (name) => env.get(name) }, read),
    /token file 'missing.json'.*no such file/,
  );
});
