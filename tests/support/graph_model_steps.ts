/** Steps of random programs: drawn from a tape of numbers against what the model holds, so that most of them hit something. */
import type { ModelCommit, ModelGraph } from "./graph_model.ts";
import type { Image, Row } from "./graph_model_rules.ts";
import {
  drawValue,
  isComparable,
  isKey,
  isUnique,
  type ModelType,
  type Value,
} from "./graph_model_schema.ts";
import type { Contender, MergeStep, Step, Target, WriteStep } from "./graph_model_step.ts";
import { keyId, type Line, type Mode, type Statement, type Where } from "./graph_model_writes.ts";
import type { Tape } from "./random_schema.ts";

/** Names of branches; some are paths inside others. */
const NAMES = ["dev", "rel", "dev/a", "x", "y"];
/** A commit that no graph has. */
const UNKNOWN = "01ARZ3NDEKTSV4RRFFQ69G5FAV";
/** A text that makes a commit too large for the log. */
const BULK = "x".repeat(70_000);

/** Draws one step of a kind. */
export function drawStep(kind: Step["do"], tape: Tape, model: ModelGraph, dropped: readonly string[]): Step {
  const draw = new Draw(tape, model, dropped);
  const branch = draw.branch();
  const isAlone = model.names().length === 1;
  switch (kind) {
    case "load":
    case "mutate":
      return draw.write(kind, branch);
    case "race":
      return { do: "race", contenders: draw.contenders(branch) };
    case "duel": {
      const name = draw.branch(true);
      const child = NAMES.find((each) => model.obstacle(each) === null && !each.startsWith(`${name}/`));
      const live = model.find(name);
      const isFit = live !== null && name !== "main" && child !== undefined && !model.isForked(live);
      if (!isFit) return drawStep("branch", tape, model, dropped);
      return { do: "duel", name, child, write: draw.write("mutate", name) };
    }
    case "branch": {
      const commit = tape.upTo(3) === 2 ? draw.commit() : null;
      return { do: "branch", name: tape.pick(NAMES), from: branch, commit };
    }
    case "drop":
      if (isAlone && !tape.rarely(4)) return drawStep("branch", tape, model, dropped);
      return { do: "drop", name: tape.upTo(8) === 7 ? tape.pick(NAMES) : draw.branch(true) };
    case "merge":
      return isAlone ? drawStep("branch", tape, model, dropped) : draw.merge(branch);
    case "revert":
      return { do: "revert", commit: draw.commit(branch), branch };
    case "read": {
      const type = draw.type();
      return {
        do: "read",
        target: draw.target(branch),
        type: type.name,
        where: draw.where(type, branch),
        asPairs: type.ends !== null && tape.upTo(2) === 1,
      };
    }
    case "entity": {
      const type = draw.type();
      return { do: "entity", target: draw.target(branch), type: type.name, id: draw.id(type, branch) };
    }
    case "snapshot":
    case "commits":
    case "copy":
    case "fold":
      return { do: kind, branch };
    case "feed":
      return { do: "feed", branch, limit: 1 + tape.upTo(9) };
    case "export":
      return {
        do: "export",
        target: draw.target(branch),
        types: tape.upTo(4) === 3 ? [draw.type().name] : [],
      };
    case "changes":
      return { do: "changes", commit: draw.commit() };
    case "diff":
      return { do: "diff", from: draw.side(), to: draw.side() };
    case "reopen":
      return { do: "reopen" };
  }
}

/** The first write of a program: something of everything. */
export function drawStart(tape: Tape, model: ModelGraph): Step {
  return {
    do: "load",
    branch: "main",
    from: null,
    mode: "merge",
    lines: new Draw(tape, model, []).lines("main", 10, tape.rarely(6)),
  };
}

class Draw {
  readonly #tape: Tape;
  readonly #model: ModelGraph;
  readonly #dropped: readonly string[];

  constructor(tape: Tape, model: ModelGraph, dropped: readonly string[]) {
    this.#tape = tape;
    this.#model = model;
    this.#dropped = dropped;
  }

  /** A live branch, rarely a name that is none; main is avoided on demand. */
  branch(notMain = false): string {
    const live = this.#model.names();
    if (this.#tape.rarely(25)) return this.#tape.pick(NAMES);
    const others = live.filter((name) => name !== "main");
    if (others.length === 0) return notMain && this.#tape.rarely(3) ? this.#tape.pick(NAMES) : "main";
    return notMain || this.#tape.upTo(2) === 1 ? this.#tape.pick(others) : "main";
  }

  /** A commit that can be seen, rarely one that cannot. */
  commit(branch?: string): string {
    if (this.#tape.rarely(15)) return this.#tape.pick([UNKNOWN, ...this.#dropped]);
    const live = branch === undefined ? null : this.#model.find(branch);
    const all = live === null || this.#tape.upTo(4) === 3
      ? this.#model.visible().reverse()
      : this.#model.history(live);
    return this.#tape.pick(all).id;
  }

  side(): string {
    return this.#tape.upTo(3) === 2 ? this.branch() : this.commit();
  }

  target(branch: string): Target {
    const none = { branch: null, commit: null, atMs: null };
    switch (this.#tape.upTo(4)) {
      case 1:
      case 2:
        return { ...none, commit: this.commit() };
      case 3: {
        const live = this.#model.find(branch);
        if (live === null) return { ...none, branch };
        const { createdAt } = this.#tape.pick(this.#model.history(live));
        return { ...none, branch, atMs: Math.floor(createdAt / 1000) + this.#tape.upTo(3) - 1 };
      }
      default:
        return { ...none, branch };
    }
  }

  merge(branch: string): MergeStep {
    const tape = this.#tape;
    const source = this.branch(true);
    const target = source !== branch || tape.rarely(9)
      ? branch
      : tape.pick(this.#model.names().filter((name) => name !== source));
    return tape.upTo(3) === 2
      ? { do: "merge", source: target, target: source, drop: false }
      : { do: "merge", source, target, drop: tape.upTo(4) === 3 };
  }

  /** Writes and merges at once; sometimes two branches merge each other, which leaves two equally near ancestors. */
  contenders(branch: string): Contender[] {
    const tape = this.#tape;
    const others = Array.from({ length: 2 + tape.upTo(3) }, () => this.#contender(branch));
    const way = tape.upTo(4);
    // The same thing by both processes.
    if (way === 3) {
      return others.map(({ act }, i) => ({ handle: i % 2, act: i === 1 ? others[0]!.act : act }));
    }
    if (way !== 2 || this.#model.names().length === 1) return others;
    const merge = { ...this.merge(branch), drop: false };
    const back = { ...merge, source: merge.target, target: merge.source };
    return [{ handle: 0, act: merge }, { handle: 1, act: back }, ...others.slice(3)];
  }

  /** A write or a merge that others get in the way of, mostly on one branch. */
  #contender(branch: string): Contender {
    const tape = this.#tape;
    const handle = tape.upTo(2);
    const on = tape.upTo(4) === 3 ? this.branch() : branch;
    if (tape.upTo(4) === 3 && this.#model.names().length > 1) {
      return { handle, act: { ...this.merge(on), drop: false } };
    }
    const write = this.write(tape.upTo(2) === 0 ? "load" : "mutate", on, 2);
    return { handle, act: write.do === "load" ? { ...write, from: null } : write };
  }

  type(): ModelType {
    return this.#tape.pick(this.#model.schema.types);
  }

  /** Of so many loads one is large. */
  write(kind: "load" | "mutate", branch: string, largeOf = 12): WriteStep {
    const tape = this.#tape;
    if (kind === "load") {
      const forks = tape.rarely(6);
      return {
        do: "load",
        branch: forks ? tape.pick(NAMES) : branch,
        from: forks ? branch : null,
        mode: tape.pick<Mode>(["merge", "merge", "append", "append", "overwrite"]),
        lines: this.lines(branch, tape.upTo(5), tape.rarely(largeOf)),
      };
    }
    const deletes = tape.upTo(3) === 2;
    const statements = Array.from(
      { length: 1 + tape.upTo(3) },
      () => deletes ? this.#delete(branch) : tape.upTo(2) === 1 ? this.#update(branch) : this.#insert(branch),
    );
    const head = this.#model.find(branch)?.head.id ?? UNKNOWN;
    const ifCommit = tape.pick([null, null, null, head, this.#staleOf(branch)]);
    return { do: "mutate", branch, statements, ifCommit };
  }

  lines(branch: string, count: number, large: boolean): Line[] {
    const tape = this.#tape;
    let isLarge = large;
    const lines: Line[] = [];
    for (let n = 0; n < count; n++) {
      const type = n < this.#nodeTypes().length && count > 5 ? this.#nodeTypes()[n]! : this.type();
      let row = this.#row(type, branch, lines);
      if (row === null) continue;
      const padded = type.properties.find(({ name, type: kind }) => kind === "String" && !isKey(type, name));
      // One such text is enough.
      if (isLarge && padded !== undefined) row = { ...row, [padded.name]: `${BULK}${n}` };
      isLarge &&= padded === undefined;
      const id = type.key !== null || tape.rarely(5) ? null : this.#newId(type);
      const given = type.key === null ? id : keyId(type.key, row);
      if (given !== null && this.#idsIn(lines, type.name).includes(given) && !tape.rarely(6)) continue;
      lines.push({ type: type.name, id, row });
    }
    return lines;
  }

  id(type: ModelType, branch: string): string {
    const ids = this.#ids(type.name, branch);
    return ids.length === 0 || this.#tape.rarely(8) ? "no such id" : this.#tape.pick(ids);
  }

  /** A comparison, mostly with a value that occurs; null when the type has nothing to compare. */
  where(type: ModelType, branch: string, operators: readonly Where["operator"][] = OPERATORS): Where | null {
    const columns = type.properties.filter(isComparable);
    if (type.ends !== null) {
      columns.push({ name: "src", type: "String" }, { name: "dst", type: "String" });
    }
    if (columns.length === 0) return null;
    const column = this.#tape.pick(columns);
    const rows = [...this.#rows(type.name, branch).values()];
    const held = rows.length === 0 || this.#tape.rarely(6)
      ? null
      : this.#tape.pick(rows)[column.name] ?? null;
    const value = held ?? drawValue(this.#tape, type, column);
    const operator = column.type === "Bool" || column.type === "enum" ? "=" : this.#tape.pick(operators);
    return { column: column.name, operator, value };
  }

  #nodeTypes(): readonly ModelType[] {
    return this.#model.schema.types.filter(({ ends }) => ends === null);
  }

  #image(branch: string): Image | null {
    return this.#model.find(branch)?.head.image ?? null;
  }

  #rows(type: string, branch: string): ReadonlyMap<string, Row> {
    return this.#image(branch)?.get(type) ?? new Map();
  }

  #ids(type: string, branch: string): string[] {
    return [...this.#rows(type, branch).keys()];
  }

  #staleOf(branch: string): string {
    const live = this.#model.find(branch);
    const commits: readonly ModelCommit[] = live === null ? [] : this.#model.history(live);
    return commits.length === 0 ? UNKNOWN : this.#tape.pick(commits).id;
  }

  #newId(type: ModelType): string {
    return type.ends === null ? `n${this.#tape.upTo(6)}` : `e${this.#tape.upTo(8)}`;
  }

  /** A row, or null for an edge that has nothing to join. */
  #row(type: ModelType, branch: string, lines: readonly Line[]): Row | null {
    const row: Record<string, Value> = {};
    if (type.ends !== null) {
      for (const [i, side] of (["src", "dst"] as const).entries()) {
        const known = [
          ...new Set([...this.#ids(type.ends[i]!, branch), ...this.#idsIn(lines, type.ends[i]!)]),
        ];
        if (known.length === 0) return null;
        row[side] = this.#tape.rarely(30) ? "nobody" : this.#tape.pick(known);
      }
    }
    for (const property of type.properties) {
      const isNull = property.required !== true &&
        this.#tape.upTo(isUnique(type, property.name) ? 2 : 4) === 1;
      row[property.name] = isNull ? null : drawValue(this.#tape, type, property);
    }
    return row;
  }

  #idsIn(lines: readonly Line[], name: string): string[] {
    const type = this.#model.schema.types.find((each) => each.name === name)!;
    return lines.filter((line) => line.type === name)
      .flatMap(({ id, row }) => type.key !== null ? [keyId(type.key, row)] : id === null ? [] : [id]);
  }

  #insert(branch: string): Statement {
    const type = this.type();
    const row = this.#row(type, branch, []);
    if (row !== null) return { kind: "insert", type: type.name, row };
    const node = this.#nodeTypes()[0]!;
    return { kind: "insert", type: node.name, row: this.#row(node, branch, [])! };
  }

  #update(branch: string): Statement {
    const settable = (type: ModelType) => type.properties.filter(({ name }) => !isKey(type, name));
    const types = this.#nodeTypes().filter((type) =>
      settable(type).length > 0 && type.properties.some(isComparable)
    );
    if (types.length === 0) return this.#insert(branch);
    const type = this.#tape.pick(types);
    const set: Record<string, Value> = {};
    for (let n = 1 + this.#tape.upTo(2); n > 0; n--) {
      const property = this.#tape.pick(settable(type));
      const isNull = property.required !== true && this.#tape.upTo(4) === 1;
      set[property.name] = isNull ? null : drawValue(this.#tape, type, property);
    }
    return { kind: "update", type: type.name, set, where: this.where(type, branch)! };
  }

  #delete(branch: string): Statement {
    const drawn = this.type();
    for (const type of [drawn, ...this.#model.schema.types]) {
      const where = this.where(type, branch, ["=", "=", "=", "<", "!="]);
      if (where !== null) return { kind: "delete", type: type.name, where };
    }
    return this.#insert(branch);
  }
}

const OPERATORS: readonly Where["operator"][] = ["=", "<", ">", "<=", ">=", "!="];
