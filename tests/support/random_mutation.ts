/** Random mutations over a catalog: well typed by construction, so that every one of them must compile. */
import type { AnyType, Catalog, Property } from "../../core/schema/catalog.ts";
import type { ValueType } from "../../core/schema/value_type.ts";
import type { Tape } from "./random_schema.ts";

const LITERALS: Readonly<Record<string, readonly string[]>> = {
  String: ['"a"', '"b c"', '""', '"say \\"x\\""', '"two\nlines"'],
  Blob: ['"base64:AA=="'],
  Bool: ["true", "false"],
  I32: ["1", "2147483647", "007"],
  U32: ["1", "0"],
  I64: ["9007199254740993", "3"],
  U64: ["12"],
  F32: ["0.5", "2"],
  F64: ["2.250", "0.1", "7"],
  Date: ['date("2024-05-01")'],
  DateTime: ['datetime("2024-05-01T10:00:00Z")', "now()"],
};
const COMPARISONS = ["=", "!=", "<", "<=", ">", ">="];

/** The text of one mutation query. */
export function randomMutation(tape: Tape, catalog: Catalog, name: string): string {
  return new MutationBuilder(tape, catalog).build(name);
}

class MutationBuilder {
  readonly #tape: Tape;
  readonly #types: readonly AnyType[];
  readonly #declarations: string[] = [];

  constructor(tape: Tape, catalog: Catalog) {
    this.#tape = tape;
    // A name that is both means the node.
    const edges = [...catalog.edges.values()].filter(({ name }) => !catalog.nodes.has(name));
    this.#types = [...catalog.nodes.values(), ...edges];
  }

  build(name: string): string {
    const deletes = this.#tape.rarely(3);
    const statements: string[] = [];
    for (let n = 1 + this.#tape.upTo(3); n > 0; n--) {
      statements.push(deletes ? this.#delete() : this.#tape.rarely(2) ? this.#update() : this.#insert());
    }
    const annotations = this.#tape.pick([
      "",
      ' @description("why")',
      ' @instruction("a\nb") @description("")',
    ]);
    return `query ${name}(${this.#declarations.join(", ")})${annotations} { ${statements.join(" ")} }`;
  }

  #insert(): string {
    const type = this.#tape.pick(
      this.#types.filter(({ kind, properties }) => kind === "edge" || properties.length > 0),
    );
    const required = type.properties.filter(({ nullable }) => !nullable);
    const optional = type.properties.filter(({ nullable }) => nullable && this.#tape.rarely(2));
    const properties = [...required, ...optional];
    const assignments = type.kind === "edge" ? [`from: ${this.#string()}`, `to: ${this.#string()}`] : [];
    // A block is never empty.
    if (assignments.length === 0 && properties.length === 0) properties.push(type.properties[0]!);
    assignments.push(...properties.map((property) => this.#assignment(property)));
    return `insert ${type.name} { ${this.#joined(assignments)} }`;
  }

  #update(): string {
    const settable = (type: AnyType) =>
      type.kind === "edge" ? [] : type.properties.filter(({ name }) => !type.keyProperties?.includes(name));
    const types = this.#types.filter((type) => settable(type).length > 0 && comparable(type).length > 0);
    if (types.length === 0) return this.#insert();
    const type = this.#tape.pick(types);
    const first = this.#tape.pick(settable(type));
    const more = settable(type).filter((one) => one !== first && this.#tape.rarely(3));
    const assignments = [first, ...more].map((one) => this.#assignment(one));
    return `update ${type.name} set { ${this.#joined(assignments)} } where ${this.#predicate(type)}`;
  }

  #delete(): string {
    const types = this.#types.filter((type) => type.kind === "edge" || comparable(type).length > 0);
    const type = this.#tape.pick(types);
    return `delete ${type.name} where ${this.#predicate(type)}`;
  }

  #predicate(type: AnyType): string {
    const properties = comparable(type);
    const operator = this.#tape.pick(COMPARISONS);
    if (properties.length === 0 || (type.kind === "edge" && this.#tape.rarely(2))) {
      return `${this.#tape.pick(["from", "to"])} ${operator} ${this.#string()}`;
    }
    const property = this.#tape.pick(properties);
    return `${property.name} ${operator} ${this.#value(property.type)}`;
  }

  #assignment({ name, type }: Property): string {
    return `${name}: ${this.#value(type)}`;
  }

  /** Commas between assignments may be left out, and one may stand behind the last. */
  #joined(assignments: readonly string[]): string {
    return assignments.map((one, at) =>
      one + (at < assignments.length - 1 ? this.#tape.pick([", ", " "]) : this.#tape.pick(["", ","]))
    ).join("");
  }

  #string(): string {
    return this.#value({ kind: "scalar", scalar: "String", enumValues: null });
  }

  /** A literal, a parameter or `now()`. */
  #value(type: ValueType): string {
    if (this.#tape.rarely(2)) {
      const name = `p${this.#declarations.length}`;
      this.#declarations.push(`$${name}: ${typeText(type)}${this.#tape.pick(["", "?"])}`);
      return `$${name}`;
    }
    switch (type.kind) {
      case "vector":
        return `[${Array.from({ length: type.dimensions }, () => this.#tape.pick(["1", "0.50"])).join(",")}]`;
      case "list":
        return `[${this.#tape.pick(LITERALS[type.item]!)}, ${this.#tape.pick(LITERALS[type.item]!)}]`;
      case "scalar":
        if (type.enumValues !== null) return `"${this.#tape.pick(type.enumValues)}"`;
        return this.#tape.pick(LITERALS[type.scalar]!);
    }
  }
}

/** The properties that may stand in `where`; a node type without one is never updated or deleted from. */
function comparable(type: AnyType): readonly Property[] {
  return type.properties.filter((one) => one.type.kind === "scalar" && one.type.scalar !== "Blob");
}

function typeText(type: ValueType): string {
  if (type.kind === "vector") return `Vector(${type.dimensions})`;
  return type.kind === "list" ? `[${type.item}]` : type.scalar;
}
