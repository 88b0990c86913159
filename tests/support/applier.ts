/** A process that applies a configuration, to be killed and raced: `tests/crash/cluster_applier.ts` from outside. */
import { join } from "@std/path";
import { PROJECT } from "./process.ts";

/** A process that applies, and what it says. */
export interface Applier {
  /** The next line it prints; null when it is gone. */
  line(): Promise<string | null>;
  go(): Promise<void>;
  kill(): void;
  /** Exit code; 137 after a kill. */
  ended(): Promise<number>;
}

/** Starts one; `mode` as its own header says. */
export function startApplier(
  configDir: string,
  mode: string | null = null,
  env: Readonly<Record<string, string>> = {},
): Applier {
  const program = join(PROJECT, "tests/crash/cluster_applier.ts");
  const process = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--quiet", "--no-check", program, configDir, ...(mode === null ? [] : [mode])],
    cwd: PROJECT,
    env,
    stdin: "piped",
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
  const output = process.stdout.pipeThrough(new TextDecoderStream()).getReader();
  const input = process.stdin.getWriter();
  let text = "";
  const line = async () => {
    for (;;) {
      const end = text.indexOf("\n");
      if (end !== -1) {
        const found = text.slice(0, end);
        text = text.slice(end + 1);
        return found;
      }
      const chunk = await output.read();
      if (chunk.done) return null;
      text += chunk.value;
    }
  };
  return {
    line,
    go: () => input.write(new TextEncoder().encode("go\n")),
    kill() {
      try {
        process.kill("SIGKILL");
      } catch {
        // it was faster
      }
    },
    async ended() {
      while (await line() !== null);
      await input.close().catch(() => undefined);
      return (await process.status).code;
    },
  };
}
