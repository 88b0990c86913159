/** What people write where a type is expected, and what they mean. */
import { nearestName } from "../base/suggest.ts";
import { SCALARS } from "./value_type.ts";

/** What people coming from other languages write. */
const FOREIGN_TYPES: ReadonlyMap<string, string> = new Map([
  ["int", "I64"],
  ["int32", "I32"],
  ["int64", "I64"],
  ["uint32", "U32"],
  ["uint64", "U64"],
  ["float32", "F32"],
  ["float64", "F64"],
  ["integer", "I64"],
  ["long", "I64"],
  ["float", "F64"],
  ["double", "F64"],
  ["number", "F64"],
  ["boolean", "Bool"],
  ["text", "String"],
  ["varchar", "String"],
  ["uuid", "String"],
  ["timestamp", "DateTime"],
  ["bytes", "Blob"],
]);
const TYPE_WORDS = [...SCALARS, "enum", "Vector"];

/** Message and help for a word that is no scalar type. */
export function typeMistake(word: string): [message: string, help: string] {
  if (word === "enum") return ["expected `(` after `enum`", "write the values: `enum(open, closed)`"];
  if (word === "Vector") {
    return ["expected `(` after `Vector`", "write the number of dimensions: `Vector(1536)`"];
  }
  const known = nearestName(word, [...TYPE_WORDS, ...FOREIGN_TYPES.keys()]) ?? "";
  const near = FOREIGN_TYPES.get(word.toLowerCase()) ?? FOREIGN_TYPES.get(known) ?? (known || null);
  if (near !== null) return [`unknown type \`${word}\``, `did you mean \`${near}\`?`];
  const names = SCALARS.map((name) => `\`${name}\``).join(", ");
  return [`unknown type \`${word}\``, `types are ${names}, \`[T]\`, \`enum(…)\` and \`Vector(n)\``];
}
