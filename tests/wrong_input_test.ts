/**
 * What people read when a configuration, a policy or a batch is wrong: input and report side by side in the snapshot file.
 * The languages have their own such files beside their parsers. Refresh with `deno test -A -u tests/wrong_input_test.ts`
 * and read the difference.
 */
import assert from "node:assert/strict";
import { renderDiagnostic } from "../core/base/report.ts";
import { readConfig } from "../core/cluster/config_reader.ts";
import { AppError } from "../core/errors.ts";
import { parseBatch } from "../core/graph/write/batch.ts";
import { parseBundle } from "../core/policy/bundle.ts";
import { GARDEN } from "./support/garden_schema.ts";

const CONFIGS: Readonly<Record<string, string>> = {
  "an empty file": "",
  "no version": "graphs:\n  fleet: { schema: fleet.pg }\n",
  "a version in words": 'version: "one"\ngraphs: {}\n',
  "misspelled fields": "version: 1\ngrphs: {}\nstroage: ./root\n",
  "misspelled fields inside": "version: 1\ngraphs:\n  fleet:\n    shema: fleet.pg\n    query: queries\n",
  "a graph without a schema": "version: 1\ngraphs:\n  fleet: {}\n  port: { queries: q }\n",
  "lists where mappings belong": "version: 1\ngraphs:\n  - fleet\npolicies: [a]\n",
  "values of the wrong type":
    "version: 1\nstate: { lock: maybe, backend: 3 }\ngraphs:\n  fleet: { schema: [a.pg] }\n",
  "a tab": "version: 1\ngraphs:\n\tfleet: { schema: fleet.pg }\n",
  "an open bracket": "version: 1\ngraphs: [\n",
  "a repeated key": "version: 1\ngraphs:\n  fleet: { schema: a.pg }\n  fleet: { schema: b.pg }\n",
  "two documents": "version: 1\n---\nversion: 1\n",
  "an alias without an anchor": "version: 1\ngraphs: *none\n",
  "an alias that contains itself": "version: 1\ngraphs: &all { fleet: *all }\n",
  "deep nesting": `version: 1\ngraphs: ${"[".repeat(70)}${"]".repeat(70)}\n`,
  "an unknown blob scope":
    "version: 1\ngraphs:\n  fleet:\n    schema: a.pg\n    external_blobs: { allow: [{ base: s3://b/, scope: server }] }\n",
};

const POLICIES: Readonly<Record<string, string>> = {
  "no version": "groups: {}\nrules: []\n",
  "an unknown action":
    "version: 1\ngroups: { crew: [act-ida] }\nrules:\n  - id: r\n    allow: { actors: { group: crew }, actions: [red] }\n",
  "an unknown group":
    "version: 1\ngroups: { crew: [act-ida] }\nrules:\n  - id: r\n    allow: { actors: { group: crw }, actions: [read] }\n",
  "an unknown scope":
    "version: 1\ngroups: { crew: [act-ida] }\nrules:\n  - id: r\n    allow: { actors: { group: crew }, actions: [read], branch_scope: protcted }\n",
  "missing parts": "version: 1\ngroups: { crew: [] }\nrules:\n  - allow: {}\n  - id: two\n",
  "deny rules": "version: 1\ngroups: {}\nrules:\n  - id: r\n    deny: { actors: { group: crew } }\n",
  "text instead of YAML": "allow everyone to read",
};

const BATCHES: Readonly<Record<string, string>> = {
  "no JSON": "Plant rose",
  "half a line": '{"type":"Plant","data":{"label":"rose"}',
  "single quotes": "{'type':'Plant'}",
  "an unknown type": '{"type":"Plnt","data":{"label":"rose"}}',
  "an unknown property": '{"type":"Plant","data":{"lable":"rose"}}',
  "a wrong value": '{"type":"Plant","data":{"label":"rose","height":"tall"}}',
  "a number out of range": '{"type":"Plant","data":{"label":"rose","height":3000000000}}',
  "a missing property": '{"type":"Bed","data":{"row":1}}',
  "a vector of the wrong width": '{"type":"Plant","data":{"label":"rose","scent":[1,2]}}',
  "a date that does not exist": '{"type":"Plant","data":{"label":"rose","planted":"2023-02-29"}}',
  "an edge without its ends": '{"edge":"GrowsIn","from":"rose"}',
  "an unknown edge": '{"edge":"GrwsIn","from":"rose","to":"1"}',
  "a second line": '{"type":"Label","data":{"text":"a"}}\n{"type":"Label","data":{"txt":"b"}}',
  "a repeated member": '{"type":"Label","data":{"text":"a","text":"b"}}',
  "an unknown member": '{"type":"Label","data":{"text":"a"},"note":"x"}',
};

Deno.test("wrong configurations are explained", async (t) => {
  for (const [name, text] of Object.entries(CONFIGS)) {
    const { config, diagnostics } = readConfig({ path: "conf/cluster.yaml", text });
    assert.equal(config, null, name);
    await t.step(name, (step) => step.assertSnapshot(shown(text, diagnostics.map(renderDiagnostic))));
  }
});

Deno.test("wrong policies are explained", async (t) => {
  for (const [name, text] of Object.entries(POLICIES)) {
    const { bundle, diagnostics } = parseBundle(text, { path: "crew.policy.yaml", kind: "graph" });
    assert.equal(bundle, null, name);
    await t.step(name, (step) => step.assertSnapshot(shown(text, diagnostics.map(renderDiagnostic))));
  }
});

Deno.test("wrong batches are explained", async (t) => {
  for (const [name, text] of Object.entries(BATCHES)) {
    await t.step(name, (step) => step.assertSnapshot(shown(text, [batchError(text)])));
  }
});

function batchError(text: string): string {
  try {
    parseBatch(GARDEN, new TextEncoder().encode(text));
  } catch (error) {
    assert.ok(error instanceof AppError);
    return `error[${error.code}]: ${error.message}`;
  }
  return assert.fail("the batch is wrong");
}

function shown(text: string, reports: readonly string[]): string {
  return `${text}\n\n${reports.join("\n\n")}\n`;
}
