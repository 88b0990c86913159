import assert from "node:assert/strict";
import type { Env } from "../core/base/ports.ts";
import { readSettings, type Settings } from "./settings.ts";

function envOf(values: Record<string, string> = {}): Env {
  return { get: (name) => values[name] };
}

function settingsOf(args: string[], env: Record<string, string> = {}): Settings {
  const outcome = readSettings(args, envOf(env));
  assert.ok(outcome.kind === "settings", outcome.kind === "exit" ? outcome.text : "");
  return outcome.settings;
}

function exitOf(args: string[], env: Record<string, string> = {}): { exit: number; text: string } {
  const outcome = readSettings(args, envOf(env));
  assert.ok(outcome.kind === "exit");
  return outcome;
}

Deno.test("readSettings() gives the documented defaults", () => {
  assert.deepEqual(settingsOf(["--cluster", "north"]), {
    cluster: "north",
    bind: { hostname: "127.0.0.1", port: 8080 },
    unauthenticated: false,
    requireAllGraphs: false,
    untilStdinEnds: false,
    logLevel: "info",
    shutdownGraceMs: 30_000,
    sourceVersion: null,
  });
});

Deno.test("value flags beat the environment, boolean flags are OR-ed with it, blank is unset", () => {
  const env = { OMNIGRAPH_CLUSTER: "south", OMNIGRAPH_BIND: "[::1]:0", OMNIGRAPH_UNAUTHENTICATED: " TRUE " };
  const settings = settingsOf(["--cluster=north", "--require-all-graphs", "--until-stdin-ends"], env);
  assert.equal(settings.cluster, "north");
  assert.deepEqual(settings.bind, { hostname: "::1", port: 0 });
  assert.equal(settings.unauthenticated, true);
  assert.equal(settings.requireAllGraphs, true);
  assert.equal(settings.untilStdinEnds, true);
  assert.equal(settingsOf([], { ...env, OMNIGRAPH_UNAUTHENTICATED: "False" }).unauthenticated, false);
  assert.equal(settingsOf([], { ...env, OMNIGRAPH_UNAUTHENTICATED: "0" }).unauthenticated, false);
  assert.equal(settingsOf([], { ...env, OMNIGRAPH_UNAUTHENTICATED: " " }).unauthenticated, false);
  assert.equal(exitOf([], { OMNIGRAPH_CLUSTER: "  " }).exit, 1);
});

Deno.test("server 2: no cluster exits 1, other boot sources on the line 2, in the environment 64", () => {
  assert.equal(exitOf([]).exit, 1);
  for (const args of [["s3://bucket"], ["--target", "x"], ["--config=x"], ["--cluster"], ["-x"]]) {
    const { exit, text } = exitOf(args);
    assert.equal(exit, 2, args.join(" "));
    assert.match(text, /--cluster/);
  }
  for (const name of ["OMNIGRAPH_TARGET_URI", "OMNIGRAPH_CONFIG", "OMNIGRAPH_TARGET"]) {
    const { exit, text } = exitOf([], { OMNIGRAPH_CLUSTER: "north", [name]: "x" });
    assert.equal(exit, 64);
    assert.match(text, new RegExp(`^${name} .*--cluster`));
  }
});

Deno.test("readSettings() refuses what it cannot use", () => {
  for (const bind of ["8080", "localhost", "host:99999", "::1:80", "host:port", "*:80", "a,b:80", ":80"]) {
    assert.match(exitOf(["--cluster", "north", "--bind", bind]).text, /is not <host>:<port>/);
  }
  assert.match(exitOf(["--cluster", "a", "--cluster", "b"]).text, /given twice/);
  assert.match(exitOf(["--unauthenticated=yes"]).text, /takes no value/);
  assert.match(exitOf(["--cluster", "a"], { OMNIGRAPH_LOG: "loud" }).text, /OMNIGRAPH_LOG 'loud'/);
  for (const grace of ["-1", "1s", "86400001"]) {
    const { text } = exitOf(["--cluster", "a"], { OMNIGRAPH_SHUTDOWN_GRACE_MS: grace });
    assert.match(text, /^OMNIGRAPH_SHUTDOWN_GRACE_MS '.*' is no number of milliseconds/);
  }
  assert.equal(exitOf(["--help"]).exit, 0);
});
