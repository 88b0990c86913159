/**
 * Ids of old releases. They were spelled as the file had it (`"00042"`, `"2019-03-01"`), or only by one component of a key;
 * now the id of a keyed node is derived from its key. An id that says one of the key's components, when it is read as
 * that component's type, stands for the node's id of today.
 */
import { parseDate, parseDateTime } from "../../base/temporal.ts";
import { AppError } from "../../errors.ts";
import type { NodeType, TypeKey } from "../../schema/catalog.ts";
import { deriveId } from "../../schema/keys.ts";
import type { Cell, ValueType } from "../../schema/value_type.ts";
import { lastMembers } from "./legacy_values.ts";
import { memberText } from "./line_shape.ts";
import { ESCAPED_STRING, type MemberTape, NULL, STRING } from "./member_tape.ts";
import { readerOf } from "./value_reader.ts";

/** What an old id stands for. */
interface Meaning {
  readonly id: string;
  /** The record that said so first. */
  readonly record: number;
}

/** The old ids of one batch. */
export class LegacyIds {
  readonly #meanings = new Map<TypeKey, Map<string, Meaning>>();

  /** Notes the id that a record of a keyed type has, if any. Throws `batch_error` when two keys have one old id. */
  note(type: NodeType, bytes: Uint8Array, data: MemberTape, record: number): void {
    const members = lastMembers(bytes, data);
    const at = members.get("id");
    if (at === undefined || (data.kind[at] !== STRING && data.kind[at] !== ESCAPED_STRING)) return;
    const key = keyCells(type, bytes, data, members);
    if (key === null) return; // refused later, for its key
    const given = memberText(bytes, data, at);
    const id = deriveId(type, (name) => key.get(name)!);
    const saysComponent = [...key].some(([name, cell]) =>
      says(given, cell, type.propertyByName.get(name)!.type)
    );
    if (given !== id && !saysComponent) return; // refused later, for its id
    const meanings = this.#meanings.get(type.key) ?? new Map<string, Meaning>();
    this.#meanings.set(type.key, meanings);
    const known = meanings.get(given);
    if (known === undefined) meanings.set(given, { id, record });
    else if (known.id !== id) {
      throw new AppError(
        "batch_error",
        `record ${record}: id '${given}' of ${type.key} is ambiguous: it stands for key ${known.id} in record ` +
          `${known.record} and for key ${id} here, leave it out`,
      );
    }
  }

  /** The id that a given one stands for; null when the batch does not say. */
  canonical(type: TypeKey, given: string): string | null {
    return this.#meanings.get(type)?.get(given)?.id ?? null;
  }
}

/** The values of a record's key; null when one is missing or cannot be read. */
function keyCells(
  type: NodeType,
  bytes: Uint8Array,
  data: MemberTape,
  members: ReadonlyMap<string, number>,
): Map<string, Cell> | null {
  const cells = new Map<string, Cell>();
  for (const name of type.keyProperties ?? []) {
    const at = members.get(name);
    if (at === undefined || data.kind[at] === NULL) return null;
    const reader = readerOf(type.propertyByName.get(name)!);
    if (reader.read(bytes, data.kind[at]!, data.start[at]!, data.end[at]!) !== null) return null;
    cells.set(name, reader.column.get(0)!);
  }
  return cells;
}

/** Whether a text, read as a value of the type, is that value. */
function says(text: string, cell: Cell, type: ValueType): boolean {
  if (type.kind !== "scalar") return false;
  switch (type.scalar) {
    case "String":
    case "Blob":
      return text === cell;
    case "Bool":
      return text === String(cell);
    case "F32":
      return isNumber(text) && Math.fround(Number(text)) === cell;
    case "F64":
      return isNumber(text) && Number(text) === cell;
    case "Date":
      return parseDate(text) === cell || isInteger(text, cell);
    case "DateTime":
      return parseDateTime(text) === cell || isInteger(text, cell);
    default:
      return isInteger(text, cell);
  }
}

function isInteger(text: string, cell: Cell): boolean {
  return /^[+-]?[0-9]{1,40}$/.test(text) &&
    BigInt(text.replace(/^\+/, "")) === BigInt(cell as number | bigint);
}

function isNumber(text: string): boolean {
  return /^[+-]?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?$/.test(text);
}
