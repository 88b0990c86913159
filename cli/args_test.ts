import assert from "node:assert/strict";
import { AppError } from "../core/errors.ts";
import { parseCommandLine } from "./args.ts";
import { COMMANDS } from "./commands.ts";
import type { Arguments } from "./context.ts";
import { guardFlags } from "./guard.ts";

function parsed(...argv: string[]): Arguments {
  const result = parseCommandLine(argv);
  assert.equal(result.kind, "command");
  return (result as { args: Arguments }).args;
}

function refusal(...argv: string[]): string {
  try {
    const result = parseCommandLine(argv);
    if (result.kind === "command") guardFlags(result.args);
  } catch (error) {
    assert.ok(error instanceof AppError);
    assert.equal(error.facts.exit, 2);
    return error.message;
  }
  throw new Error(`accepted: ${argv.join(" ")}`);
}

Deno.test("parseCommandLine() reads global flags before and after the command words (cli 4)", () => {
  for (
    const argv of [
      ["--store", "g.omni", "--quiet", "branch", "list"],
      ["branch", "list", "--store=g.omni", "--quiet"],
      ["branch", "list", "--quiet", "--store", "g.omni"],
    ]
  ) {
    const args = parsed(...argv);
    assert.deepEqual(args.command.path, ["branch", "list"]);
    assert.equal(args.values.get("store"), "g.omni");
    assert.ok(args.switches.has("quiet"));
    assert.deepEqual(args.positionals, []);
  }
});

Deno.test("parseCommandLine() takes everything after -- as positional", () => {
  assert.deepEqual(parsed("snapshot", "--json", "--", "-odd-name").positionals, ["-odd-name"]);
});

Deno.test("parseCommandLine() keeps values that start with a dash when they are attached", () => {
  assert.equal(parsed("query", "--params=-1", "-e", "x").values.get("params"), "-1");
});

Deno.test("parseCommandLine() refuses unknown, repeated and incomplete flags with a remedy", () => {
  assert.match(
    refusal("load", "--dta", "f", "--mode", "merge"),
    /unknown flag `--dta`.*did you mean `--data`/,
  );
  assert.match(refusal("snapshot", "--branch", "a", "--branch", "b"), /`--branch` is given more than once/);
  assert.match(refusal("snapshot", "--json", "--json"), /`--json` is given more than once/);
  assert.match(refusal("snapshot", "--branch"), /`--branch` needs a value/);
  assert.match(refusal("snapshot", "--json=yes"), /`--json` takes no value/);
  assert.match(refusal("snapshot", "a", "b"), /does not take the argument `b`/);
  assert.match(refusal("init", "--schema", "s.pg"), /`init` needs URI/);
});

Deno.test("parseCommandLine() names the missing mode of load (cli 3)", () => {
  assert.match(refusal("load", "--data", "f"), /--mode/);
  assert.match(refusal("load", "--data", "f", "--mode", "upsert"), /overwrite, append, merge/);
});

Deno.test("parseCommandLine() refuses flags that exclude each other (cli 35)", () => {
  assert.match(refusal("query", "-e", "q", "--json", "--format", "csv"), /mutually exclusive/);
  assert.match(refusal("query", "-e", "q", "--query", "f"), /mutually exclusive/);
  assert.match(refusal("query", "-e", "q", "--branch", "b", "--snapshot", "s"), /mutually exclusive/);
});

Deno.test("parseCommandLine() never guesses command words", () => {
  assert.match(refusal("quer"), /unknown command `quer`: did you mean `query`/);
  assert.match(refusal("cluster", "aply"), /no subcommand `aply`: one of validate, plan, apply/);
  assert.match(refusal("cluster"), /needs a subcommand/);
});

Deno.test("parseCommandLine() knows the commands of later versions by name", () => {
  for (const argv of [["cleanup", "a.omni"], ["optimize", "a.omni"], ["policy", "test", "--tests", "x"]]) {
    assert.match(refusal(...argv), /is not in this version yet/, argv.join(" "));
  }
  assert.match(refusal("policy"), /`policy` is not in this version yet/);
  assert.match(refusal("branch"), /`branch` needs a subcommand/);
  assert.match(refusal("optimise"), /unknown command `optimise`: run `omnigraph --help`/);
});

Deno.test("parseCommandLine() names the flag that was meant, or where the flags are listed", () => {
  assert.match(refusal("query", "--hlep"), /unknown flag `--hlep` of `query`: did you mean `--help`\?/);
  assert.match(refusal("query", "--bran", "x"), /did you mean `--branch`\?/);
  assert.match(refusal("query", "--zzz"), /run `omnigraph help query` to see its flags/);
});

Deno.test("parseCommandLine() takes any number of arguments where a command lists them", () => {
  assert.deepEqual(parsed("fmt", "a.pg", "--check", "b.gq", "c").positionals, ["a.pg", "b.gq", "c"]);
  assert.match(refusal("fmt", "--check"), /`fmt` needs PATH/);
});

Deno.test("parseCommandLine() lets the graph stand before the commit, or be left out", () => {
  for (const words of [["commit", "show"], ["commit", "changes"]]) {
    assert.deepEqual(parsed(...words, "01J").positionals, ["01J"]);
    assert.deepEqual(parsed(...words, "g.omni", "01J").positionals, ["g.omni", "01J"]);
    assert.throws(() => parseCommandLine(words), /needs COMMIT_ID: the commit/);
    assert.throws(() => parseCommandLine([...words, "g.omni", "01J", "x"]), /does not take the argument `x`/);
  }
});

Deno.test("guardFlags() refuses addressing flags that a command cannot use (cli 6, 7, 8)", () => {
  assert.equal(
    refusal("query", "--cluster", "d", "-e", "q"),
    "`query` is a data command: flag `--cluster` does not apply",
  );
  for (const read of [["snapshot"], ["branch", "list"], ["commit", "list"], ["graphs", "list"]]) {
    assert.match(refusal(...read, "--as", "a"), /flag `--as` does not apply/);
  }
  assert.match(
    refusal("init", "--store", "x", "y", "--schema", "s"),
    /direct \(storage-native\).*Pass a storage URI/,
  );
  assert.match(refusal("cluster", "plan", "--server", "x"), /cluster control command.*Pass `--config <dir>`/);
  assert.match(refusal("version", "--store", "x"), /local command/);
  guardFlags(parsed("cluster", "apply", "--as", "a"));
  guardFlags(parsed("mutate", "-e", "q", "--as", "a"));
});

Deno.test("every command has a summary, an example that parses, and distinct flags", () => {
  for (const command of COMMANDS) {
    assert.notEqual(command.summary, "");
    assert.equal(new Set(command.flags.map((flag) => flag.name)).size, command.flags.length);
    for (const example of command.examples) {
      const argv = [...example.matchAll(/'([^']*)'|(\S+)/g)].map((word) => word[1] ?? word[2]!);
      assert.equal(argv[0], "omnigraph");
      guardFlags(parsed(...argv.slice(1)));
    }
  }
});

Deno.test("parseCommandLine() collects the values of a repeatable flag, and refuses to repeat any other", () => {
  const repeatable = COMMANDS.flatMap((command) =>
    command.flags.filter((flag) => flag.repeatable).map((flag) => ({ command, flag }))
  );
  for (const { command, flag } of repeatable) {
    const value = flag.choices?.[0] ?? "x";
    const needed = command.flags.filter((one) => one.required).flatMap((one) => [`--${one.name}`, "x"]);
    const arguments_ = command.positionals.filter((one) => one.required).map(() => "x");
    const argv = [
      ...command.path,
      ...arguments_,
      ...needed,
      `--${flag.name}`,
      value,
      `--${flag.name}`,
      value,
    ];
    assert.deepEqual(parsed(...argv).lists.get(flag.name), [value, value], command.path.join(" "));
  }
  assert.equal(parsed("version").lists.size, 0);
});
