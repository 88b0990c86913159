/**
 * A small model of a schema that grows by supported edits. Every element has a `uid` of its own that nothing else ever
 * gets: the second opinion on stable identities.
 */
import fc from "fast-check";

/** A property of the model. */
export interface ModelProperty {
  readonly uid: number;
  name: string;
  /** Name it is renamed from in the current round. */
  hint: string | null;
  readonly type: string;
  /** Values when `type` is `enum`. */
  readonly values: string[];
  nullable: boolean;
  indexed: boolean;
  description: string | null;
}

/** A node or edge type of the model. */
export interface ModelType {
  readonly uid: number;
  readonly kind: "node" | "edge";
  name: string;
  hint: string | null;
  description: string | null;
  readonly properties: ModelProperty[];
  readonly ends: readonly [from: ModelType, to: ModelType] | null;
}

/** One edit: numbers that choose what to do and to what. */
export type Edit = readonly [what: number, where: number, which: number, how: number];

/** Rounds of edits; each round becomes one plan. */
export function editRounds(): fc.Arbitrary<Edit[][]> {
  const small = fc.nat(60);
  const edit = fc.tuple(fc.nat(), small, small, small);
  return fc.array(fc.array(edit, { minLength: 1, maxLength: 5 }), { minLength: 1, maxLength: 6 });
}

const TYPES = ["String", "I64", "F32", "enum", "[I32]", "Vector(2)", "Blob", "enum"];

/** A schema that is edited round by round. */
export class SchemaModel {
  types: ModelType[] = [];
  #uids = 0;
  /** Names at the start of the round: nothing else may take them, because an accepted name wins over any hint. */
  #taken = new Set<string>();

  constructor() {
    const node = this.#type("node", "T0", null);
    node.properties.push({ ...this.#property("p0", 0), nullable: false }, {
      ...this.#property("p1", 1),
      nullable: false,
    });
  }

  /** Starts a round: hints of the last one have done their work. */
  startRound(): void {
    this.#taken = new Set();
    for (const type of this.types) {
      type.hint = null;
      this.#taken.add(type.name);
      for (const property of type.properties) {
        property.hint = null;
        this.#taken.add(`${type.uid}.${property.name}`);
      }
    }
  }

  /** Makes an edit; one that cannot be made here changes nothing. */
  edit([what, where, which, how]: Edit): void {
    const edits = [
      () => this.#addNode(where),
      () => this.#addEdge(where, which, how),
      () => this.#addProperty(where, which, how),
      () => this.#dropType(where),
      () => this.#dropProperty(where, which),
      () => this.#renameType(where, which),
      () => this.#renameProperty(where, which, how),
      () => this.#widen(which, how),
      () => this.#index(where, which),
      () => this.#describe(where, which, how),
    ];
    edits[what % edits.length]!();
  }

  /** The `.pg` text, types and properties in an order that `turn` chooses. */
  text(turn: number): string {
    const ordered = [
      ...this.types.slice(turn % this.types.length),
      ...this.types.slice(0, turn % this.types.length),
    ];
    return ordered.map((type) => {
      const ends = type.ends === null ? "" : `: ${type.ends[0].name} -> ${type.ends[1].name}`;
      const head = `${type.kind} ${type.name}${ends}${hint(type.hint)}${description(type.description)}`;
      const lines = type.properties.map((property) => {
        const spelled = property.type === "enum" ? `enum(${property.values.join(", ")})` : property.type;
        return `  ${property.name}: ${spelled}${property.nullable ? "?" : ""}${hint(property.hint)}` +
          `${property.indexed ? " @index" : ""}${description(property.description)}\n`;
      });
      const key = type.uid === 0
        ? `  @key(${type.properties.slice(0, 2).map((one) => one.name).join(", ")})\n`
        : "";
      return `${head} {\n${turn % 2 === 0 ? lines.join("") : lines.toReversed().join("")}${key}}\n`;
    }).join("");
  }

  #addNode(where: number): void {
    const name = `T${where % 6}`;
    if (this.#isFree(name)) this.#type("node", name, null);
  }

  #addEdge(where: number, which: number, how: number): void {
    const nodes = this.types.filter((type) => type.kind === "node");
    const name = `E${where % 4}`;
    if (this.#isFree(name)) {
      this.#type("edge", name, [nodes[which % nodes.length]!, nodes[how % nodes.length]!]);
    }
  }

  #addProperty(where: number, which: number, how: number): void {
    const type = this.#pick(where);
    const name = `p${which % 6}`;
    if (this.#isFreeIn(type, name)) type.properties.push(this.#property(name, how));
  }

  #dropType(where: number): void {
    const type = this.#pick(where);
    if (type.uid === 0) return;
    this.types = this.types.filter((one) => one !== type && !(one.ends?.includes(type) ?? false));
  }

  #dropProperty(where: number, which: number): void {
    const type = this.#pick(where);
    const at = which % Math.max(1, type.properties.length);
    if (type.properties.length > 0 && !(type.uid === 0 && at < 2)) type.properties.splice(at, 1);
  }

  #renameType(where: number, which: number): void {
    const type = this.#pick(where);
    const name = type.kind === "node" ? `T${which % 6}` : `E${which % 4}`;
    if (!this.#isFree(name)) return;
    if (this.#taken.has(type.name)) type.hint = type.name;
    type.name = name;
  }

  #renameProperty(where: number, which: number, how: number): void {
    const type = this.#pick(where);
    const property = type.properties[which % Math.max(1, type.properties.length)];
    const name = `p${how % 6}`;
    if (property === undefined || !this.#isFreeIn(type, name)) return;
    if (this.#taken.has(`${type.uid}.${property.name}`)) property.hint = property.name;
    property.name = name;
  }

  #widen(which: number, how: number): void {
    const value = `v${how}`;
    const enums = this.types.flatMap((type) => type.properties).filter((one) => one.type === "enum");
    const property = enums[which % Math.max(1, enums.length)];
    if (property !== undefined && !property.values.includes(value)) property.values.push(value);
  }

  #index(where: number, which: number): void {
    const property = this.#pick(where).properties[which % 6];
    if (property !== undefined && !/Blob|\[|Vector/.test(property.type)) property.indexed = true;
  }

  #describe(where: number, which: number, how: number): void {
    const type = this.#pick(where);
    const target = type.properties[which % 6] ?? type;
    target.description = how % 4 === 0 ? null : `text ${how % 4}`;
  }

  #pick(where: number): ModelType {
    return this.types[where % this.types.length]!;
  }

  #isFree(name: string): boolean {
    return !this.#taken.has(name) && this.types.every((type) => type.name !== name);
  }

  #isFreeIn(type: ModelType, name: string): boolean {
    return !this.#taken.has(`${type.uid}.${name}`) && type.properties.every((one) => one.name !== name);
  }

  #type(kind: "node" | "edge", name: string, ends: ModelType["ends"]): ModelType {
    const type = { uid: this.#uids++, kind, name, hint: null, description: null, properties: [], ends };
    this.types.push(type);
    return type;
  }

  #property(name: string, how: number): ModelProperty {
    const type = TYPES[how % TYPES.length]!;
    const values = type === "enum" ? ["v0"] : [];
    return {
      uid: this.#uids++,
      name,
      hint: null,
      type,
      values,
      nullable: true,
      indexed: false,
      description: null,
    };
  }
}

function hint(from: string | null): string {
  return from === null ? "" : ` @rename_from("${from}")`;
}

function description(text: string | null): string {
  return text === null ? "" : ` @description("${text}")`;
}
