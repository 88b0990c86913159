/** What a command gets: parsed arguments and the effects it may use. */
import type { CommandSpec } from "./specs/spec.ts";

/** Where a command writes. Only views and the main module print. */
export interface Output {
  /** Result text, or text that is UTF-8 already, exactly as given. */
  out(text: string | Uint8Array): void;
  /** One line on stderr. */
  note(line: string): void;
  /** Whether the reader of `out` sees colour. */
  readonly outColour: boolean;
  /** Whether the reader of `note` sees colour. */
  readonly noteColour: boolean;
}

/** Parsed arguments. */
export interface Arguments {
  readonly command: CommandSpec;
  readonly positionals: readonly string[];
  /** Value flags by name. */
  readonly values: ReadonlyMap<string, string>;
  /** Values of repeatable flags by name, in order; without the flags that were not given. */
  readonly lists: ReadonlyMap<string, readonly string[]>;
  /** Switches that are on. */
  readonly switches: ReadonlySet<string>;
}

/** Everything a command may use. */
export interface Context {
  readonly args: Arguments;
  readonly output: Output;
  readonly env: (name: string) => string | undefined;
  readonly cwd: string;
}

/** Runs a command; the result is its exit code. Expected failures throw `AppError`. */
export type CommandRun = (context: Context) => Promise<number>;
