/** `omnigraph lsp` as editors meet it: a real process, spoken to with the protocol library that editors use. */
import assert from "node:assert/strict";
import { dirname, join } from "@std/path";
import { pathToFileURL } from "node:url";
import type {
  CompletionItem,
  Hover,
  Location,
  PrepareRenameResult,
  TextEdit,
  WorkspaceEdit,
} from "vscode-languageserver/node";
import { TextDocument } from "vscode-languageserver-textdocument";
import { LanguageClient, messagesIn } from "./support/language_client.ts";
import { marked } from "./support/marked_text.ts";
import { withTempDir } from "./support/process.ts";

const SCHEMA = `node Boat @description("Floats") {
    hull: String @key
    crew: I32?
}
node Pier { name: String @key }
edge MooredAt: Boat -> Pier
`;
const CONFIG = `version: 1
graphs:
  harbour:
    schema: harbour.pg
    queries: queries/
  forest:
    schema: forest.pg
    queries: [trees.gq]
`;
const QUERY =
  "query boats($crew: I32) {\n    match { $b: Boat { crew: $crew } }\n    return { $b.hull }\n}\n";

/** A folder with a cluster of two graphs, and the URIs of its files. */
async function withHarbour(
  use: (uri: (path: string) => string, folder: string) => Promise<void>,
): Promise<void> {
  await withTempDir(async (folder) => {
    const files = {
      "cluster.yaml": CONFIG,
      "harbour.pg": SCHEMA,
      "forest.pg": "node Tree { species: String @key }\n",
      "queries/boats.gq": QUERY,
      "trees.gq": "query trees() { match { $t: Tree } return { $t } }\n",
    };
    for (const [path, text] of Object.entries(files)) {
      Deno.mkdirSync(dirname(join(folder, path)), { recursive: true });
      Deno.writeTextFileSync(join(folder, path), text);
    }
    await use((path) => pathToFileURL(join(folder, path)).href, folder);
  });
}

/** Text and position of a `|`. */
function placed(text: string) {
  const { text: plain, offset } = marked(text);
  const document = TextDocument.create("x:", "", 0, plain);
  return { text: plain, position: document.positionAt(offset) };
}

function edited(text: string, edits: readonly TextEdit[]): string {
  return TextDocument.applyEdits(TextDocument.create("x:", "", 0, text), [...edits]);
}

Deno.test("lsp: a session from initialize to exit, with nothing but messages on stdout", async () => {
  await withHarbour(async (uri) => {
    const client = new LanguageClient();
    const { capabilities, serverInfo } = await client.initialize();
    assert.equal(serverInfo?.name, "omnigraph");
    assert.equal(capabilities.hoverProvider, true);
    const boats = uri("queries/boats.gq");

    await client.open(boats, QUERY.replace("$b.hull", "$b.hul"));
    const [wrong] = await client.diagnostics(boats, ["T6"]);
    assert.match(wrong!.message, /no property `hul`\ndid you mean `hull`\?/);
    assert.deepEqual(wrong!.range, { start: { line: 2, character: 16 }, end: { line: 2, character: 19 } });

    const member = placed(QUERY.replace("$b.hull", "$b.|"));
    await client.change(boats, 2, member.text);
    const items = await client.ask<CompletionItem[]>("textDocument/completion", boats, member.position);
    assert.deepEqual(items.map(({ label, detail }) => [label, detail]), [["hull", "String"], [
      "crew",
      "I32?",
    ]]);

    const type = placed(QUERY.replace("Boat", "Bo|at"));
    await client.change(boats, 3, type.text);
    const hover = await client.ask<Hover>("textDocument/hover", boats, type.position);
    assert.match(JSON.stringify(hover.contents), /node Boat.*hull: String @key.*Floats/);
    assert.deepEqual(await client.ask<Location>("textDocument/definition", boats, type.position), {
      uri: uri("harbour.pg"),
      range: { start: { line: 0, character: 5 }, end: { line: 0, character: 9 } },
    });

    const param = placed(QUERY.replace("$crew }", "$cr|ew }"));
    const prepared = await client.ask<PrepareRenameResult>(
      "textDocument/prepareRename",
      boats,
      param.position,
    );
    assert.equal((prepared as { placeholder: string }).placeholder, "crew");
    const more = { newName: "hands" };
    const rename = await client.ask<WorkspaceEdit>("textDocument/rename", boats, param.position, more);
    assert.equal(
      edited(QUERY, rename.changes![boats]!),
      QUERY.replaceAll("$crew", "$hands"),
    );
    await assert.rejects(
      client.ask("textDocument/rename", boats, param.position, { newName: "B" }),
      /`B` is not a name/,
    );

    const loose = QUERY.replace("    return { $b.hull }", "  return {$b.hull}");
    await client.change(boats, 4, loose);
    const options = { options: { tabSize: 4, insertSpaces: true } };
    const format = await client.ask<TextEdit[]>("textDocument/formatting", boats, undefined, options);
    assert.equal(edited(loose, format), QUERY);

    assert.equal(await client.shutdown(), 0);
    assert.ok(messagesIn(client.output()).length >= 9);
  });
});

Deno.test("lsp: a changed schema checks its query files again, open or not, and open text wins over the disk", async () => {
  await withHarbour(async (uri, folder) => {
    Deno.writeTextFileSync(
      join(folder, "queries", "piers.gq"),
      "query piers() { match { $p: Pier } return { $p.name } }",
    );
    const client = new LanguageClient();
    await client.initialize();
    const [schema, boats, piers] = [uri("harbour.pg"), uri("queries/boats.gq"), uri("queries/piers.gq")];
    await client.open(schema, SCHEMA);
    await client.open(boats, QUERY.replace("hull", "length"));
    await client.diagnostics(boats, ["T6"]);
    await client.change(
      schema,
      2,
      SCHEMA.replace("hull: String", "length: String").replace("name:", "title:"),
    );
    await client.diagnostics(boats, []);
    await client.diagnostics(piers, ["T6"]);
    await client.change(schema, 3, SCHEMA.replace("crew: I32?", "crew: "));
    await client.diagnostics(schema, ["parse_error"]);
    const [unchecked] = await client.diagnostics(boats, ["schema_invalid"]);
    assert.match(unchecked!.message, /`harbour\.pg` has errors/);
    await client.connection.sendNotification("textDocument/didClose", { textDocument: { uri: schema } });
    await client.diagnostics(schema, []);
    await client.diagnostics(boats, ["T6"]);
    await client.diagnostics(piers, []);
    assert.equal(await client.shutdown(), 0);
  });
});

Deno.test("lsp: each query file is checked against the schema of its graph, and files that change outside are seen", async () => {
  await withHarbour(async (uri, folder) => {
    const client = new LanguageClient();
    const registered = Promise.withResolvers<string>();
    client.connection.onRequest(
      "client/registerCapability",
      (params) => registered.resolve(JSON.stringify(params)),
    );
    await client.initialize({ workspace: { didChangeWatchedFiles: { dynamicRegistration: true } } });
    assert.match(await registered.promise, /cluster\.yaml/);
    const trees = uri("trees.gq");
    await client.open(trees, "query trees() { match { $t: Tree  $b: Boat } return { $t } }");
    const [unknown] = await client.diagnostics(trees, ["T1"]);
    assert.match(unknown!.message, /unknown node type `Boat`/);
    Deno.writeTextFileSync(
      join(folder, "forest.pg"),
      "node Tree { species: String @key }\nnode Boat { a: I32 }\n",
    );
    const changes = [{ uri: uri("forest.pg"), type: 2 }];
    await client.connection.sendNotification("workspace/didChangeWatchedFiles", { changes });
    await client.diagnostics(trees, []);
    assert.equal(await client.shutdown(), 0);
  });
});

Deno.test("lsp: a query typed letter by letter is answered after every letter, and right in the end", async () => {
  await withHarbour(async (uri) => {
    const client = new LanguageClient();
    await client.initialize();
    const boats = uri("queries/boats.gq");
    await client.open(boats, "");
    for (let at = 0; at < QUERY.length; at++) {
      const position = TextDocument.create("x:", "", 0, QUERY).positionAt(at);
      await client.connection.sendNotification("textDocument/didChange", {
        textDocument: { uri: boats, version: at + 2 },
        contentChanges: [{ range: { start: position, end: position }, text: QUERY[at] }],
      });
      const items = await client.ask<CompletionItem[]>("textDocument/completion", boats, position);
      assert.ok(Array.isArray(items), QUERY.slice(0, at));
      await client.ask("textDocument/hover", boats, position);
      if (at % 10 === 0) await client.ask("textDocument/formatting", boats, undefined, { options: {} });
    }
    await client.change(boats, 1000, QUERY.replace("hull", "hul"));
    await client.diagnostics(boats, ["T6"]);
    await client.change(boats, 1001, QUERY);
    await client.diagnostics(boats, []);
    assert.equal(await client.shutdown(), 0);
  });
});

Deno.test("lsp: unsaved documents are helped by their language, and an editor that vanishes leaves no process", async () => {
  const client = new LanguageClient();
  await client.initialize();
  await client.open("untitled:Untitled-1", "node A { a: Strng }", "omnigraph-schema");
  const [wrong] = await client.diagnostics("untitled:Untitled-1", ["parse_error"]);
  assert.match(wrong!.message, /did you mean `String`/);
  await client.open("untitled:Untitled-2", "query q() {", "omnigraph-query");
  await client.diagnostics("untitled:Untitled-2", ["Q000", "schema_unknown"]);
  assert.equal(
    await client.ask("textDocument/hover", "file:///nowhere/a.gq", { line: 0, character: 0 }),
    null,
  );
  assert.equal(typeof await client.vanish(), "number");
});
