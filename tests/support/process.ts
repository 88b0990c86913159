/** Runs the product's programs as real processes, the way people do. */
import { fileURLToPath } from "node:url";
import { join } from "@std/path";

/** Root folder of the project. */
export const PROJECT = fileURLToPath(new URL("../..", import.meta.url));

/** Permissions of the `omnigraph` task. */
const CLI_FLAGS = [
  "run",
  "--no-prompt",
  "--quiet",
  "--allow-read",
  "--allow-write",
  "--allow-env",
  "--allow-net",
  "--allow-sys",
  "--allow-ffi",
];

/** What a finished process left behind. */
export interface Finished {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Options of {@linkcode omnigraph}. */
export interface RunOptions {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
}

/** The arguments of `deno` that run the command line with these arguments. */
export function cliArguments(args: readonly string[]): string[] {
  return [...CLI_FLAGS, join(PROJECT, "cli", "main.ts"), ...args];
}

/** Runs `omnigraph ARGS…` to its end. The operator config of the machine is never read. */
export async function omnigraph(args: readonly string[], options: RunOptions = {}): Promise<Finished> {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: cliArguments(args),
    cwd: options.cwd ?? PROJECT,
    env: { NO_COLOR: "1", OMNIGRAPH_HOME: "/nonexistent", OMNIGRAPH_PROFILE: "", ...options.env },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).output();
  const decoder = new TextDecoder();
  return { code, stdout: decoder.decode(stdout), stderr: decoder.decode(stderr) };
}

/** Runs `use` with a new temporary folder that is removed afterwards. */
export async function withTempDir<T>(use: (folder: string) => Promise<T>): Promise<T> {
  const folder = Deno.makeTempDirSync({ prefix: "omnigraph-test-" });
  let result: T;
  try {
    result = await use(Deno.realPathSync(folder));
  } catch (error) {
    // What failed may have left a process at work in the folder: that must not hide why it failed.
    await Deno.remove(folder, { recursive: true }).catch(() => {});
    throw error;
  }
  Deno.removeSync(folder, { recursive: true });
  return result;
}
