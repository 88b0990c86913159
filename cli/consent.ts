/** Consent for writes that destroy data on a target that is not local. */
import { AppError } from "../core/errors.ts";
import type { Context } from "./context.ts";
import { findScope } from "./scope.ts";

/** Asks a person and returns the answer; null when nobody is there. */
export type Ask = (question: string) => string | null;

/**
 * Returns when the target is local, `--yes` is given, or the person at the terminal says yes. Called before anything is
 * opened or announced. Throws `AppError("usage")` otherwise.
 */
export async function requireConsent(
  context: Context,
  label: string,
  positionalUri: string | undefined,
  ask: Ask = askTerminal,
): Promise<void> {
  if (context.args.switches.has("yes")) return;
  const scope = findScope(context, positionalUri);
  const { parseStorageUri } = await import("../core/storage/uri.ts");
  if (scope.kind === "store" && parseStorageUri(scope.uri, context.cwd).kind === "local") return;
  const target = scope.kind === "store" ? scope.uri : scope.baseUrl;
  const answer = context.args.switches.has("json")
    ? null
    : ask(`\`${label}\` on ${target}: continue? [y/N] `);
  if (answer === null) {
    throw new AppError(
      "usage",
      `refusing destructive \`${label}\` on ${target}, which is not local: pass \`--yes\``,
    );
  }
  if (!/^\s*y(es)?\s*$/i.test(answer)) {
    throw new AppError("invalid_input", `aborted: \`${label}\` on ${target}`);
  }
}

function askTerminal(question: string): string | null {
  if (!Deno.stdin.isTerminal()) return null;
  Deno.stderr.writeSync(new TextEncoder().encode(question));
  const buffer = new Uint8Array(256);
  const length = Deno.stdin.readSync(buffer) ?? 0;
  return new TextDecoder().decode(buffer.subarray(0, length));
}
