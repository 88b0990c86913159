/** Where bindings come from: scans, key look-ups, index look-ups, products, and what negation takes away. */
import { must } from "../../base/assert.ts";
import type { VariableId } from "../../query/typed.ts";
import type { NodeType, TypeKey } from "../../schema/catalog.ts";
import type { Cell } from "../../schema/value_type.ts";
import type { ConstantExpr, PropertyRef } from "./filter.ts";
import { IntList } from "./int_list.ts";
import { Batch, Emitter, type Execution, MORSEL, Operator, unitBatch } from "./pipeline.ts";
import { keyId, storedCell } from "./stored_cell.ts";
import type { MemoryTableView } from "./table_view.ts";

/** Rows in the first batch of a scan: a small limit is often reached within it. */
const FIRST_SCAN = 256;

/** Binds a variable to every visible row of a table. First in its pipeline. */
export class ScanOperator extends Operator {
  readonly #table: TypeKey;
  readonly #rows: Int32Array[] = [];
  readonly #batch = new Batch();
  readonly #variable: VariableId;
  #execution: Execution | null = null;

  constructor(variable: VariableId, table: TypeKey) {
    super();
    this.#variable = variable;
    this.#table = table;
  }

  override open(execution: Execution): void {
    this.#execution = execution;
  }

  override push(): void {
    const execution = must(this.#execution, "the scan is open");
    const view = execution.view.table(this.#table);
    // Without ended rows, row numbers below the limit are the visible rows.
    const visible = view.hasEnded ? view.liveRows() : null;
    let size = FIRST_SCAN;
    for (let from = 0; from < view.rowCount && !execution.stopped;) {
      const rows = this.#buffer(size);
      const count = Math.min(size, view.rowCount - from);
      if (visible !== null) rows.set(visible.subarray(from, from + count));
      else for (let i = 0; i < count; i++) rows[i] = from + i;
      this.#batch.length = count;
      this.#batch.columns[this.#variable] = rows;
      this.next.push(this.#batch);
      from += count;
      size = MORSEL;
    }
  }

  override close(): void {
    this.#execution = null;
  }

  /** Small tables never take the large buffer. */
  #buffer(size: number): Int32Array {
    const at = size === MORSEL ? 1 : 0;
    return this.#rows[at] ??= new Int32Array(size);
  }
}

/** Binds a variable to the node with a key, if there is one. */
export class KeyOperator extends Operator {
  readonly #variable: VariableId;
  readonly #type: NodeType;
  readonly #key: ReadonlyMap<string, ConstantExpr>;
  #row = -1;
  #rows = new Int32Array(1);

  /** `key` has a constant for every key property. */
  constructor(variable: VariableId, type: NodeType, key: ReadonlyMap<string, ConstantExpr>) {
    super();
    this.#variable = variable;
    this.#type = type;
    this.#key = key;
  }

  override open(execution: Execution): void {
    const constants = new Map<string, Cell | null>();
    for (const [name, expr] of this.#key) constants.set(name, execution.constant(expr));
    const id = keyId(this.#type, constants);
    this.#row = id === null ? -1 : execution.view.table(this.#type.key).find(id);
  }

  override push(batch: Batch): void {
    if (this.#row === -1) return;
    if (this.#rows.length < batch.length) this.#rows = new Int32Array(MORSEL);
    if (batch.length === 1) this.#rows[0] = this.#row;
    else this.#rows.fill(this.#row, 0, batch.length);
    batch.columns[this.#variable] = this.#rows;
    this.next.push(batch);
  }

  override close(): void {
    this.#row = -1;
  }
}

/** Binds a variable to the rows whose property equals a constant, through a hash index. First in its pipeline. */
export class IndexOperator extends Operator {
  readonly #ref: PropertyRef;
  readonly #constant: ConstantExpr;
  readonly #emitter: Emitter;
  #view: MemoryTableView | null = null;
  #cell: Cell | null = null;

  constructor(ref: PropertyRef, constant: ConstantExpr) {
    super();
    this.#ref = ref;
    this.#constant = constant;
    this.#emitter = new Emitter([], [ref.variable]);
  }

  override open(execution: Execution): void {
    this.#view = execution.view.table(this.#ref.table);
    this.#cell = storedCell(execution.constant(this.#constant), this.#ref.type);
    this.#emitter.open(execution);
  }

  override push(batch: Batch): void {
    if (this.#cell === null) return;
    const rows = must(this.#view, "the look-up is open").lookup([this.#ref.property], [this.#cell]);
    let count = 0;
    for (const row of rows) {
      this.#emitter.first[count++] = row;
      if (count < this.#emitter.capacity) continue;
      this.#emitter.flush(batch, count, this.next);
      count = 0;
    }
    this.#emitter.flush(batch, count, this.next);
  }

  override close(): void {
    this.#emitter.close();
    this.#view = null;
    this.#cell = null;
  }
}

/** Keeps all bindings of some variables: the end of the inner pipeline of a product. */
export class KeepOperator extends Operator {
  readonly variables: readonly VariableId[];
  readonly lists: readonly IntList[];
  #length = 0;

  constructor(variables: readonly VariableId[]) {
    super();
    this.variables = variables;
    this.lists = variables.map(() => new IntList());
  }

  /** Bindings kept. */
  get length(): number {
    return this.#length;
  }

  override open(): void {
    this.#length = 0;
    for (const list of this.lists) list.length = 0;
  }

  override push(batch: Batch): void {
    this.#length += batch.length;
    for (const [at, variable] of this.variables.entries()) {
      this.lists[at]!.append(batch.column(variable), batch.length);
    }
  }

  override close(): void {
    this.open();
  }
}

/** Pairs every binding with every binding of an unconnected inner pipeline, which runs once. */
export class ProductOperator extends Operator {
  readonly #first: Operator;
  readonly #kept: KeepOperator;
  readonly #carried: readonly VariableId[];
  readonly #batch = new Batch();
  #execution: Execution | null = null;
  #ran = false;

  /** `first` is the head of the inner pipeline and `kept` its end; `carried` are the outer variables still needed. */
  constructor(first: Operator, kept: KeepOperator, carried: readonly VariableId[]) {
    super();
    this.#first = first;
    this.#kept = kept;
    this.#carried = carried;
    for (const variable of [...carried, ...kept.variables]) {
      this.#batch.columns[variable] = new Int32Array(MORSEL);
    }
  }

  override open(execution: Execution): void {
    this.#execution = execution;
    this.#ran = false;
  }

  override push(batch: Batch): void {
    const execution = must(this.#execution, "the product is open");
    if (!this.#ran) this.#first.push(unitBatch());
    this.#ran = true;
    const inner = this.#kept.length;
    for (let position = 0; position < batch.length; position++) {
      for (let from = 0; from < inner && !execution.stopped; from += MORSEL) {
        const count = Math.min(MORSEL, inner - from);
        for (const variable of this.#carried) {
          this.#batch.column(variable).fill(batch.column(variable)[position]!, 0, count);
        }
        for (const [at, variable] of this.#kept.variables.entries()) {
          this.#batch.column(variable).set(this.#kept.lists[at]!.values.subarray(from, from + count));
        }
        this.#batch.length = count;
        execution.count(count);
        this.next.push(this.#batch);
      }
    }
  }

  override close(): void {
    this.#execution = null;
  }
}

/** Notes which outer bindings reached the end of an inner pipeline: the end of a negation. */
export class MarkOperator extends Operator {
  readonly #origin: VariableId;
  readonly marks = new Uint8Array(MORSEL);

  /** `origin` is the column that holds positions of the outer batch. */
  constructor(origin: VariableId) {
    super();
    this.#origin = origin;
  }

  override open(): void {}

  override push(batch: Batch): void {
    const positions = batch.column(this.#origin);
    for (let i = 0; i < batch.length; i++) this.marks[positions[i]!] = 1;
  }

  override close(): void {}
}

/**
 * Drops the bindings for which the inner pipeline finds any match. The whole batch runs through the inner pipeline at once,
 * with its positions in an extra column, so that nested negations stay correlated per binding.
 */
export class NotOperator extends Operator {
  readonly #first: Operator;
  readonly #mark: MarkOperator;
  readonly #origin: VariableId;
  readonly #used: readonly VariableId[];
  readonly #inner = new Batch();
  readonly #kept = new Int32Array(MORSEL);

  /** `used` are the outer variables that the inner pipeline reads. */
  constructor(first: Operator, mark: MarkOperator, origin: VariableId, used: readonly VariableId[]) {
    super();
    this.#first = first;
    this.#mark = mark;
    this.#origin = origin;
    this.#used = used;
  }

  override open(): void {}

  override push(batch: Batch): void {
    const { length } = batch;
    const { marks } = this.#mark;
    marks.fill(0, 0, length);
    for (const variable of this.#used) {
      this.#copy(variable, length).set(batch.column(variable).subarray(0, length));
    }
    const positions = this.#copy(this.#origin, length);
    for (let i = 0; i < length; i++) positions[i] = i;
    this.#inner.length = length;
    this.#first.push(this.#inner);
    let count = 0;
    for (let i = 0; i < length; i++) if (marks[i] === 0) this.#kept[count++] = i;
    if (count === 0) return;
    batch.keep(this.#kept, count);
    this.next.push(batch);
  }

  override close(): void {}

  /** The inner batch may be changed by what it runs through, so it never shares the outer batch's arrays. */
  #copy(variable: VariableId, length: number): Int32Array {
    const column = this.#inner.columns[variable];
    if (column !== undefined && column.length >= length) return column;
    const made = new Int32Array(length <= 64 ? 64 : MORSEL);
    this.#inner.columns[variable] = made;
    return made;
  }
}
