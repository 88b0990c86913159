/**
 * The front door of the schema language.
 *
 *   text -> parse -> check -> assign identities -> IR -> contract with catalog and digests
 */
import { type Diagnostic, inSourceOrder, placeOf } from "../base/diagnostic.ts";
import type { SourceText } from "../base/span.ts";
import { AppError } from "../errors.ts";
import { checkFile } from "./check.ts";
import type { CheckedSchema } from "./checked.ts";
import { type AcceptedSchema, sealContract } from "./contract.ts";
import { CONTRACT_FORMAT } from "./contract_decode.ts";
import { assignIdentities, type KnownIdentities, NOTHING_KNOWN } from "./identity.ts";
import { Findings } from "./findings.ts";
import { buildIr } from "./ir.ts";
import { parseSchema } from "./parser.ts";
import { ignoreHints } from "./rename_hints.ts";

export type { AcceptedSchema } from "./contract.ts";

/** Errors that one message lists; the diagnostics hold all of them. */
const MESSAGE_LINES_MAX = 20;
/** Identity domain of schemas that are only looked at. */
const NO_DOMAIN = "00000000000000000000000000";

/**
 * Accepts a schema for a new graph: every type, property and table gets its first identity in `domain`, a new ULID.
 * `onWarning` hears what works but hardly as meant, hints that have nothing to rename included. Throws
 * `AppError("schema_error")` with all errors of the file as diagnostics; the message has one line for each.
 *
 * @example
 * ```ts
 * import { acceptSchema } from "./accept.ts";
 * const source = { path: "port.pg", text: "node Port { code: String @key }" };
 * const { catalog } = acceptSchema(source, { domain: "01J8ZQ4V9S3M5T6W7X8Y9Z0A1B" });
 * console.assert(catalog.nodes.get("Port")?.keyProperties?.[0] === "code");
 * ```
 */
export function acceptSchema(
  source: SourceText,
  options: { readonly domain: string; readonly onWarning?: (warning: Diagnostic) => void },
): AcceptedSchema {
  const { domain, onWarning } = options;
  const { schema, diagnostics } = compileSchema(source);
  if (schema === null) throw schemaError(diagnostics);
  if (onWarning !== undefined) {
    const findings = new Findings(source);
    ignoreHints(schema, findings);
    inSourceOrder([...diagnostics, ...findings.inOrder()]).forEach(onWarning);
  }
  return acceptChecked(schema, source.text, domain);
}

/**
 * Checks a schema without a graph. `accepted` is null exactly when a diagnostic is an error; its identities are those
 * of a new graph in no domain, so only its source and shape digest and its catalog are worth comparing.
 */
export function checkSchema(
  source: SourceText,
): { readonly accepted: AcceptedSchema | null; readonly diagnostics: readonly Diagnostic[] } {
  const { schema, diagnostics } = compileSchema(source);
  if (schema === null) return { accepted: null, diagnostics };
  return { accepted: acceptChecked(schema, source.text, NO_DOMAIN), diagnostics };
}

/**
 * Accepts another text of the same meaning: all identities stay, only the source is replaced. Null when the shape
 * differs, which takes a migration. Throws `AppError("schema_error")` like {@linkcode acceptSchema}.
 */
export function acceptTextEdit(previous: AcceptedSchema, source: SourceText): AcceptedSchema | null {
  const fresh = acceptChecked(requireChecked(source), source.text, NO_DOMAIN);
  if (fresh.digests.shape !== previous.digests.shape) return null;
  return sealContract({ ...previous.contract, source: source.text });
}

/** Accepts a checked schema: what is not known yet gets a new identity in `domain`. */
export function acceptChecked(
  schema: CheckedSchema,
  text: string,
  domain: string,
  known: KnownIdentities = NOTHING_KNOWN,
): AcceptedSchema {
  const ir = buildIr(schema, assignIdentities(schema, domain, known));
  return sealContract({ format_version: CONTRACT_FORMAT, source: text, ir });
}

/** The failure of a schema with errors; the message has one line for each of the first ones. */
export function schemaError(diagnostics: readonly Diagnostic[]): AppError {
  return new AppError("schema_error", summary(diagnostics), { diagnostics });
}

function requireChecked(source: SourceText): CheckedSchema {
  const { schema, diagnostics } = compileSchema(source);
  if (schema !== null) return schema;
  throw schemaError(diagnostics);
}

/**
 * Parses and checks a schema; null exactly when a diagnostic is an error. Only what has no syntax errors is checked: a
 * half-read file would be full of things it seems to lack.
 */
export function compileSchema(
  source: SourceText,
): { readonly schema: CheckedSchema | null; readonly diagnostics: readonly Diagnostic[] } {
  const { file, diagnostics } = parseSchema(source);
  return diagnostics.length > 0 ? { schema: null, diagnostics } : checkFile(file);
}

function summary(diagnostics: readonly Diagnostic[]): string {
  const lines = diagnostics.slice(0, MESSAGE_LINES_MAX).map((one) => `${one.message} (${placeOf(one)})`);
  const more = diagnostics.length - lines.length;
  if (more > 0) lines.push(`and ${more} more`);
  return lines.join("\n");
}
