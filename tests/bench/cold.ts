/** Cold starts: whole processes from spawn to exit. */
import { join } from "@std/path";
import { fileURLToPath } from "node:url";
import { medianOver, type Row } from "./measure.ts";

const PROJECT = fileURLToPath(new URL("../..", import.meta.url));

/** Wall time of an empty script, of help, and of planning the fixture config repo. */
export async function measureCommands(work: string): Promise<Row[]> {
  const empty = join(work, "empty.ts");
  Deno.writeTextFileSync(empty, "");
  const config = join(PROJECT, "fixtures", "apiary");
  const times = Array.from({ length: 15 }, (_, i) => i);
  const cli = join(PROJECT, "cli", "main.ts");
  const emptyMs = await medianOver(times, () => run([empty]), { rounds: 1 });
  const helpMs = await medianOver(times, () => run([cli, "--help"]), { rounds: 1 });
  const planMs = await medianOver(times, () => run([cli, "cluster", "plan", "--config", config]), {
    rounds: 1,
  });
  const note = `an empty script takes ${emptyMs.toFixed(0)} ms`;
  return [
    { workload: "process: `--help`", ours: helpMs, note },
    { workload: "process: `cluster plan`, 1 graph, 32 queries", ours: planMs, note },
  ];
}

async function run(args: readonly string[]): Promise<void> {
  const { success, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--no-prompt", "--allow-read", "--allow-env", "--allow-sys", ...args],
    stdout: "null",
    stderr: "piped",
  }).output();
  if (!success) throw new Error(new TextDecoder().decode(stderr));
}
