/** Predicates over bindings, and the operator that applies them. */
import { assert, InvariantError, must, unreachable } from "../../base/assert.ts";
import type { CompareOp, ValueExpr, VariableId } from "../../query/typed.ts";
import type { TypeKey } from "../../schema/catalog.ts";
import type { Cell, ValueType } from "../../schema/value_type.ts";
import type { Column, Utf8Column } from "../../storage/columns.ts";
import { compareBytes } from "../../storage/id_index.ts";
import {
  bigInterval,
  doubleInterval,
  holds,
  holdsSign,
  isSingle,
  type OrderOp,
  swapped,
} from "./comparison.ts";
import {
  BigKernel,
  type Kernel,
  ListKernel,
  NumberKernel,
  selectRows,
  TextEqualKernel,
  TextOrderKernel,
  TextPartKernel,
} from "./kernels.ts";
import { type Batch, type Execution, MORSEL, Operator } from "./pipeline.ts";
import type { TableColumn } from "./table_column.ts";

/** A property of a bound variable. */
export interface PropertyRef {
  readonly variable: VariableId;
  readonly table: TypeKey;
  readonly property: string;
  readonly type: ValueType;
}

/** A value in every execution of a plan. */
export type ConstantExpr = Exclude<ValueExpr, { kind: "property" }>;

/** A test of bindings. */
export interface Predicate {
  open(execution: Execution): void;
  /** Keeps, in place, the ascending positions that pass, and returns how many. */
  select(batch: Batch, selection: Int32Array, count: number): number;
  close(): void;
}

/** The column of a property in one execution. */
export function columnOf(execution: Execution, ref: PropertyRef): TableColumn {
  return execution.view.table(ref.table).column(ref.property);
}

/** `property op constant`, or `constant op property`. */
export function constantPredicate(
  op: CompareOp,
  ref: PropertyRef,
  constant: ConstantExpr,
  constantFirst: boolean,
): Predicate {
  if (!constantFirst) return new ConstantPredicate(op, ref, constant);
  if (op === "contains" || op === "starts_with") return new CellPredicate(op, constant, ref);
  return new ConstantPredicate(swapped(op), ref, constant);
}

/** `property op property`. */
export function pairPredicate(op: CompareOp, left: PropertyRef, right: PropertyRef): Predicate {
  const text = isText(left.type) && isText(right.type);
  return text && op !== "contains" && op !== "starts_with"
    ? new TextPairPredicate(op, left, right)
    : new CellPredicate(op, left, right);
}

/** `constant op constant`: all bindings pass, or none. */
export function fixedPredicate(op: CompareOp, left: ConstantExpr, right: ConstantExpr): Predicate {
  return new CellPredicate(op, left, right);
}

/** A property against a constant, by a typed kernel. */
class ConstantPredicate implements Predicate {
  readonly #op: CompareOp;
  readonly #ref: PropertyRef;
  readonly #constant: ConstantExpr;
  #column: TableColumn | null = null;
  /** Null when the constant is null: nothing passes. */
  #kernel: Kernel | null = null;

  constructor(op: CompareOp, ref: PropertyRef, constant: ConstantExpr) {
    this.#op = op;
    this.#ref = ref;
    this.#constant = constant;
  }

  open(execution: Execution): void {
    this.#column = columnOf(execution, this.#ref);
    const constant = execution.constant(this.#constant);
    this.#kernel = constant === null
      ? null
      : kernelFor(this.#op, this.#column.base, this.#ref.type, constant);
  }

  select(batch: Batch, selection: Int32Array, count: number): number {
    if (this.#kernel === null) return 0;
    const column = must(this.#column, "the predicate is open");
    return selectRows(this.#kernel, column, batch.column(this.#ref.variable), selection, count);
  }

  close(): void {
    this.#column = null;
    this.#kernel = null;
  }
}

function kernelFor(op: CompareOp, column: Column, type: ValueType, constant: Cell): Kernel {
  if (column.kind === "utf8") {
    const text = constant as string;
    if (op === "starts_with") return new TextPartKernel(text, "start");
    if (op === "contains") return new TextPartKernel(text, "anywhere");
    if (op === "=" || op === "!=") return new TextEqualKernel(text, op === "!=");
    return new TextOrderKernel(op, text);
  }
  if (column.kind === "list") {
    assert(op === "contains", "lists are only asked for items");
    return new ListKernel(kernelFor("=", column.items, type, constant));
  }
  assert(op !== "starts_with" && op !== "contains", "only strings and lists have parts");
  switch (column.kind) {
    case "number":
      return new NumberKernel(doubleInterval(op, constant as number | bigint, isSingle(type)));
    case "bool":
      return new NumberKernel(doubleInterval(op, Number(constant), false));
    case "big":
      return new BigKernel(bigInterval(op, constant as number | bigint, column.scalar));
    case "vector":
      throw new InvariantError("vectors are not compared");
    default:
      return unreachable(column);
  }
}

/** Two string properties. */
class TextPairPredicate implements Predicate {
  readonly #op: OrderOp;
  readonly #left: PropertyRef;
  readonly #right: PropertyRef;
  #columns: readonly [TableColumn, TableColumn] | null = null;

  constructor(op: OrderOp, left: PropertyRef, right: PropertyRef) {
    this.#op = op;
    this.#left = left;
    this.#right = right;
  }

  open(execution: Execution): void {
    this.#columns = [columnOf(execution, this.#left), columnOf(execution, this.#right)];
  }

  select(batch: Batch, selection: Int32Array, count: number): number {
    const [left, right] = must(this.#columns, "the predicate is open");
    const leftRows = batch.column(this.#left.variable);
    const rightRows = batch.column(this.#right.variable);
    let kept = 0;
    for (let i = 0; i < count; i++) {
      const position = selection[i]!;
      const a = leftRows[position]!;
      const b = rightRows[position]!;
      if (left.isNull(a) || right.isNull(b)) continue;
      if (holdsSign(this.#op, compareTextRows(left, a, right, b))) selection[kept++] = position;
    }
    return kept;
  }

  close(): void {
    this.#columns = null;
  }
}

/** Compares two non-null rows of string columns by code point. */
export function compareTextRows(
  left: TableColumn,
  leftRow: number,
  right: TableColumn,
  rightRow: number,
): number {
  const a = (leftRow < left.split ? left.base : left.tail) as Utf8Column;
  const b = (rightRow < right.split ? right.base : right.tail) as Utf8Column;
  const i = leftRow < left.split ? leftRow : leftRow - left.split;
  const j = rightRow < right.split ? rightRow : rightRow - right.split;
  return compareBytes(a.bytes, a.offsets[i]!, a.offsets[i + 1]!, b.bytes, b.offsets[j]!, b.offsets[j + 1]!);
}

/** Any other pair of operands, value by value. */
class CellPredicate implements Predicate {
  readonly #op: CompareOp;
  readonly #left: Operand;
  readonly #right: Operand;
  readonly #single: boolean;

  constructor(op: CompareOp, left: PropertyRef | ConstantExpr, right: PropertyRef | ConstantExpr) {
    this.#op = op;
    this.#left = new Operand(left);
    this.#right = new Operand(right);
    this.#single = this.#left.isSingle || this.#right.isSingle;
  }

  open(execution: Execution): void {
    this.#left.open(execution);
    this.#right.open(execution);
  }

  select(batch: Batch, selection: Int32Array, count: number): number {
    let kept = 0;
    for (let i = 0; i < count; i++) {
      const position = selection[i]!;
      const left = this.#left.value(batch, position);
      if (left === null) continue;
      const right = this.#right.value(batch, position);
      if (right !== null && holds(this.#op, left, right, this.#single)) selection[kept++] = position;
    }
    return kept;
  }

  close(): void {
    this.#left.close();
    this.#right.close();
  }
}

class Operand {
  readonly #source: PropertyRef | ConstantExpr;
  #column: TableColumn | null = null;
  #constant: Cell | null = null;

  constructor(source: PropertyRef | ConstantExpr) {
    this.#source = source;
  }

  /** Whether this is a property of single precision. */
  get isSingle(): boolean {
    return "table" in this.#source && isSingle(this.#source.type);
  }

  open(execution: Execution): void {
    if ("table" in this.#source) this.#column = columnOf(execution, this.#source);
    else this.#constant = execution.constant(this.#source);
  }

  value(batch: Batch, position: number): Cell | null {
    if (!("table" in this.#source)) return this.#constant;
    return must(this.#column, "the operand is open").get(batch.column(this.#source.variable)[position]!);
  }

  close(): void {
    this.#column = null;
    this.#constant = null;
  }
}

function isText(type: ValueType): boolean {
  return type.kind === "scalar" && (type.scalar === "String" || type.scalar === "Blob");
}

const ALL = Int32Array.from({ length: MORSEL }, (_, position) => position);
/** Selected positions; one buffer is enough because a filter is done with it before it pushes. */
const SELECTION = new Int32Array(MORSEL);

/** Keeps the bindings that pass all predicates, applied in order. */
export class FilterOperator extends Operator {
  readonly #predicates: readonly Predicate[];

  constructor(predicates: readonly Predicate[]) {
    super();
    this.#predicates = predicates;
  }

  override open(execution: Execution): void {
    for (const predicate of this.#predicates) predicate.open(execution);
  }

  override push(batch: Batch): void {
    let count = batch.length;
    if (count < 64) { for (let i = 0; i < count; i++) SELECTION[i] = i; }
    else SELECTION.set(ALL.subarray(0, count));
    for (const predicate of this.#predicates) {
      count = predicate.select(batch, SELECTION, count);
      if (count === 0) return;
    }
    batch.keep(SELECTION, count);
    this.next.push(batch);
  }

  override close(): void {
    for (const predicate of this.#predicates) predicate.close();
  }
}
