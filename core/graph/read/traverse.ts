/** Single hops: from one bound end to the other, and between two bound ends. */
import { must } from "../../base/assert.ts";
import type { VariableId } from "../../query/typed.ts";
import type { AdjacencySide, Csr } from "./adjacency.ts";
import { type Batch, Emitter, type Execution, MORSEL, Operator } from "./pipeline.ts";
import { type MemoryEdgeView, type MemoryTableView, NeighbourList } from "./table_view.ts";

/** An edge as one end sees it: `out` leads to targets, `in` to sources, `both` to either. */
export interface Hop {
  readonly edge: string;
  readonly direction: "out" | "in" | "both";
}

/** The same edge from its other end. */
export function reversed({ edge, direction }: Hop): Hop {
  return { edge, direction: direction === "out" ? "in" : direction === "in" ? "out" : "both" };
}

/** A hop bound to one execution: the neighbours of a node, as rows. */
export class Walker {
  readonly view: MemoryEdgeView;
  readonly #direction: "out" | "in" | "both";
  /** Whether a neighbour is listed once although several edges lead to it. */
  readonly #distinct: boolean;
  /** What {@linkcode collect} found. */
  readonly found = new NeighbourList();
  /** Set when `rows` of the one direction are the whole truth: row numbers are slots, every entry is visible. */
  readonly plain: Csr | null;
  /** The entries of the one direction, base and later ones; null in both directions. */
  readonly side: AdjacencySide | null;
  /** The nodes at the other end of `side`. */
  readonly other: MemoryTableView;
  /** Per base row of these nodes, and of the edges, 0 while it lives; null while all do. */
  readonly endedNodes: Int32Array | null;
  readonly endedEdges: Int32Array | null;

  constructor(execution: Execution, hop: Hop, distinct: boolean) {
    this.view = execution.view.edges(hop.edge);
    this.#direction = hop.direction;
    this.#distinct = distinct;
    const { adjacency } = this.view;
    const usable = this.view.isPlain && hop.direction !== "both";
    this.plain = !usable ? null : hop.direction === "out" ? adjacency.out.base : adjacency.in.base;
    this.side = hop.direction === "both" ? null : adjacency[hop.direction];
    this.other = hop.direction === "in" ? this.view.from : this.view.to;
    this.endedNodes = this.other.hasEnded ? this.other.live.endedRows : null;
    this.endedEdges = this.view.hasEnded ? this.view.live.endedRows : null;
  }

  /** Whether neighbouring entries of `plain` may repeat a neighbour that counts once. */
  get skipsRepeats(): boolean {
    return this.#distinct && this.view.adjacency.baseParallel;
  }

  /** Lists the neighbours of a node row in `found`. */
  collect(row: number): void {
    const { found, view } = this;
    found.clear();
    let later = 0;
    if (this.#direction !== "in") later = view.collect("out", view.from.live.slotOfRow(row), found);
    const outgoing = found.nodes.length;
    if (this.#direction !== "out") later += view.collect("in", view.to.live.slotOfRow(row), found);
    if (!this.#distinct) {
      if (this.#direction === "both") this.#dropLoops(row, outgoing);
    } else if (later > 0 || this.#direction === "both") {
      found.nodes.values.subarray(0, found.nodes.length).sort();
      this.#dropRepeats();
    } else if (view.adjacency.baseParallel) this.#dropRepeats();
  }

  /** Keeps the first of equal neighbours, which lie side by side. */
  #dropRepeats(): void {
    const { nodes } = this.found;
    const { values } = nodes;
    let kept = Math.min(1, nodes.length);
    for (let i = 1; i < nodes.length; i++) if (values[i] !== values[i - 1]) values[kept++] = values[i]!;
    nodes.length = kept;
  }

  /** A self-loop was listed both as leaving and as reaching the node; it is one edge. */
  #dropLoops(row: number, from: number): void {
    const { nodes, edges } = this.found;
    let kept = from;
    for (let i = from; i < nodes.length; i++) {
      if (nodes.values[i] === row) continue;
      nodes.values[kept] = nodes.values[i]!;
      edges.values[kept++] = edges.values[i]!;
    }
    nodes.length = kept;
    edges.length = kept;
  }
}

/** Extends every binding by the neighbours of one of its nodes, or, with an edge variable, by its edges. */
export class ExpandOperator extends Operator {
  readonly #hop: Hop;
  readonly #from: VariableId;
  readonly #edge: VariableId | null;
  /** One neighbour per binding is enough: nothing later asks which. */
  readonly #firstOnly: boolean;
  readonly #emitter: Emitter;
  #walker: Walker | null = null;
  #execution: Execution | null = null;

  constructor(options: {
    readonly hop: Hop;
    readonly from: VariableId;
    readonly to: VariableId;
    readonly edge: VariableId | null;
    readonly firstOnly: boolean;
    readonly carried: readonly VariableId[];
  }) {
    super();
    this.#hop = options.hop;
    this.#from = options.from;
    this.#edge = options.edge;
    this.#firstOnly = options.firstOnly;
    const made = options.edge === null ? [options.to] : [options.to, options.edge];
    this.#emitter = new Emitter(options.carried, made);
  }

  override open(execution: Execution): void {
    this.#execution = execution;
    this.#walker = new Walker(execution, this.#hop, this.#edge === null);
    this.#emitter.open(execution);
  }

  override push(batch: Batch): void {
    const walker = must(this.#walker, "the expansion is open");
    if (walker.plain !== null) this.#pushPlain(batch, walker.plain, walker.skipsRepeats);
    else if (walker.side !== null) this.#pushOverlaid(batch, walker, walker.side);
    else this.#pushCollected(batch, walker);
  }

  override close(): void {
    this.#walker = null;
    this.#execution = null;
    this.#emitter.close();
  }

  #pushPlain(batch: Batch, csr: Csr, skipsRepeats: boolean): void {
    const emitter = this.#emitter;
    const execution = must(this.#execution, "the expansion is open");
    const starts = batch.column(this.#from);
    const { offsets, neighbours, rows } = csr;
    const slots = offsets.length - 1;
    const withEdges = this.#edge !== null;
    let count = 0;
    for (let position = 0; position < batch.length; position++) {
      const slot = starts[position]!;
      if (slot >= slots) continue;
      const begin = offsets[slot]!;
      let end = offsets[slot + 1]!;
      if (this.#firstOnly && end > begin) end = begin + 1;
      for (let i = begin; i < end; i++) {
        const neighbour = neighbours[i]!;
        if (skipsRepeats && i > begin && neighbour === neighbours[i - 1]) continue;
        emitter.parents[count] = position;
        emitter.first[count] = neighbour;
        if (withEdges) emitter.second[count] = rows[i]!;
        if (++count < emitter.capacity) continue;
        emitter.flush(batch, count, this.next);
        count = 0;
        if (execution.stopped) return;
      }
    }
    emitter.flush(batch, count, this.next);
  }

  /** Few nodes have edges that came later: only those are collected, the others are read where they lie. */
  #pushOverlaid(batch: Batch, walker: Walker, side: AdjacencySide): void {
    const emitter = this.#emitter;
    const execution = must(this.#execution, "the expansion is open");
    const starts = batch.column(this.#from);
    const { offsets, neighbours, rows } = side.base;
    const { endedNodes, endedEdges, skipsRepeats } = walker;
    const withEdges = this.#edge !== null;
    let count = 0;
    for (let position = 0; position < batch.length; position++) {
      const start = starts[position]!;
      // Rows of the base are slots.
      const isLater = start >= side.baseSlots || side.firstLink(start) !== -1;
      if (isLater) walker.collect(start);
      const { nodes, edges } = walker.found;
      const begin = isLater ? 0 : offsets[start]!;
      const end = isLater ? nodes.length : offsets[start + 1]!;
      let last = -1;
      for (let i = begin; i < end; i++) {
        const slot = isLater ? nodes.values[i]! : neighbours[i]!;
        const edge = !isLater ? rows[i]! : withEdges ? edges.values[i]! : 0;
        let node = slot;
        if (!isLater) {
          if (skipsRepeats && slot === last) continue;
          if (endedEdges !== null && endedEdges[edge] !== 0 && !walker.view.isVisible(edge)) continue;
          // A node whose base row has not ended has no later row.
          if (endedNodes !== null && endedNodes[slot] !== 0) node = walker.other.rowOfSlot(slot);
          if (node === -1) continue;
          last = slot;
        }
        emitter.parents[count] = position;
        emitter.first[count] = node;
        if (withEdges) emitter.second[count] = edge;
        if (++count === emitter.capacity) {
          emitter.flush(batch, count, this.next);
          count = 0;
          if (execution.stopped) return;
        }
        if (this.#firstOnly) break;
      }
    }
    emitter.flush(batch, count, this.next);
  }

  #pushCollected(batch: Batch, walker: Walker): void {
    const emitter = this.#emitter;
    const execution = must(this.#execution, "the expansion is open");
    const starts = batch.column(this.#from);
    const { nodes, edges } = walker.found;
    let count = 0;
    for (let position = 0; position < batch.length; position++) {
      walker.collect(starts[position]!);
      const found = this.#firstOnly ? Math.min(1, nodes.length) : nodes.length;
      for (let i = 0; i < found; i++) {
        emitter.parents[count] = position;
        emitter.first[count] = nodes.values[i]!;
        if (this.#edge !== null) emitter.second[count] = edges.values[i]!;
        if (++count < emitter.capacity) continue;
        emitter.flush(batch, count, this.next);
        count = 0;
        if (execution.stopped) return;
      }
    }
    emitter.flush(batch, count, this.next);
  }
}

/** Keeps the bindings whose two nodes are joined by an edge. */
export class JoinedOperator extends Operator {
  readonly #hop: Hop;
  readonly #left: VariableId;
  readonly #right: VariableId;
  readonly #kept = new Int32Array(MORSEL);
  #walker: Walker | null = null;

  constructor(hop: Hop, left: VariableId, right: VariableId) {
    super();
    this.#hop = hop;
    this.#left = left;
    this.#right = right;
  }

  override open(execution: Execution): void {
    this.#walker = new Walker(execution, this.#hop, true);
  }

  override push(batch: Batch): void {
    const walker = must(this.#walker, "the join is open");
    const left = batch.column(this.#left);
    const right = batch.column(this.#right);
    let count = 0;
    for (let position = 0; position < batch.length; position++) {
      if (isJoined(walker, left[position]!, right[position]!)) this.#kept[count++] = position;
    }
    if (count === 0) return;
    batch.keep(this.#kept, count);
    this.next.push(batch);
  }

  override close(): void {
    this.#walker = null;
  }
}

/** Extends every binding by the edges that join its two nodes. */
export class JoiningEdgesOperator extends Operator {
  readonly #hop: Hop;
  readonly #left: VariableId;
  readonly #right: VariableId;
  readonly #emitter: Emitter;
  #walker: Walker | null = null;

  constructor(options: {
    readonly hop: Hop;
    readonly left: VariableId;
    readonly right: VariableId;
    readonly edge: VariableId;
    readonly carried: readonly VariableId[];
  }) {
    super();
    this.#hop = options.hop;
    this.#left = options.left;
    this.#right = options.right;
    this.#emitter = new Emitter(options.carried, [options.edge]);
  }

  override open(execution: Execution): void {
    this.#walker = new Walker(execution, this.#hop, false);
    this.#emitter.open(execution);
  }

  override push(batch: Batch): void {
    const walker = must(this.#walker, "the join is open");
    const emitter = this.#emitter;
    const left = batch.column(this.#left);
    const right = batch.column(this.#right);
    const { nodes, edges } = walker.found;
    let count = 0;
    for (let position = 0; position < batch.length; position++) {
      walker.collect(left[position]!);
      for (let i = 0; i < nodes.length; i++) {
        if (nodes.values[i] !== right[position]) continue;
        emitter.parents[count] = position;
        emitter.first[count] = edges.values[i]!;
        if (++count < emitter.capacity) continue;
        emitter.flush(batch, count, this.next);
        count = 0;
      }
    }
    emitter.flush(batch, count, this.next);
  }

  override close(): void {
    this.#walker = null;
    this.#emitter.close();
  }
}

/** Whether an edge leads from one node row to another. */
function isJoined(walker: Walker, from: number, to: number): boolean {
  const { plain } = walker;
  if (plain === null) {
    walker.collect(from);
    const { nodes } = walker.found;
    for (let i = 0; i < nodes.length; i++) if (nodes.values[i] === to) return true;
    return false;
  }
  if (from + 1 >= plain.offsets.length) return false;
  let low = plain.offsets[from]!;
  let high = plain.offsets[from + 1]!;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (plain.neighbours[middle]! < to) low = middle + 1;
    else high = middle;
  }
  return low < plain.offsets[from + 1]! && plain.neighbours[low] === to;
}
