/**
 * How a plan runs: operators push batches of bindings to the next operator.
 *
 * A binding is a row number per variable; a batch holds up to {@linkcode MORSEL} bindings, one integer array per
 * variable. A batch belongs to its producer and is valid during the push only; the receiver may change its values.
 *
 * Operators belong to a cached plan and are used again by the next execution: `open` binds them to one view and one
 * set of parameters, `close` lets go of both. Execution is synchronous, so a plan never runs twice at once.
 */
import { must } from "../../base/assert.ts";
import { READ_BINDINGS_MAX } from "../../base/limits.ts";
import { AppError } from "../../errors.ts";
import type { BoundParams, ValueExpr, VariableId } from "../../query/typed.ts";
import type { Cell } from "../../schema/value_type.ts";
import type { MemoryGraphView } from "./graph_view.ts";

/** Bindings in one batch at most. */
export const MORSEL = 4096;
/** Bindings in the first batch of an operator; full batches double it, so that small reads stay small. */
const FIRST_BATCH = 64;

/** Row numbers per variable. */
export class Batch {
  length = 0;
  /** By variable id; only variables that are still needed are set. */
  readonly columns: (Int32Array | undefined)[] = [];

  /** The rows of a bound variable. */
  column(variable: VariableId): Int32Array {
    return must(this.columns[variable], "the variable is bound here");
  }

  /** Keeps the bindings at ascending positions. */
  keep(selection: Int32Array, count: number): void {
    if (count === this.length) return;
    for (const column of this.columns) {
      if (column !== undefined) { for (let i = 0; i < count; i++) column[i] = column[selection[i]!]!; }
    }
    this.length = count;
  }
}

/** One run of a plan: what it reads and with which parameters. */
export class Execution {
  readonly view: MemoryGraphView;
  readonly params: BoundParams;
  /** The request's instant, milliseconds since the Unix epoch. */
  readonly nowMs: number;
  /** Set when the result is complete: producers stop early. */
  stopped = false;
  readonly #bindingsMax: number;
  #bindings = 0;

  constructor(
    view: MemoryGraphView,
    params: BoundParams,
    nowMs: number,
    bindingsMax: number = READ_BINDINGS_MAX,
  ) {
    this.view = view;
    this.params = params;
    this.nowMs = Math.floor(nowMs);
    this.#bindingsMax = bindingsMax;
  }

  /** Counts bindings that an operator made. Throws `AppError("resource_limit")` when a read makes far too many. */
  count(bindings: number): void {
    this.#bindings += bindings;
    if (this.#bindings <= this.#bindingsMax) return;
    throw new AppError(
      "resource_limit",
      `the query makes more than ${this.#bindingsMax} combinations of its variables: join them or narrow the match`,
      {
        detail: {
          resource_limit: { resource: "read_bindings", limit: this.#bindingsMax, actual: this.#bindings },
        },
      },
    );
  }

  /** The value of an expression that is no property. */
  constant(expr: Exclude<ValueExpr, { kind: "property" }>): Cell | null {
    switch (expr.kind) {
      case "literal":
        return expr.value;
      case "now":
        return this.nowMs;
      case "param":
        return this.params.get(expr.name) ?? null;
    }
  }
}

/** One step of a plan. */
export abstract class Operator {
  #next: Operator | null = null;

  /** The operator that takes what this one makes. */
  get next(): Operator {
    return must(this.#next, "only the last operator has no next one");
  }

  set next(next: Operator) {
    this.#next = next;
  }

  /** Binds to one execution. */
  abstract open(execution: Execution): void;
  /** Takes a batch with at least one binding. */
  abstract push(batch: Batch): void;
  /** Lets go of the execution. */
  abstract close(): void;
}

/** Links operators in order and returns the first one. */
export function chain(operators: readonly Operator[]): Operator {
  for (let i = 1; i < operators.length; i++) operators[i - 1]!.next = operators[i]!;
  return must(operators[0], "a pipeline has operators");
}

/** The start of every pipeline: one binding of nothing. */
export function unitBatch(): Batch {
  const batch = new Batch();
  batch.length = 1;
  return batch;
}

/**
 * The output of an operator that extends bindings. The operator writes `parents[i]`, the position of the extended
 * binding in the input, and the new rows `first[i]` and, where two variables are made, `second[i]`; `flush` adds the
 * carried variables and pushes the batch.
 */
export class Emitter {
  readonly #carried: readonly VariableId[];
  readonly #made: readonly VariableId[];
  readonly #batch = new Batch();
  #execution: Execution | null = null;
  capacity = 0;
  parents = new Int32Array(0);
  first = new Int32Array(0);
  second = new Int32Array(0);

  /** `carried` are the input's variables that later operators need; `made` are one or two new ones. */
  constructor(carried: readonly VariableId[], made: readonly VariableId[]) {
    this.#carried = carried;
    this.#made = made;
    this.#resize(FIRST_BATCH);
  }

  /** Binds to one execution, which counts what is made. */
  open(execution: Execution): void {
    this.#execution = execution;
  }

  /** Lets go of the execution. */
  close(): void {
    this.#execution = null;
  }

  /** Pushes the first `count` bindings. Arrays may be replaced: read them again afterwards. */
  flush(input: Batch, count: number, next: Operator): void {
    if (count === 0) return;
    must(this.#execution, "the emitter is open").count(count);
    const { parents } = this;
    for (const variable of this.#carried) {
      const source = input.column(variable);
      const target = this.#batch.column(variable);
      for (let i = 0; i < count; i++) target[i] = source[parents[i]!]!;
    }
    this.#batch.length = count;
    next.push(this.#batch);
    if (count === this.capacity && count < MORSEL) this.#resize(count * 4);
  }

  #resize(capacity: number): void {
    this.capacity = Math.min(capacity, MORSEL);
    this.parents = new Int32Array(this.capacity);
    this.first = new Int32Array(this.capacity);
    if (this.#made.length > 1) this.second = new Int32Array(this.capacity);
    for (const variable of this.#carried) this.#batch.columns[variable] = new Int32Array(this.capacity);
    const [first, second] = this.#made;
    if (first !== undefined) this.#batch.columns[first] = this.first;
    if (second !== undefined) this.#batch.columns[second] = this.second;
  }
}
