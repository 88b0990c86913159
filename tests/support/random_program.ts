/** Random read queries over random schemas: well typed by construction, so that every one of them must have an answer. */
import fc from "fast-check";
import {
  POOLS,
  type PropertyType,
  type RandomProperty,
  type RandomSchema,
  randomSchema,
  type RandomType,
  Tape,
} from "./random_schema.ts";

/** A schema, its data, a query over it and the query's parameters. */
export interface RandomProgram {
  readonly schema: string;
  /** NDJSON. */
  readonly data: string;
  readonly query: string;
  /** The `params` object of a request; bigints stand for integers beyond ±(2^53 − 1). */
  readonly params: Readonly<Record<string, unknown>>;
}

/** Random programs. */
export function randomProgram(): fc.Arbitrary<RandomProgram> {
  // Two tapes, so that a smaller query still meets the same data.
  const tape = (minLength: number, maxLength: number) =>
    fc.array(fc.nat(0xffff), { size: "max", minLength, maxLength });
  return fc.tuple(tape(100, 400), tape(30, 150)).map(([schemaTape, queryTape]) => {
    const schema = randomSchema(new Tape(schemaTape));
    return {
      schema: schema.source,
      data: schema.data,
      ...new QueryBuilder(new Tape(queryTape), schema).build(),
    };
  });
}

interface BoundVariable {
  readonly name: string;
  readonly kind: "node" | "edge";
  readonly type: RandomType;
}

/** An operand with its type. */
interface Operand {
  readonly text: string;
  readonly type: PropertyType;
}

const NUMBERS: readonly PropertyType[] = ["I32", "I64", "F32", "F64"];
/** Those that keep more rows come more often. */
const COMPARISONS = ["!=", "<=", ">=", "=", "!=", "<", ">", "<=", ">="];

class QueryBuilder {
  readonly #tape: Tape;
  readonly #schema: RandomSchema;
  readonly #declarations: string[] = [];
  readonly #params: Record<string, unknown> = {};
  #variables = 0;

  constructor(tape: Tape, schema: RandomSchema) {
    this.#tape = tape;
    this.#schema = schema;
  }

  build(): Pick<RandomProgram, "query" | "params"> {
    const scope: BoundVariable[] = [];
    const clauses = [this.#tape.rarely(4) ? this.#traversal(scope) : this.#binding(scope)];
    for (let n = this.#tape.upTo(4); n > 0; n--) clauses.push(this.#clause(scope, 0));
    // A first traversal between two anonymous ends binds no name.
    if (!scope.some(({ kind }) => kind === "node")) clauses.push(this.#binding(scope));
    const rest = this.#tape.rarely(3) ? this.#aggregateReturn(scope) : this.#plainReturn(scope);
    const limit = this.#tape.rarely(3) ? ` limit ${this.#tape.upTo(6)}` : "";
    const query = `query q(${this.#declarations.join(", ")}) { match { ${
      clauses.join("  ")
    } } ${rest}${limit} }`;
    return { query, params: this.#params };
  }

  #clause(scope: BoundVariable[], depth: number): string {
    switch (this.#tape.upTo(depth < 2 ? 6 : 4)) {
      case 0:
        return this.#filter(scope) ?? this.#traversal(scope);
      case 1:
      case 2:
        return this.#traversal(scope);
      case 3:
        return this.#binding(scope);
      default:
        return this.#negation(scope, depth);
    }
  }

  /** `$x: T {…}`, of a new variable or once more of a bound one. */
  #binding(scope: BoundVariable[]): string {
    const again = scope.filter(({ kind }) => kind === "node");
    const variable = again.length > 0 && this.#tape.rarely(3)
      ? this.#tape.pick(again)
      : this.#bind(scope, "node", this.#tape.pick(this.#schema.nodes));
    const { properties } = variable.type;
    let block = "";
    if (properties.length > 0 && this.#tape.rarely(4)) {
      const { name, type } = this.#tape.pick(properties);
      const item = type === "[String]" ? "String" : type === "[I32]" ? "I32" : type;
      block = ` { ${name}: ${this.#constant(item)} }`;
    }
    return `$${variable.name}: ${variable.type.name}${block}`;
  }

  /** A traversal that starts at `anchor` or anywhere. Directions are inferred, so a backward one needs a bound end. */
  #traversal(scope: BoundVariable[], anchor: BoundVariable | null = null): string {
    const { edges, nodes } = this.#schema;
    const fitting = anchor === null
      ? edges
      : edges.filter(({ from, to }) => [from, to].includes(anchor.type.name));
    if (fitting.length === 0) return this.#binding(scope);
    const edge = this.#tape.pick(fitting);
    const typeNamed = (name: string) => nodes.find((type) => type.name === name)!;
    const equalEnds = edge.from === edge.to;
    const forward = anchor === null ? !this.#tape.rarely(2) : anchor.type.name === edge.from;
    const ends = (forward || equalEnds ? [edge.from, edge.to] : [edge.to, edge.from]).map(typeNamed);
    const left = anchor ?? this.#end(scope, ends[0]!);
    const right = this.#end(scope, ends[1]!);
    const mustBind = !forward && !equalEnds && left === null && right === null;
    const leftName = left?.name ?? (mustBind || !this.#tape.rarely(4) ? null : "_");
    let prefix = "";
    let first = leftName;
    if (first === null) {
      const introduced = this.#bind(scope, "node", ends[0]!);
      first = introduced.name;
      // Without a bound end an edge is walked forward, so the type is said first.
      if (mustBind) prefix = `$${first}: ${introduced.type.name}  `;
    }
    const second = right?.name ?? (this.#tape.rarely(4) ? "_" : this.#bind(scope, "node", ends[1]!).name);
    return `${prefix}$${first} ${this.#edgeText(scope, edge, equalEnds)} $${second}`;
  }

  #edgeText(scope: BoundVariable[], edge: RandomType, equalEnds: boolean): string {
    const word = edge.name.toLowerCase();
    const walked = equalEnds && this.#tape.rarely(3) ? `<${word}>` : word;
    switch (this.#tape.upTo(5)) {
      case 1:
        return `$${this.#bind(scope, "edge", edge).name}:${walked}`;
      case 2:
        return `$_:${walked}`;
      case 3: {
        const min = 1 + this.#tape.upTo(2);
        return `${walked}{${min},${min + this.#tape.upTo(3)}}`;
      }
      default:
        return walked;
    }
  }

  /** A bound variable of this type, or null for a new one. */
  #end(scope: readonly BoundVariable[], type: RandomType): BoundVariable | null {
    const bound = scope.filter((variable) => variable.kind === "node" && variable.type === type);
    return bound.length > 0 && !this.#tape.rarely(3) ? this.#tape.pick(bound) : null;
  }

  /** A comparison of a property with a constant or another property; null when nothing is bound that has one. */
  #filter(scope: readonly BoundVariable[], from: readonly BoundVariable[] = scope): string | null {
    const left = this.#property(from);
    if (left === null) return null;
    if (left.type === "[String]" || left.type === "[I32]") {
      return `${left.text} contains ${this.#constant(left.type === "[String]" ? "String" : "I32")}`;
    }
    const others = this.#properties(scope).filter(({ type }) => comparable(left.type, type));
    const right = others.length > 0 && this.#tape.rarely(3)
      ? this.#tape.pick(others).text
      : this.#constant(NUMBERS.includes(left.type) ? this.#tape.pick(NUMBERS) : left.type);
    const text = left.type === "String" || left.type === "enum";
    const operators = text ? [...COMPARISONS, "contains", "contains", "starts_with"] : COMPARISONS;
    return `${left.text} ${this.#tape.pick(operators)} ${right}`;
  }

  /** `not {…}`, whose first clause uses a variable from above. */
  #negation(scope: readonly BoundVariable[], depth: number): string {
    const outer = scope.filter(({ kind }) => kind === "node");
    if (outer.length === 0) return this.#binding([...scope]);
    const inner = [...scope];
    const anchor = this.#tape.pick(outer);
    const filter = this.#tape.rarely(4) ? this.#filter(scope, [anchor]) : null;
    const reachable = this.#schema.edges.some(({ from, to }) => [from, to].includes(anchor.type.name));
    const first = filter ??
      (reachable ? this.#traversal(inner, anchor) : `$${anchor.name}: ${anchor.type.name}`);
    const clauses = [first];
    for (let n = this.#tape.upTo(2); n > 0; n--) clauses.push(this.#clause(inner, depth + 1));
    return `not { ${clauses.join("  ")} }`;
  }

  #plainReturn(scope: readonly BoundVariable[]): string {
    const aliases: string[] = [];
    const columns: string[] = [];
    const nodes = scope.filter(({ kind }) => kind === "node");
    for (let n = 1 + this.#tape.upTo(4); n > 0; n--) {
      const choice = this.#tape.upTo(8);
      const property = this.#property(scope);
      if (choice === 1 && aliases.length > 0) columns.push(`${this.#tape.pick(aliases)} as again${n}`);
      else if (choice === 2) columns.push(`${this.#tape.pick(["now()", "7", '"x"', "2.5"])} as c${n}`);
      else if (choice < 5 && property !== null) {
        const alias = this.#tape.rarely(2) && !property.type.startsWith("[") ? `a${n}` : null;
        if (alias !== null) aliases.push(alias);
        columns.push(property.text + (alias === null ? "" : ` as ${alias}`));
      } else columns.push(`$${this.#tape.pick(nodes).name}`);
    }
    const keys = [
      ...this.#properties(scope).filter(({ type }) => !type.startsWith("[")).map(({ text }) => text),
      ...aliases,
    ];
    return `return { ${columns.join(", ")} }${this.#order(keys)}`;
  }

  #aggregateReturn(scope: readonly BoundVariable[]): string {
    const properties = this.#properties(scope);
    const nodes = scope.filter(({ kind }) => kind === "node");
    const keys: string[] = [];
    for (let n = this.#tape.upTo(3); n > 0; n--) {
      const scalars = properties.filter(({ type }) => !type.startsWith("["));
      const key = scalars.length > 0 && !this.#tape.rarely(3)
        ? this.#tape.pick(scalars).text
        : `$${this.#tape.pick(nodes).name}`;
      if (!keys.includes(key)) keys.push(key);
    }
    const aggregates: string[] = [];
    const aliases: string[] = [];
    for (let n = 1 + this.#tape.upTo(3); n > 0; n--) {
      aliases.push(`a${n}`);
      aggregates.push(`${this.#aggregate(properties, nodes)} as a${n}`);
    }
    return `return { ${[...keys, ...aggregates].join(", ")} }${this.#order([...aliases, ...keys])}`;
  }

  /** Sums stay over types whose sums are exact in any order. */
  #aggregate(properties: readonly Operand[], nodes: readonly BoundVariable[]): string {
    const summable = properties.filter(({ type }) => type === "I32" || type === "F64");
    const ordered = properties.filter(({ type }) =>
      NUMBERS.includes(type) || type === "String" || type === "enum"
    );
    switch (this.#tape.upTo(4)) {
      case 1:
        if (properties.length > 0) return `count(${this.#tape.pick(properties).text})`;
        break;
      case 2:
        if (summable.length > 0) {
          return `${this.#tape.pick(["sum", "avg"])}(${this.#tape.pick(summable).text})`;
        }
        break;
      case 3:
        if (ordered.length > 0) return `${this.#tape.pick(["min", "max"])}(${this.#tape.pick(ordered).text})`;
        break;
    }
    return `count($${this.#tape.pick(nodes).name})`;
  }

  #order(keys: readonly string[]): string {
    if (keys.length === 0 || this.#tape.upTo(3) === 0) return "";
    const entries: string[] = [];
    for (let n = 1 + this.#tape.upTo(2); n > 0; n--) {
      entries.push(this.#tape.pick(keys) + this.#tape.pick(["", " desc", " asc"]));
    }
    return ` order { ${entries.join(", ")} }`;
  }

  #bind(scope: BoundVariable[], kind: BoundVariable["kind"], type: RandomType): BoundVariable {
    const variable = { name: `${kind === "node" ? "v" : "e"}${this.#variables++}`, kind, type };
    scope.push(variable);
    return variable;
  }

  #properties(scope: readonly BoundVariable[]): Operand[] {
    return scope.flatMap(({ name, type }) =>
      type.properties.map((property: RandomProperty) => ({
        text: `$${name}.${property.name}`,
        type: property.type,
      }))
    );
  }

  #property(scope: readonly BoundVariable[]): Operand | null {
    const properties = this.#properties(scope);
    return properties.length === 0 ? null : this.#tape.pick(properties);
  }

  /** A literal, a parameter or `now()` of a scalar type. */
  #constant(type: PropertyType): string {
    const value = this.#tape.pick(POOLS[type]);
    const negative = (typeof value === "number" || typeof value === "bigint") && value < 0;
    if (!negative && !this.#tape.rarely(3)) {
      if (type === "DateTime" && this.#tape.rarely(4)) return "now()";
      return literal(type, value);
    }
    const name = `p${this.#declarations.length}`;
    const nullable = this.#tape.rarely(8);
    this.#declarations.push(`$${name}: ${type === "enum" ? "String" : type}${nullable ? "?" : ""}`);
    if (!nullable) this.#params[name] = value;
    return `$${name}`;
  }
}

function literal(type: PropertyType, value: unknown): string {
  if (type === "Date") return `date("${value}")`;
  if (type === "DateTime") return `datetime("${value}")`;
  if (type === "F32" || type === "F64") return Number.isInteger(value) ? `${value}.0` : String(value);
  return typeof value === "string" ? `"${value}"` : String(value);
}

/** Whether two property types can be compared. */
function comparable(a: PropertyType, b: PropertyType): boolean {
  const text = (type: PropertyType) => type === "String" || type === "enum";
  return (NUMBERS.includes(a) && NUMBERS.includes(b)) || (text(a) && text(b)) || a === b;
}
