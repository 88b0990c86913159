import assert from "node:assert/strict";
import { AppError } from "../errors.ts";
import { listGraphs, openRemoteGraph } from "./remote.ts";

/** What a command is told when something answers like this. */
async function told(
  answer: (request: Request) => Response,
  ask: (baseUrl: string) => Promise<unknown>,
): Promise<string> {
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, answer);
  try {
    const baseUrl = `http://127.0.0.1:${server.addr.port}`;
    const error = await ask(baseUrl).then(() => assert.fail("it was believed"), (error: unknown) => error);
    assert.ok(error instanceof AppError, String(error));
    return error.message.replace(baseUrl, "URL");
  } finally {
    await server.shutdown();
  }
}

const graph = (baseUrl: string) => openRemoteGraph({ baseUrl, token: null, graph: "fleet" });

Deno.test("an answer of another program is not taken for one of a server", async () => {
  const asks: readonly (readonly [string, (baseUrl: string) => Promise<unknown>])[] = [
    ["graphs", (baseUrl) => listGraphs({ baseUrl, token: null })],
    ["rows", (baseUrl) => graph(baseUrl).query({ source: "q", sourcePath: "q" })],
    ["rows", (baseUrl) => graph(baseUrl).invokeRead("q", { params: null })],
    ["branch", (baseUrl) => graph(baseUrl).mutate({ source: "q", sourcePath: "q" })],
    ["branch", (baseUrl) => graph(baseUrl).invokeMutation("q", { params: null, ifCommit: "01J" })],
    ["nodes", (baseUrl) => graph(baseUrl).load({ data: new Uint8Array(), mode: "merge" })],
    ["datasets", (baseUrl) => graph(baseUrl).snapshot()],
    ["schema_source", (baseUrl) => graph(baseUrl).schema()],
    ["branches", (baseUrl) => graph(baseUrl).branches()],
    ["commits", (baseUrl) => graph(baseUrl).commits()],
    ["graph_commit_id", (baseUrl) => graph(baseUrl).commit("01J")],
    ["changes", (baseUrl) => graph(baseUrl).commitChanges("01J")],
    ["changes", (baseUrl) => graph(baseUrl).diff({ from: "main", to: "01J" })],
    ["blocks", (baseUrl) => graph(baseUrl).pollChanges()],
    ["graph_commit_id", (baseUrl) => graph(baseUrl).baseline()],
  ];
  for (const [member, ask] of asks) {
    assert.equal(
      await told(() => Response.json({ hello: 1 }), ask),
      `\`URL\` does not answer like an omnigraph server: its answer lacks \`${member}\``,
    );
  }
  const [, list] = asks[0]!;
  assert.match(await told(() => new Response("<html>"), list), /does not answer like.*not JSON$/);
  assert.equal(
    await told(() => new Response("<html>", { status: 502 }), list),
    "server returned 502: <html>",
  );
  assert.equal(
    await told(() => new Response("", { status: 500 }), list),
    "server returned 500: an empty answer",
  );
});

Deno.test("what no URL can name is not asked for: it is missing, as it would be in storage", async () => {
  const silent = graph("http://127.0.0.1:1"); // nothing listens
  for (const name of ["", ".", ".."]) {
    const gone = { code: "commit_not_found", message: `commit '${name}' not found` };
    await assert.rejects(silent.commit(name), gone);
    await assert.rejects(silent.commitChanges(name), gone);
    await assert.rejects(silent.revertCommit({ commitId: name }), gone);
    await assert.rejects(silent.deleteBranch({ name }), { code: "invalid_input" });
    const unknown = { code: "query_not_found", message: `stored query '${name}' not found` };
    await assert.rejects(silent.invokeRead(name, { params: null }), unknown);
    await assert.rejects(silent.invokeMutation(name, { params: null }), unknown);
  }
  await assert.rejects(silent.deleteBranch({ name: " " }), { message: "branch name '': must not be empty" });
});

Deno.test("a redirect is not followed but named", async () => {
  const elsewhere = () =>
    new Response(null, { status: 307, headers: { Location: "https://other.example/" } });
  assert.equal(
    await told(elsewhere, (baseUrl) => graph(baseUrl).snapshot()),
    "server `URL` redirects to `https://other.example/`: address that one",
  );
});

Deno.test("an answer that breaks off is not an answer", async () => {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const half = (async () => {
    const connection = await listener.accept();
    await connection.read(new Uint8Array(4096));
    await connection.write(new TextEncoder().encode("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{"));
    connection.close();
  })();
  try {
    await assert.rejects(
      graph(`http://127.0.0.1:${listener.addr.port}`).snapshot(),
      /broke off while it answered/,
    );
    await half;
  } finally {
    listener.close();
  }
});
