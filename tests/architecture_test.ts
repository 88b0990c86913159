/**
 * The house rules that a machine can check: who imports whom, which third-party package enters where, how long files
 * and functions are, which files may have effects, and that no file lies around unused.
 */
import assert from "node:assert/strict";
import { dirname, join, relative } from "@std/path";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const FILE_LINES_MAX = 400;
const FUNCTION_LINES_MAX = 70;

interface Source {
  /** Path relative to the project, with `/`. */
  readonly path: string;
  readonly text: string;
  readonly imports: readonly {
    readonly target: string;
    readonly dynamic: boolean;
    readonly typeOnly: boolean;
  }[];
}

const SOURCES: readonly Source[] = ["core", "server", "cli", "fixtures", "tests"].flatMap((folder) =>
  readFolder(folder)
);
const PRODUCT = SOURCES.filter((source) =>
  /^(core|server|cli)\//.test(source.path) && !source.path.endsWith("_test.ts")
);

/** What each part of the product may import, besides itself, `core/base`, `core/errors.ts` and `core/version.ts`. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  "core/base": [],
  "core/schema": [],
  "core/query": ["core/schema"],
  "core/policy": [],
  "core/git": [],
  "core/storage": ["core/schema"],
  "core/graph": ["core/schema", "core/query", "core/storage", "core/policy"],
  "core/cluster": ["core/schema", "core/query", "core/storage", "core/policy", "core/graph", "core/git"],
  "core/language": ["core/schema", "core/query"],
  "core/api": ["core/schema", "core/query", "core/graph", "core/policy", "core/cluster"],
  "core": ["core"], // the public entry
  "server": ["core"],
  "cli": ["core"],
};

/** The only folders that may import a third-party package. */
const DOORS: Readonly<Record<string, readonly string[]>> = {
  "@lancedb/lancedb": ["core/storage"],
  "apache-arrow": ["core/storage"],
  "@aws-sdk/client-s3": ["core/storage"],
  "@cedar-policy/cedar-wasm/nodejs": ["core/policy"],
  "@hono/hono": ["server"],
  "isomorphic-git": ["core/git"],
  "@std/yaml": ["core/policy", "core/cluster", "cli"],
  "zod": ["core/api", "server"],
  "vscode-languageserver": ["cli"],
  "fast-check": [],
};

/** Packages too heavy to load before they are needed: only dynamic imports and types. */
const LAZY = [
  "@lancedb/lancedb",
  "apache-arrow",
  "@aws-sdk/client-s3",
  "@cedar-policy/cedar-wasm/nodejs",
  "isomorphic-git",
];

Deno.test("architecture: imports point down only", () => {
  const wrong: string[] = [];
  for (const source of PRODUCT) {
    const from = partOf(source.path);
    for (const { target, typeOnly } of source.imports) {
      if (!/^(core|server|cli|tests|fixtures)\//.test(target)) continue;
      const to = partOf(target);
      const shared = to === "core/base" || target === "core/errors.ts" || target === "core/version.ts";
      if (to === from || (shared && from !== "core/base")) continue;
      if (from === "core/base" && target === "core/errors.ts") continue;
      if (source.path === "core/errors.ts" && typeOnly) continue;
      const allowed = MAY_IMPORT[from] ?? [];
      if (!allowed.some((part) => to === part || to.startsWith(`${part}/`))) {
        wrong.push(`${source.path} -> ${target}`);
      }
    }
  }
  assert.deepEqual(wrong, []);
});

Deno.test("architecture: the server never imports apply, plan, Git or the command line", () => {
  const reached = reachable("server/main.ts");
  const wrong = [...reached].filter((path) =>
    /^(cli\/|core\/git\/|core\/cluster\/(apply|plan|graph_ops|commands)\b)/.test(path)
  );
  assert.deepEqual(wrong, []);
});

Deno.test("architecture: help needs nothing but the command table", () => {
  const loaded = reachable("cli/main.ts", (one) => !one.typeOnly && !one.dynamic);
  assert.deepEqual([...loaded].sort(), [
    "cli/commands.ts",
    "cli/help.ts",
    "cli/main.ts",
    ...["branches", "cluster", "data", "graphs", "history", "local", "reading", "schema", "spec"]
      .map((name) => `cli/specs/${name}.ts`),
    "core/errors.ts",
    "core/version.ts",
  ]);
});

Deno.test("architecture: each third-party package has one door", () => {
  const wrong: string[] = [];
  for (const source of PRODUCT) {
    for (const { target, dynamic, typeOnly } of source.imports) {
      const name = Object.keys(DOORS).find((name) => target === name || target.startsWith(`${name}/`));
      if (name === undefined) continue;
      const part = partOf(source.path);
      if (!DOORS[name]!.includes(part)) wrong.push(`${source.path} imports ${target}`);
      if (LAZY.includes(name) && !dynamic && !typeOnly) {
        wrong.push(`${source.path} imports ${target} eagerly`);
      }
    }
  }
  assert.deepEqual(wrong, []);
});

Deno.test("architecture: there are no import cycles", () => {
  const edges = new Map(PRODUCT.map((source) => [
    source.path,
    source.imports.filter((one) => !one.typeOnly && !one.dynamic).map((one) => one.target),
  ]));
  const state = new Map<string, "open" | "done">();
  const cycles: string[] = [];
  const visit = (path: string, trail: readonly string[]) => {
    if (state.get(path) === "done") return;
    if (state.get(path) === "open") {
      cycles.push([...trail.slice(trail.indexOf(path)), path].join(" -> "));
      return;
    }
    state.set(path, "open");
    for (const target of edges.get(path) ?? []) if (edges.has(target)) visit(target, [...trail, path]);
    state.set(path, "done");
  };
  for (const path of edges.keys()) visit(path, []);
  assert.deepEqual(cycles, []);
});

Deno.test("architecture: files and functions stay short enough to read at once", () => {
  const wrong: string[] = [];
  for (const source of PRODUCT) {
    const lines = source.text.split("\n");
    if (lines.length - 1 > FILE_LINES_MAX) wrong.push(`${source.path} has ${lines.length - 1} lines`);
    for (const { name, length } of functionLengths(lines)) {
      if (length > FUNCTION_LINES_MAX) wrong.push(`${source.path}: ${name} has ${length} lines`);
    }
  }
  assert.deepEqual(wrong, []);
});

Deno.test("architecture: deciding code has no effects", () => {
  const deciding =
    /^core\/(schema|query|language)\/|^core\/graph\/(write\/constraint|merge\/(three_way|conflicts)|plan_|paired_state|logged_state|table_rewrite)/;
  const wrong = PRODUCT.filter((source) => deciding.test(source.path)).flatMap((source) => {
    const code = source.text.replace(/\/\*[\s\S]*?\*\/|\/\/.*/g, "");
    const found = /\basync\b|\bawait\b|\bDeno\.|\bfetch\(|Date\.now|Math\.random|crypto\.getRandom/.exec(
      code,
    );
    return found === null ? [] : [`${source.path}: ${found[0]}`];
  });
  assert.deepEqual(wrong, []);
});

Deno.test("architecture: no file is unused", () => {
  const roots = ["core/mod.ts", "cli/main.ts", "server/main.ts", "server/launch.ts", "fixtures/demo.ts"];
  const reached = new Set(roots.flatMap((root) => [...reachable(root)]));
  const unused = PRODUCT.map((source) => source.path).filter((path) => !reached.has(path));
  assert.deepEqual(unused, []);
});

Deno.test("architecture: nothing is left unfinished or unchecked", () => {
  const marks = [
    "TO" + "DO",
    "FIX" + "ME",
    "as " + "any\\b",
    "@ts-" + "ignore",
    "test\\.only",
    "Deno\\.test\\.ignore",
  ];
  const pattern = new RegExp(marks.join("|"));
  const wrong = SOURCES.filter((source) => pattern.test(source.text)).map((source) => source.path);
  assert.deepEqual(wrong, []);
});

function readFolder(folder: string): Source[] {
  const sources: Source[] = [];
  for (const entry of Deno.readDirSync(join(ROOT, folder))) {
    const path = `${folder}/${entry.name}`;
    if (entry.isDirectory) sources.push(...readFolder(path));
    else if (entry.name.endsWith(".ts")) sources.push(readSource(path));
  }
  return sources.sort((a, b) => a.path < b.path ? -1 : 1);
}

function readSource(path: string): Source {
  const text = Deno.readTextFileSync(join(ROOT, path));
  const code = text.replace(/\/\*[\s\S]*?\*\//g, "").replace(/^\s*\/\/.*$/gm, "");
  const imports = [];
  for (const found of code.matchAll(/^(?:import|export)\s+(type\s+)?(?:[\s\S]*?\sfrom\s+)?"([^"]+)";/gm)) {
    imports.push({
      target: resolveImport(path, found[2]!),
      dynamic: false,
      typeOnly: found[1] !== undefined,
    });
  }
  for (const found of code.matchAll(/(typeof\s+)?\bimport\("([^"]+)"\)/g)) {
    imports.push({ target: resolveImport(path, found[2]!), dynamic: true, typeOnly: found[1] !== undefined });
  }
  return { path, text, imports };
}

function resolveImport(path: string, specifier: string): string {
  if (!specifier.startsWith(".")) return specifier;
  return relative(ROOT, join(ROOT, dirname(path), specifier)).replaceAll("\\", "/");
}

function partOf(path: string): string {
  const [top, second, third] = path.split("/");
  if (top !== "core") return top!;
  return third === undefined ? "core" : `core/${second}`;
}

/** All project files that a file imports, directly or not; `follow` chooses the kinds of import. */
function reachable(
  start: string,
  follow: (one: Source["imports"][number]) => boolean = () => true,
): Set<string> {
  const byPath = new Map(SOURCES.map((source) => [source.path, source]));
  const reached = new Set<string>();
  const queue = [start];
  for (let path = queue.pop(); path !== undefined; path = queue.pop()) {
    if (reached.has(path) || !byPath.has(path)) continue;
    reached.add(path);
    queue.push(...byPath.get(path)!.imports.filter(follow).map((one) => one.target));
  }
  return reached;
}

/** Functions and methods by their formatted indentation: from a line that opens a body to the brace that closes it. */
function functionLengths(lines: readonly string[]): { name: string; length: number }[] {
  const found: { name: string; length: number }[] = [];
  const opens =
    /^(\s*)(?:export |default |async |static |private |protected |override |get |set )*(?:function\*? )?(#?\w+)(?:<.*>)?\(/;
  for (let i = 0; i < lines.length; i++) {
    const match = opens.exec(lines[i]!);
    if (
      match === null || /^(if|for|while|switch|return|throw|catch|assert|super|constructor_)$/.test(match[2]!)
    ) continue;
    const indent = match[1]!;
    let bodyAt = i;
    while (bodyAt < lines.length && !lines[bodyAt]!.endsWith("{") && !lines[bodyAt]!.endsWith(";")) bodyAt++;
    if (bodyAt >= lines.length || !lines[bodyAt]!.endsWith("{")) continue;
    const end = lines.findIndex((line, at) => at > bodyAt && line === `${indent}}`);
    if (end !== -1) found.push({ name: match[2]!, length: end - i + 1 });
  }
  return found;
}
