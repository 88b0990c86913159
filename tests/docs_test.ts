/**
 * The documentation is held to what the program does: its schemas are accepted, its queries compile, its configurations
 * and policies parse, its commands exist, its links lead somewhere, and its lists of routes, commands and variables
 * are complete.
 *
 * A ```gq block is compiled against the schema that a comment `<!-- schema: FILE -->` above it names, else the first
 * ```pg block of its page; a block ```gq wrong CODE must fail with that code. A ```json block under such a comment is
 * a load.
 */
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { dirname, join } from "@std/path";
import { parse } from "@std/yaml";
import { parseCommandLine } from "../cli/args.ts";
import { COMMANDS } from "../cli/commands.ts";
import { guardFlags } from "../cli/guard.ts";
import { readOperatorConfig } from "../cli/operator.ts";
import { ROUTES } from "../core/api/routes.ts";
import type { Diagnostic } from "../core/base/diagnostic.ts";
import { explain } from "../core/base/diagnostic.ts";
import { parseJson } from "../core/base/lossless_json.ts";
import { readConfig } from "../core/cluster/config_reader.ts";
import { EXIT } from "../core/cluster/results.ts";
import { parseBatch } from "../core/graph/write/batch.ts";
import { parseBundle } from "../core/policy/bundle.ts";
import { openGate } from "../core/policy/gate.ts";
import { ACTIONS } from "../core/policy/actions.ts";
import { ERRORS } from "../core/errors.ts";
import { compileFile } from "../core/query/compile.ts";
import { formatQueries } from "../core/query/printer.ts";
import { s3Reach } from "../core/storage/s3_reach.ts";
import { checkSchema } from "../core/schema/accept.ts";
import type { Catalog } from "../core/schema/catalog.ts";
import { formatSchema } from "../core/schema/printer.ts";
import { permissionFlags } from "../server/permissions.ts";
import { SERVER_HELP } from "../server/settings.ts";
import { type Block, fileBeside, readPage, readPages, shellLines, shellWords } from "./support/doc_pages.ts";
import { PROJECT, withTempDir } from "./support/process.ts";

const PAGES = readPages();
const BLOCKS = PAGES.flatMap((page) => page.blocks);

for (const block of BLOCKS) {
  const check = checkOf(block);
  if (check !== null) Deno.test(`docs: ${block.language} block at ${block.page}:${block.line}`, check);
}

Deno.test("docs: every link leads to a file and to a heading in it", () => {
  const broken = PAGES.flatMap((page) =>
    page.links.filter((link) => !/^[a-z]+:/.test(link)).filter((link) => {
      const [file = "", anchor] = link.split("#");
      const path = file === "" ? page.path : fileBeside(page.path, file);
      if (!existsSync(join(PROJECT, path))) return true;
      return anchor !== undefined && !readPage(path).anchors.has(anchor);
    }).map((link) => `${page.path}: ${link}`)
  );
  assert.deepEqual(broken, []);
});

Deno.test("docs: the page about S3 names every variable that is read", () => {
  const page = pageText("docs/user/s3.md");
  const settings = { region: "eu-west-1", endpoint: "https://host", pathStyle: true, keys: null };
  for (const name of s3Reach(settings, "quay", { get: () => undefined }).variables) {
    const family = name.startsWith("AWS_CONTAINER_") ? "AWS_CONTAINER_CREDENTIALS_FULL_URI" : name;
    if (name !== "HOME") assert.ok(page.includes(`\`${family}\``), name);
  }
});

Deno.test("docs: the server page lists every route, variable and flag", () => {
  const page = pageText("docs/user/server.md");
  for (const { method, path, ...route } of Object.values(ROUTES)) {
    const short = path.replace(/^\/graphs\/\{graph_id\}\//, "").replace("{commit_id}", "{id}");
    const named = "successor" in route ? `\`${short}\`` : `${method} \`${short}`;
    assert.ok(page.includes(named), `${method} ${path} is missing`);
  }
  const flags = permissionFlags({
    root: "/root",
    s3: null,
    bind: "127.0.0.1:1",
    tokensFile: null,
    policyWasm: "/w",
    tableLibrary: "/l",
  });
  const variables = flags.find((flag) => flag.startsWith("--allow-env="))!.slice("--allow-env=".length).split(
    ",",
  );
  for (const name of variables.filter((name) => name.startsWith("OMNIGRAPH_"))) {
    assert.ok(page.includes(`\`${name}\``), `${name} is missing`);
  }
  for (const [flag] of SERVER_HELP.matchAll(/--[a-z-]+/g)) {
    assert.ok(page.includes(flag), `${flag} is missing`);
  }
});

Deno.test("docs: the pages name every command and every exit code of cluster commands", () => {
  const commands = pageText("docs/user/commands.md") + pageText("docs/user/config-repo.md");
  for (const { path } of COMMANDS) {
    const named = [`\`${path.join(" ")}`, `omnigraph ${path.join(" ")} `];
    assert.ok(named.some((text) => commands.includes(text)), `${path.join(" ")} is missing`);
  }
  const documented = [...section("docs/user/config-repo.md", "Exit codes").matchAll(/^\| (\d+) +\|/gm)].map((
    row,
  ) => Number(row[1]));
  assert.deepEqual(documented, [...Object.values(EXIT), 64]);
});

Deno.test("docs: the pages name every action and every status, and only what exists is not called missing", () => {
  const config = pageText("docs/user/config-repo.md");
  for (const action of Object.keys(ACTIONS)) {
    assert.ok(config.includes(`\`${action}\``), `${action} is missing`);
  }
  const statuses = [...section("docs/user/server.md", "Errors").matchAll(/^\| (\d{3}) /gm)].map((row) =>
    row[1]!
  );
  assert.deepEqual(new Set(statuses.map(Number)), new Set(Object.values(ERRORS).map(({ status }) => status)));
  const missing = [
    ...wordsOf(section("docs/user/commands.md", "Not in this version")).filter((word) => word !== "cluster"),
    ...wordsOf(section("docs/user/config-repo.md", "Not in this version"))
      .map((word) => word === "policy" ? word : `cluster ${word.replace("cluster ", "")}`),
  ];
  assert.ok(missing.length > 10);
  for (const command of missing) {
    assert.throws(() => parseCommandLine(command.split(" ")), /is not in this version yet/, command);
  }
});

/** The check of a block; null when there is nothing to hold it to. */
function checkOf(block: Block): (() => void | Promise<void>) | null {
  switch (block.language) {
    case "pg":
      return () => {
        catalogOf(block);
        assert.equal(formatSchema({ path: block.page, text: block.text }), block.text);
      };
    case "gq":
      return () => checkQueries(block);
    case "json":
      return () => checkJson(block);
    case "yaml":
      return () => checkYaml(block);
    case "sh":
      return () => checkShell(block);
    default:
      return null;
  }
}

function checkQueries(block: Block): void {
  const source = { path: block.page, text: block.text };
  const { queries, declared, diagnostics } = compileFile(schemaFor(block), source);
  if (block.marks[0] === "wrong") {
    assert.equal(block.marks.length, 2, "a wrong query names its code");
    assert.deepEqual([...new Set(diagnostics.map(({ code }) => code))], [block.marks[1]]);
    return;
  }
  assert.deepEqual(diagnostics.map(explain), []);
  assert.deepEqual([queries.length > 0, queries.length], [true, declared.length]);
  assert.equal(formatQueries(source), block.text);
}

/** One value, or one in every line; under a schema comment a load that fits the schema. */
function checkJson(block: Block): void {
  if (block.schema !== null) {
    const { records } = parseBatch(schemaFor(block), new TextEncoder().encode(block.text));
    assert.equal(records, block.text.trim().split("\n").length);
    return;
  }
  const lines = block.text.trim().split("\n");
  const texts = lines.length > 1 && lines.every((line) => /^\{.*\}$/.test(line)) ? lines : [block.text];
  for (const text of texts) assert.equal(typeof parseJson(text), "object");
}

async function checkYaml(block: Block): Promise<void> {
  const source = { path: "cluster.yaml", text: block.text };
  const value = parse(block.text) as Record<string, unknown>;
  if (value["version"] === 1 && Object.hasOwn(value, "graphs")) {
    const { config, diagnostics } = readConfig(source);
    assert.deepEqual([diagnostics.map(explain), config === null], [[], false]);
  } else if (value["version"] === 1) {
    await checkBundle(block);
  } else if (Object.hasOwn(value, "operator")) {
    await checkOperatorConfig(block);
  } else {
    assert.ok(Object.hasOwn(value, "jobs"), "neither a configuration nor a policy nor a workflow");
  }
}

async function checkBundle(block: Block): Promise<void> {
  const kind = block.text.includes("kind: server") ? "server" : "graph";
  const { bundle, diagnostics } = parseBundle(block.text, { path: block.page, kind });
  assert.deepEqual(diagnostics.map(explain), []);
  const resource = kind === "server" ? { kind } as const : { kind, graphId: "tools" } as const;
  const gate = await openGate(bundle!, resource);
  assert.equal(gate.decide("nobody", { action: "read" }).allowed, false);
}

async function checkOperatorConfig(block: Block): Promise<void> {
  await withTempDir((folder) => {
    Deno.writeTextFileSync(join(folder, "config.yaml"), block.text);
    const notes: string[] = [];
    const parsed = parseCommandLine(["version"]);
    assert.ok(parsed.kind === "command");
    const config = readOperatorConfig({
      args: parsed.args,
      output: { out: () => {}, note: (line) => void notes.push(line), outColour: false, noteColour: false },
      env: (name) => name === "OMNIGRAPH_HOME" ? folder : undefined,
      cwd: folder,
    });
    assert.deepEqual([notes, config.path], [[], join(folder, "config.yaml")]);
    return Promise.resolve();
  });
}

/** Every `omnigraph` command of a shell block parses and addresses something it can work on. */
function checkShell(block: Block): void {
  for (const line of shellLines(block.text)) {
    const words = shellWords(line);
    const argv = words[0] === "omnigraph"
      ? words.slice(1)
      : words.slice(0, 3).join(" ") === "deno task omnigraph"
      ? words.slice(3)
      : null;
    if (argv === null) continue;
    const parsed = parseCommandLine(argv);
    if (parsed.kind === "command") guardFlags(parsed.args);
  }
}

/** The catalog that the queries or loads of a block are written against. */
function schemaFor(block: Block): Catalog {
  if (block.schema?.endsWith(".pg")) {
    const path = fileBeside(block.page, block.schema);
    return accepted(path, Deno.readTextFileSync(join(PROJECT, path)));
  }
  const page = block.schema === null ? block.page : fileBeside(block.page, block.schema);
  const schema = readPage(page).blocks.find(({ language }) => language === "pg");
  assert.ok(schema !== undefined, `${dirname(page)}: no schema for the block at ${block.page}:${block.line}`);
  return catalogOf(schema);
}

function catalogOf(block: Block): Catalog {
  return accepted(block.page, block.text);
}

function accepted(path: string, text: string): Catalog {
  const { accepted, diagnostics } = checkSchema({ path, text });
  assert.deepEqual(diagnostics.map((diagnostic: Diagnostic) => explain(diagnostic)), []);
  assert.ok(accepted !== null);
  return accepted.catalog;
}

/** The text below a heading, up to the next one of its level. */
function section(path: string, heading: string): string {
  const text = pageText(path).split(`\n## ${heading}\n`)[1];
  assert.ok(text !== undefined, `${path} has no section ${heading}`);
  return text.split("\n## ")[0]!;
}

/** What stands in backticks. */
function wordsOf(text: string): string[] {
  return [...text.matchAll(/`([^`]+)`/g)].map((match) => match[1]!);
}

function pageText(path: string): string {
  return Deno.readTextFileSync(join(PROJECT, path));
}
