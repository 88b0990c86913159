import assert from "node:assert/strict";
import { join } from "@std/path";
import { withTempDir } from "../tests/support/process.ts";
import { findCommand } from "./args.ts";
import type { Context } from "./context.ts";
import { actorOf, type OperatorConfig, readOperatorConfig } from "./operator.ts";
import { findScope } from "./scope.ts";

function contextOf(
  home: string,
  notes: string[] = [],
  values: Readonly<Record<string, string>> = {},
): Context {
  return {
    args: {
      command: findCommand(["query"]),
      positionals: [],
      values: new Map(Object.entries(values)),
      lists: new Map(),
      switches: new Set(),
    },
    output: { out: () => {}, note: (line) => notes.push(line), outColour: false, noteColour: false },
    env: (name) => name === "OMNIGRAPH_HOME" ? home : undefined,
    cwd: home,
  };
}

async function withConfig<T>(
  text: string,
  use: (context: Context, notes: string[], path: string) => T,
  values: Readonly<Record<string, string>> = {},
): Promise<T> {
  return await withTempDir((home) => {
    const path = join(home, "config.yaml");
    Deno.writeTextFileSync(path, text);
    const notes: string[] = [];
    return Promise.resolve(use(contextOf(home, notes, values), notes, path));
  });
}

const reading = (text: string) => withConfig(text, (context): OperatorConfig => readOperatorConfig(context));

Deno.test("every key of the operator config is known", async () => {
  await withConfig(
    `operator: { actor: act-lena }
defaults: { server: port, default_graph: fleet, output: jsonl, table_max_column_width: 20, table_cell_layout: wrap }
servers: { port: { url: https://graph.harbor.example } }
clusters: { yard: { root: s3://harbor-data/clusters/yard } }
profiles: { yard-admin: { cluster: yard, default_graph: fleet }, near: { store: ./fleet.omni } }
aliases: { late: { server: port, graph: fleet, query: late_voyages, args: [since], params: { limit: 20 } } }
`,
    (context, notes) => {
      const config = readOperatorConfig(context);
      assert.deepEqual(notes, []);
      assert.equal(actorOf(context), "act-lena");
      assert.deepEqual(config.defaults, {
        output: "jsonl",
        table: { columnWidthMax: 20, cells: "wrap" },
        server: "port",
        store: null,
        graph: "fleet",
      });
      assert.deepEqual(findScope(context, undefined), {
        kind: "server",
        baseUrl: "https://graph.harbor.example",
        graph: "fleet",
      });
    },
  );
});

Deno.test("an unknown key gets one note, however often the config is asked (cli 17)", async () => {
  await withConfig(
    "operator: { colour: red }\nserver: x\nservers: { port: { url: http://h, token: t } }\n",
    (context, notes, path) => {
      readOperatorConfig(context);
      readOperatorConfig(context);
      assert.deepEqual(
        notes.sort(),
        ["operator.colour", "server", "servers.port.token"].map((key) =>
          `warning: unknown key \`${key}\` in the operator config \`${path}\``
        ),
      );
    },
  );
});

Deno.test("a wrong value in the operator config names the file and the member", async () => {
  const wrong: readonly (readonly [string, RegExp])[] = [
    ["operator: 5\n", /config\.yaml`: `operator` must be a map/],
    ["[]\n", /the file must be a map/],
    ["operator: { actor: 5 }\n", /`operator\.actor` must be a string/],
    ["defaults: { output: xml }\n", /`defaults\.output` must be one of table, kv, csv, jsonl, json/],
    ["defaults: { table_max_column_width: wide }\n", /must be a whole number from 1 up/],
    ["servers: { port: { url: ftp://x } }\n", /`servers\.port\.url` must be an http or https URL/],
    ["defaults: { server: a, store: b }\n", /binds one entity/],
    ["defaults: { store: a, default_graph: b }\n", /already a single graph/],
    ["a: [\n", /config\.yaml` is not valid YAML/],
  ];
  for (const [text, message] of wrong) await assert.rejects(reading(text), message, text);
});

Deno.test("an empty or missing operator config is an empty layer", async () => {
  assert.equal((await reading("")).actor, null);
  assert.equal((await reading("# nothing yet\n")).actor, null);
  assert.equal(readOperatorConfig(contextOf("/nonexistent")).actor, null);
});

Deno.test("an unknown server or profile is told the defined ones and the file", async () => {
  const text = "servers: { port: { url: http://h } }\nprofiles: { near: { store: x } }\n";
  const message = (values: Readonly<Record<string, string>>) =>
    withConfig(text, (context) => findScope(context, undefined), values);
  await assert.rejects(
    message({ server: "prot" }),
    /unknown server 'prot': `servers` of `.*config\.yaml` defines port/,
  );
  await assert.rejects(message({ profile: "far" }), /unknown profile 'far': `profiles` of `.*` defines near/);
});

Deno.test("an actor has a name, and not one of the engine's own", async () => {
  const actor = (text: string, values: Readonly<Record<string, string>> = {}) =>
    withConfig(text, actorOf, values);
  assert.equal(await actor("operator: { actor: act-lena }\n", { as: "act-ana" }), "act-ana");
  for (const as of ["", "  "]) await assert.rejects(actor("", { as }), /flag `--as` is blank/);
  await assert.rejects(
    actor("", { as: "omnigraph:repair" }),
    /`--as` is `omnigraph:repair`: .* are reserved/,
  );
  await assert.rejects(actor("operator: { actor: omnigraph:x }\n"), /`operator\.actor` .*reserved/);
  await assert.rejects(actor('operator: { actor: " " }\n'), /`operator\.actor` .*blank/);
});
