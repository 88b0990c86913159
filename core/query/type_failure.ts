/** The one failure of a query that does not type-check, and the words that its messages share. */
import { didYouMean } from "../base/suggest.ts";
import type { Span } from "../base/span.ts";
import type { AnyType, EdgeType } from "../schema/catalog.ts";

/** Codes of the type rules; null for rules without a code. */
export type TypeCode =
  | `T${1 | 2 | 3 | 4 | 5 | 6 | 7 | 8 | 9}`
  | `T1${Digit}`
  | `T2${0 | 1 | 2 | 3 | 4}`
  | null;
type Digit = 0 | 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8 | 9;

/** What to do next; a function where finding it out takes a search. */
export type Help = string | undefined | (() => string | undefined);

/** Thrown by a broken rule; never leaves the checker. */
export class TypeFailure extends Error {
  override readonly name = "TypeFailure";
  readonly code: TypeCode;
  readonly span: Span;
  readonly help: Help;

  constructor(code: TypeCode, message: string, span: Span, help?: Help) {
    super(code === null ? `type error: ${message}` : `type error: ${code}: ${message}`);
    this.code = code;
    this.span = span;
    this.help = help;
  }
}

/** Thrown where a rule cannot be judged because of an earlier mistake. */
export class EchoFailure extends Error {
  override readonly name = "EchoFailure";
}

/** Throws a {@linkcode TypeFailure}. */
export function fail(code: TypeCode, message: string, span: Span, help?: Help): never {
  throw new TypeFailure(code, message, span, help);
}

/** `StoredIn: Reel -> Vault` */
export function edgeSignature(edge: EdgeType): string {
  return `${edge.name}: ${edge.from} -> ${edge.to}`;
}

/** What to say when `type` has no property `name`. */
export function propertyHelp(type: AnyType, name: string): Help {
  if (name === "id") return "return the variable itself to get the id";
  return () => didYouMean(name, type.propertyByName.keys());
}
