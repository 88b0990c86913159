/**
 * The order in which a match block runs. Clause order never changes rows, so the planner is free:
 *
 *   1. variables whose key is given are looked up first;
 *   2. everything that can be checked is checked at once: filters, edges between bound ends, negations;
 *   3. then the traversal that multiplies the bindings least is walked, and so on;
 *   4. parts that no edge connects to what is bound are planned on their own and multiplied in.
 */
import { assert } from "../../base/assert.ts";
import type { Clause, VariableId } from "../../query/typed.ts";
import { type Condition, conditionsOf, isIndexed, keyOf, type QueryTypes } from "./conditions.ts";
import { fixedPredicate } from "./filter.ts";
import type { Equation } from "./join.ts";
import { bindsOf, type Stage } from "./stages.ts";
import { type Hop, reversed } from "./traverse.ts";

/** About how large the tables are. */
export interface Statistics {
  /** Rows of a table. */
  rows(table: string): number;
}

type Traversal = Clause & { kind: "traverse" };

/** A `not` block with the variables it shares with what is around it. */
interface Negation {
  readonly clauses: readonly Clause[];
  readonly outer: readonly VariableId[];
}

/** Hops beyond this one no longer change an estimate. */
const ESTIMATED_HOPS_MAX = 4;

/** Passes for no binding: the stage of a clause that can match nothing. */
const NEVER: Condition = {
  variables: [],
  refs: [],
  selectivity: 0,
  cost: 0,
  equality: null,
  equatesRefs: false,
  make: () => {
    const no = {
      kind: "literal",
      value: false,
      type: { kind: "scalar", scalar: "Bool", enumValues: null },
    } as const;
    return fixedPredicate("=", no, { ...no, value: true });
  },
};

/** Plans a block whose variables in `bound` have rows already. */
export function planBlock(
  types: QueryTypes,
  statistics: Statistics,
  clauses: readonly Clause[],
  bound: Iterable<VariableId>,
): Stage[] {
  const boundSet = new Set(bound);
  return new BlockPlanner(types, statistics, {
    traversals: clauses.filter((clause): clause is Traversal => clause.kind === "traverse"),
    conditions: clauses.flatMap((clause) => conditionsOf(types, clause)),
    negations: clauses.flatMap((clause) => clause.kind === "not" ? [negation(clause.clauses)] : []),
    variables: nodeVariables(clauses).filter((variable) => !boundSet.has(variable)),
  }, boundSet).run();
}

/** Node variables that the direct clauses of a block mention, each once. */
function nodeVariables(clauses: readonly Clause[]): VariableId[] {
  return [
    ...new Set(
      clauses.flatMap((clause) =>
        clause.kind === "node"
          ? [clause.variable]
          : clause.kind === "traverse"
          ? [clause.left, clause.right]
          : []
      ),
    ),
  ];
}

/** Every variable that clauses mention, nested blocks included. */
function mentioned(clauses: readonly Clause[]): VariableId[] {
  return clauses.flatMap((clause): VariableId[] => {
    switch (clause.kind) {
      case "node":
        return [clause.variable];
      case "traverse":
        return [clause.left, clause.right, ...(clause.edgeVariable === null ? [] : [clause.edgeVariable])];
      case "filter":
        return [clause.left, clause.right].flatMap((side) => side.kind === "property" ? [side.variable] : []);
      case "search":
        return [clause.search.field.variable];
      case "not":
        return mentioned(clause.clauses);
    }
  });
}

/** Variables are numbered in the order of their introduction: those a block introduces come after all it can see. */
function negation(clauses: readonly Clause[]): Negation {
  return { clauses, outer: [...new Set(mentioned(clauses))] };
}

/** What is left to plan. */
interface Pending {
  traversals: Traversal[];
  conditions: Condition[];
  negations: Negation[];
  /** Node variables without rows. */
  variables: VariableId[];
}

class BlockPlanner {
  readonly #types: QueryTypes;
  readonly #statistics: Statistics;
  readonly #pending: Pending;
  readonly #bound: Set<VariableId>;
  /** Variables that get rows in this block at some time; a negation waits for those it mentions. */
  readonly #own: ReadonlySet<VariableId>;
  readonly #stages: Stage[] = [];

  constructor(types: QueryTypes, statistics: Statistics, pending: Pending, bound: Set<VariableId>) {
    this.#types = types;
    this.#statistics = statistics;
    this.#pending = pending;
    this.#bound = bound;
    const edges = pending.traversals.flatMap(({ edgeVariable }) =>
      edgeVariable === null ? [] : [edgeVariable]
    );
    this.#own = new Set([...pending.variables, ...edges]);
  }

  run(): Stage[] {
    this.#lookUpKeys();
    this.#settle();
    while (this.#pending.traversals.length > 0 || this.#pending.variables.length > 0) {
      if (!this.#walk()) this.#startComponent();
      this.#settle();
    }
    const { conditions, negations } = this.#pending;
    assert(conditions.length === 0 && negations.length === 0, "every clause found its place");
    return this.#stages;
  }

  #add(stage: Stage): void {
    this.#stages.push(stage);
    for (const variable of bindsOf(stage)) this.#bound.add(variable);
    this.#pending.variables = this.#pending.variables.filter((variable) => !this.#bound.has(variable));
  }

  #lookUpKeys(): void {
    for (const variable of [...this.#pending.variables]) {
      const found = keyOf(this.#types, variable, this.#pending.conditions);
      if (found === null) continue;
      this.#drop(found.from);
      this.#add({ kind: "key", variable, type: found.type, key: found.key });
    }
  }

  #drop(conditions: readonly Condition[]): void {
    this.#pending.conditions = this.#pending.conditions.filter((condition) =>
      !conditions.includes(condition)
    );
  }

  /** Adds all checks whose variables have rows. */
  #settle(): void {
    const ready = this.#pending.conditions.filter(({ variables }) => this.#has(variables));
    if (ready.length > 0) {
      this.#drop(ready);
      // The best first test costs little and drops much.
      const rank = ({ cost, selectivity }: Condition) => cost / (1.001 - selectivity);
      this.#add({ kind: "filter", conditions: ready.sort((a, b) => rank(a) - rank(b)) });
    }
    const joined = this.#pending.traversals.filter(({ left, right }) => this.#has([left, right]));
    for (const traversal of joined) this.#join(traversal);
    if (joined.length > 0 && this.#pending.conditions.length > 0) return this.#settle();
    const { negations } = this.#pending;
    this.#pending.negations = negations.filter((one) => !this.#addNegation(one));
  }

  #has(variables: readonly VariableId[]): boolean {
    return variables.every((variable) => this.#bound.has(variable));
  }

  /** An edge between two bound ends. */
  #join(traversal: Traversal): void {
    this.#pending.traversals = this.#pending.traversals.filter((one) => one !== traversal);
    const { edge, direction, left, right, min, max, edgeVariable } = traversal;
    const hop: Hop = { edge, direction };
    if (max < min) this.#add({ kind: "filter", conditions: [NEVER] });
    else if (min === 1 && max === 1) this.#add({ kind: "joined", hop, left, right, edge: edgeVariable });
    else this.#add({ kind: "reached", hop, bounds: { min, max }, left, right });
  }

  /** Adds a negation once all variables it shares with this block have rows. */
  #addNegation({ clauses, outer }: Negation): boolean {
    if (outer.some((variable) => this.#own.has(variable) && !this.#bound.has(variable))) return false;
    const stages = planBlock(this.#types, this.#statistics, clauses, this.#bound);
    this.#add({ kind: "not", stages });
    return true;
  }

  /** Walks the traversal with one bound end that adds least; false when there is none. */
  #walk(): boolean {
    let best: { traversal: Traversal; fromLeft: boolean; growth: number } | null = null;
    for (const traversal of this.#pending.traversals) {
      for (const fromLeft of [true, false]) {
        if (!this.#bound.has(fromLeft ? traversal.left : traversal.right)) continue;
        const growth = this.#growth(traversal, fromLeft);
        if (best === null || growth < best.growth) best = { traversal, fromLeft, growth };
      }
    }
    if (best === null) return false;
    const { traversal, fromLeft } = best;
    const { edge, direction, left, right, min, max, edgeVariable } = traversal;
    this.#pending.traversals = this.#pending.traversals.filter((one) => one !== traversal);
    const [from, to] = fromLeft ? [left, right] : [right, left];
    const forward: Hop = { edge, direction };
    const hop = fromLeft ? forward : reversed(forward);
    if (max < min) this.#add({ kind: "filter", conditions: [NEVER] });
    if (min === 1 && max <= 1) this.#add({ kind: "expand", hop, from, to, edge: edgeVariable });
    else this.#add({ kind: "reach", hop, bounds: { min, max: Math.max(min, max) }, from, to, fromLeft });
    return true;
  }

  /** About how many bindings one binding becomes. */
  #growth({ edge, direction, left, right, max }: Traversal, fromLeft: boolean): number {
    const from = fromLeft ? left : right;
    const to = fromLeft ? right : left;
    const edges = this.#statistics.rows(`edge:${edge}`) * (direction === "both" ? 2 : 1);
    const degree = edges / Math.max(1, this.#statistics.rows(this.#types.table(from)));
    const hops = Math.min(Math.max(1, max), ESTIMATED_HOPS_MAX);
    let reached = 0;
    for (let hop = 1; hop <= hops; hop++) reached += degree ** hop;
    return Math.min(reached, this.#statistics.rows(this.#types.table(to))) * this.#selectivity(to);
  }

  /** About which share of a variable's rows its own conditions keep. */
  #selectivity(variable: VariableId): number {
    let share = 1;
    for (const { variables, selectivity } of this.#pending.conditions) {
      if (variables.length === 1 && variables[0] === variable) share *= selectivity;
    }
    return share;
  }

  /** Begins with the unbound variable that has fewest rows: here, or beside what is bound as a product. */
  #startComponent(): void {
    const rows = (variable: VariableId) =>
      this.#statistics.rows(this.#types.table(variable)) * this.#selectivity(variable);
    const [first, ...others] = this.#pending.variables;
    assert(first !== undefined, "a traversal without bound ends has unbound ones");
    const start = others.reduce((best, variable) => rows(variable) < rows(best) ? variable : best, first);
    if (this.#bound.size > 0) return this.#multiply(start);
    const indexed = this.#pending.conditions.find(({ equality }) =>
      equality !== null && equality.ref.variable === start && isIndexed(this.#types, equality)
    );
    if (indexed?.equality === undefined || indexed.equality === null) {
      return this.#add({ kind: "scan", variable: start, table: this.#types.table(start) });
    }
    this.#drop([indexed]);
    this.#add({ kind: "index", ...indexed.equality });
  }

  /** Plans everything that edges connect to a variable on its own, and multiplies it in. */
  #multiply(start: VariableId): void {
    const component = new Set([start]);
    for (let size = 0; size < component.size;) {
      size = component.size;
      for (const { left, right } of this.#pending.traversals) {
        if (component.has(left) || component.has(right)) component.add(left).add(right);
      }
    }
    const traversals = this.#pending.traversals.filter(({ left }) => component.has(left));
    const visible = new Set(component);
    for (const { edgeVariable } of traversals) if (edgeVariable !== null) visible.add(edgeVariable);
    const isInside = (variables: readonly VariableId[]) =>
      variables.every((variable) => visible.has(variable));
    const conditions = this.#pending.conditions.filter(({ variables }) =>
      variables.length > 0 && isInside(variables)
    );
    this.#pending.traversals = this.#pending.traversals.filter((one) => !traversals.includes(one));
    this.#drop(conditions);
    const inner: Pending = { traversals, conditions, negations: [], variables: [...component] };
    const stages = new BlockPlanner(this.#types, this.#statistics, inner, new Set()).run();
    this.#add({ kind: "product", stages, equation: this.#equation(visible) });
  }

  /** An equation that ties a part to what is bound already. */
  #equation(inside: ReadonlySet<VariableId>): Equation | null {
    for (const { equatesRefs, refs } of this.#pending.conditions) {
      const [left, right] = refs;
      if (!equatesRefs || left === undefined || right === undefined) continue;
      if (this.#bound.has(left.variable) && inside.has(right.variable)) return { outer: left, inner: right };
      if (this.#bound.has(right.variable) && inside.has(left.variable)) return { outer: right, inner: left };
    }
    return null;
  }
}
