/**
 * The steps of a match block in the order in which they run, before they become operators. What a step carries along is
 * decided here: only variables that a later step or the result reads.
 */
import { unreachable } from "../../base/assert.ts";
import type { VariableId } from "../../query/typed.ts";
import type { NodeType, TypeKey } from "../../schema/catalog.ts";
import type { Condition } from "./conditions.ts";
import { type ConstantExpr, FilterOperator, type PropertyRef } from "./filter.ts";
import { type Equation, JoinOperator } from "./join.ts";
import {
  IndexOperator,
  KeepOperator,
  KeyOperator,
  MarkOperator,
  NotOperator,
  ProductOperator,
  ScanOperator,
} from "./match.ts";
import { chain, type Operator } from "./pipeline.ts";
import { type Bounds, ReachedOperator, ReachOperator } from "./reach.ts";
import { ExpandOperator, type Hop, JoinedOperator, JoiningEdgesOperator } from "./traverse.ts";

/** One step. */
export type Stage =
  | { readonly kind: "scan"; readonly variable: VariableId; readonly table: TypeKey }
  | {
    readonly kind: "key";
    readonly variable: VariableId;
    readonly type: NodeType;
    readonly key: ReadonlyMap<string, ConstantExpr>;
  }
  | { readonly kind: "index"; readonly ref: PropertyRef; readonly constant: ConstantExpr }
  | { readonly kind: "filter"; readonly conditions: readonly Condition[] }
  | {
    readonly kind: "expand";
    readonly hop: Hop;
    readonly from: VariableId;
    readonly to: VariableId;
    readonly edge: VariableId | null;
  }
  | {
    readonly kind: "joined";
    readonly hop: Hop;
    readonly left: VariableId;
    readonly right: VariableId;
    readonly edge: VariableId | null;
  }
  | {
    readonly kind: "reach";
    readonly hop: Hop;
    readonly bounds: Bounds;
    readonly from: VariableId;
    readonly to: VariableId;
    readonly fromLeft: boolean;
  }
  | {
    readonly kind: "reached";
    readonly hop: Hop;
    readonly bounds: Bounds;
    readonly left: VariableId;
    readonly right: VariableId;
  }
  | { readonly kind: "product"; readonly stages: readonly Stage[]; readonly equation: Equation | null }
  | { readonly kind: "not"; readonly stages: readonly Stage[] };

/** Variables a step reads; those that its inner steps bind themselves are left out. */
export function readsOf(stage: Stage): VariableId[] {
  switch (stage.kind) {
    case "scan":
    case "key":
    case "index":
      return [];
    case "filter":
      return stage.conditions.flatMap((condition) => condition.variables);
    case "expand":
    case "reach":
      return [stage.from];
    case "joined":
    case "reached":
      return [stage.left, stage.right];
    case "product":
      return stage.equation === null ? [] : [stage.equation.outer.variable];
    case "not": {
      const bound = new Set(stage.stages.flatMap(bindsOf));
      return stage.stages.flatMap(readsOf).filter((variable) => !bound.has(variable));
    }
    default:
      return unreachable(stage);
  }
}

/** Variables a step binds for the steps after it. */
export function bindsOf(stage: Stage): VariableId[] {
  switch (stage.kind) {
    case "scan":
    case "key":
      return [stage.variable];
    case "index":
      return [stage.ref.variable];
    case "filter":
    case "reached":
    case "not":
      return [];
    case "expand":
      return stage.edge === null ? [stage.to] : [stage.to, stage.edge];
    case "joined":
      return stage.edge === null ? [] : [stage.edge];
    case "reach":
      return [stage.to];
    case "product":
      return stage.stages.flatMap(bindsOf);
    default:
      return unreachable(stage);
  }
}

/** Turns steps into linked operators and remembers all of them, inner ones included. */
export class StageCompiler {
  /** Every operator made, for opening and closing. */
  readonly operators: Operator[] = [];
  #nextColumn: VariableId;

  /** `variableCount` is the number of the query's variables; columns of our own are numbered behind them. */
  constructor(variableCount: number) {
    this.#nextColumn = variableCount;
  }

  /** The head of the pipeline that runs `stages` and pushes into `end`, which reads the variables `needed`. */
  compile(stages: readonly Stage[], end: Operator, needed: Iterable<VariableId>): Operator {
    return this.#compile(stages, end, { needed: new Set(needed), bound: new Set(), existence: false });
  }

  #compile(
    stages: readonly Stage[],
    end: Operator,
    { needed, bound, existence }: { needed: Set<VariableId>; bound: Set<VariableId>; existence: boolean },
  ): Operator {
    const live: Set<VariableId>[] = [];
    let after = new Set(needed);
    for (let at = stages.length - 1; at >= 0; at--) {
      live[at] = after;
      after = new Set([...after, ...readsOf(stages[at]!)]);
    }
    const operators: Operator[] = [];
    const known = new Set(bound);
    for (const [at, stage] of stages.entries()) {
      const carried = [...known].filter((variable) => live[at]!.has(variable));
      const last = existence && at === stages.length - 1;
      operators.push(this.#operator(stage, carried, live[at]!, last));
      for (const variable of bindsOf(stage)) known.add(variable);
    }
    this.operators.push(...operators, end);
    return chain([...operators, end]);
  }

  #operator(stage: Stage, carried: VariableId[], live: Set<VariableId>, existence: boolean): Operator {
    switch (stage.kind) {
      case "scan":
        return new ScanOperator(stage.variable, stage.table);
      case "key":
        return new KeyOperator(stage.variable, stage.type, stage.key);
      case "index":
        return new IndexOperator(stage.ref, stage.constant);
      case "filter":
        return new FilterOperator(stage.conditions.map((condition) => condition.make()));
      case "expand":
        return new ExpandOperator({ ...stage, carried, firstOnly: existence });
      case "joined":
        return stage.edge === null
          ? new JoinedOperator(stage.hop, stage.left, stage.right)
          : new JoiningEdgesOperator({ ...stage, edge: stage.edge, carried });
      case "reach":
        return new ReachOperator({ ...stage, carried });
      case "reached":
        return new ReachedOperator(stage.hop, stage.bounds, stage.left, stage.right);
      case "product": {
        const kept = new KeepOperator(stage.stages.flatMap(bindsOf).filter((variable) => live.has(variable)));
        const first = this.compile(stage.stages, kept, kept.variables);
        return stage.equation === null
          ? new ProductOperator(first, kept, carried)
          : new JoinOperator(first, kept, stage.equation, carried);
      }
      case "not": {
        const origin = this.#nextColumn++;
        const mark = new MarkOperator(origin);
        const used = [...new Set(readsOf(stage))];
        const bound = new Set([...used, origin]);
        const first = this.#compile(stage.stages, mark, {
          needed: new Set([origin]),
          bound,
          existence: true,
        });
        return new NotOperator(first, mark, origin, used);
      }
      default:
        return unreachable(stage);
    }
  }
}
