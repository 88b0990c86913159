/**
 * The `omnigraph` command. Help and version are answered before anything else is loaded; a command's code, and with it
 * LanceDB, Cedar or Git, is imported only when that command runs. This is the only place that exits.
 */
import { AppError } from "../core/errors.ts";
import { VERSION } from "../core/version.ts";
import { helpFor, rootHelp } from "./help.ts";
import type { Output } from "./context.ts";

const ENCODER = new TextEncoder();

/** What a shell reports for a program whose reader went away: 128 + SIGPIPE. */
const READER_GONE_EXIT = 141;

/** Nobody reads stdout any more, as after `| head`: the command ends without a word. */
class ReaderGone extends Error {}

if (import.meta.main) Deno.exit(await main(Deno.args));

/** Runs one command line and returns its exit code. */
export async function main(argv: readonly string[]): Promise<number> {
  const output: Output = {
    out: writeOut,
    note: (line) => writeErr(line + "\n"),
    outColour: !Deno.noColor && Deno.stdout.isTerminal(),
    noteColour: !Deno.noColor && Deno.stderr.isTerminal(),
  };
  try {
    const quick = quickAnswer(argv);
    if (quick === null) return await run(argv, output);
    output.out(quick);
    return 0;
  } catch (error) {
    if (error instanceof ReaderGone) return READER_GONE_EXIT;
    const { renderError } = await import("./views/errors.ts");
    for (const line of renderError(error, output.noteColour)) output.note(line);
    return await exitCode(error, argv);
  }
}

/** Cluster commands say wrong use with 64, because their 2 means "there are changes". */
async function exitCode(error: unknown, argv: readonly string[]): Promise<number> {
  if (!(error instanceof AppError)) return 1;
  const { commandWordAt } = await import("./args.ts");
  return error.code === "usage" && argv[commandWordAt(argv)] === "cluster" ? 64 : error.facts.exit;
}

/** Root help and version: the answers that must not wait for any import. */
function quickAnswer(argv: readonly string[]): string | null {
  if (argv.length !== 1) return null;
  if (argv[0] === "--help" || argv[0] === "-h" || argv[0] === "help") return rootHelp();
  if (argv[0] === "--version" || argv[0] === "-v") return `omnigraph ${VERSION}\n`;
  return null;
}

async function run(argv: readonly string[], output: Output): Promise<number> {
  const { parseCommandLine } = await import("./args.ts");
  const { canonicalSpelling } = await import("./spellings.ts");
  const spelled = canonicalSpelling(argv);
  if (spelled.warning !== null) output.note(spelled.warning);
  const parsed = parseCommandLine(spelled.argv);
  switch (parsed.kind) {
    case "none":
      writeErr(rootHelp());
      return 2;
    case "version":
      output.out(`omnigraph ${VERSION}\n`);
      return 0;
    case "help": {
      const text = helpFor(parsed.words);
      if (text === null) {
        const { findCommand } = await import("./args.ts");
        findCommand(parsed.words); // says what is wrong with the words
        throw new AppError("usage", `no help for \`${parsed.words.join(" ")}\``);
      }
      output.out(text);
      return 0;
    }
    case "command": {
      const { guardFlags } = await import("./guard.ts");
      guardFlags(parsed.args);
      const command = await parsed.args.command.load();
      return await command({
        args: parsed.args,
        output,
        env: (name) => Deno.env.get(name),
        cwd: Deno.cwd(),
      });
    }
  }
}

function writeOut(text: string | Uint8Array): void {
  try {
    writeAll(Deno.stdout, text);
  } catch (cause) {
    if (cause instanceof Deno.errors.BrokenPipe) throw new ReaderGone();
    throw new AppError("storage_error", "the output cannot be written", { cause });
  }
}

/** Says something on stderr; when nobody listens there, the exit code has to do. */
function writeErr(text: string): void {
  try {
    writeAll(Deno.stderr, text);
  } catch (cause) {
    if (!(cause instanceof Deno.errors.BrokenPipe)) throw cause;
  }
}

function writeAll(stream: { writeSync(bytes: Uint8Array): number }, text: string | Uint8Array): void {
  const bytes = typeof text === "string" ? ENCODER.encode(text) : text;
  for (let at = 0; at < bytes.length;) at += stream.writeSync(bytes.subarray(at));
}
