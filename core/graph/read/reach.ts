/**
 * Bounded reachability, `{m,n}`: breadth-first, each node once, by shortest distance d from the start.
 *
 * | node x                        | is reached iff        |
 * |-------------------------------|-----------------------|
 * | other than the start          | m <= d(x) <= n        |
 * | with a self-loop, also start  | also m <= d(x)+1 <= n |
 *
 * Distances are measured from the left end. Walking from the right end gives the same distances backwards; the self-loop that
 * counts is then the one of the node the walk starts from.
 */
import { must } from "../../base/assert.ts";
import type { VariableId } from "../../query/typed.ts";
import { IntList } from "./int_list.ts";
import { type Batch, Emitter, type Execution, MORSEL, Operator } from "./pipeline.ts";
import { type Hop, Walker } from "./traverse.ts";

/** Hop bounds, `1 <= min <= max`. */
export interface Bounds {
  readonly min: number;
  readonly max: number;
}

/** Which nodes a walk has seen: a stamp per node, so that starting over costs nothing. */
class Marks {
  #stamps = new Int32Array(0);
  #stamp = 0;

  /** Forgets all nodes; node numbers will be below `size`. */
  restart(size: number): void {
    if (this.#stamps.length < size) {
      this.#stamps = new Int32Array(Math.max(size, this.#stamps.length * 2));
      this.#stamp = 0;
    } else if (this.#stamp === 2 ** 31 - 1) {
      this.#stamps.fill(0);
      this.#stamp = 0;
    }
    this.#stamp++;
  }

  /** Marks a node; false when it was marked before. */
  mark(node: number): boolean {
    if (this.#stamps[node] === this.#stamp) return false;
    this.#stamps[node] = this.#stamp;
    return true;
  }
}

/** Marks that no open walk uses. Walks of one plan are interleaved, so each open one has its own. */
const FREE_MARKS: Marks[] = [];

/** Finds what is reached from one node, at one end of a bounded traversal. */
class Reach {
  readonly #walker: Walker;
  readonly #marks: Marks;
  readonly #bounds: Bounds;
  /** Whether walks start at the left end, from which distances are measured. */
  readonly #fromLeft: boolean;
  #frontier = new IntList();
  #following = new IntList();
  /** Rows of the last walk's result. */
  readonly reached = new IntList();

  constructor(execution: Execution, hop: Hop, bounds: Bounds, fromLeft: boolean) {
    this.#walker = new Walker(execution, hop, true);
    this.#marks = FREE_MARKS.pop() ?? new Marks();
    this.#bounds = bounds;
    this.#fromLeft = fromLeft;
  }

  close(): void {
    FREE_MARKS.push(this.#marks);
  }

  /** Fills `reached` from a node row. */
  walk(start: number): void {
    const { min, max } = this.#bounds;
    const { reached } = this;
    reached.length = 0;
    this.#marks.restart(this.#walker.view.from.rowLimit);
    this.#marks.mark(start);
    this.#frontier.length = 0;
    this.#frontier.push(start);
    // From the right end, the start's own self-loop lengthens every walk by one.
    const startLoops = this.#fromLeft ? false : this.#hasLoop(start);
    const least = startLoops ? min - 1 : min;
    if (startLoops && min === 1) reached.push(start);
    for (let distance = 0; distance < max && this.#frontier.length > 0; distance++) {
      this.#following.length = 0;
      this.#step(this.#fromLeft && distance + 1 === min);
      if (distance + 1 >= least) reached.append(this.#following.values, this.#following.length);
      [this.#frontier, this.#following] = [this.#following, this.#frontier];
    }
  }

  /** Adds the unseen neighbours of the frontier; with `loops`, frontier nodes with a self-loop are reached now. */
  #step(loops: boolean): void {
    const { plain, found } = this.#walker;
    const { values: frontier, length } = this.#frontier;
    for (let i = 0; i < length; i++) {
      const node = frontier[i]!;
      let loop = false;
      if (plain === null) {
        this.#walker.collect(node);
        for (let j = 0; j < found.nodes.length; j++) {
          const neighbour = found.nodes.values[j]!;
          if (neighbour === node) loop = true;
          else if (this.#marks.mark(neighbour)) this.#following.push(neighbour);
        }
      } else if (node + 1 < plain.offsets.length) {
        const end = plain.offsets[node + 1]!;
        for (let j = plain.offsets[node]!; j < end; j++) {
          const neighbour = plain.neighbours[j]!;
          if (neighbour === node) loop = true;
          else if (this.#marks.mark(neighbour)) this.#following.push(neighbour);
        }
      }
      if (loop && loops) this.reached.push(node);
    }
  }

  #hasLoop(node: number): boolean {
    this.#walker.collect(node);
    const { nodes } = this.#walker.found;
    for (let i = 0; i < nodes.length; i++) if (nodes.values[i] === node) return true;
    return false;
  }
}

/** Extends every binding by the nodes reached from one of its nodes. */
export class ReachOperator extends Operator {
  readonly #hop: Hop;
  readonly #bounds: Bounds;
  readonly #from: VariableId;
  readonly #fromLeft: boolean;
  readonly #emitter: Emitter;
  #reach: Reach | null = null;
  #execution: Execution | null = null;

  /** `hop` leads away from `from`; `fromLeft` says whether that is the left end of the traversal. */
  constructor(options: {
    readonly hop: Hop;
    readonly bounds: Bounds;
    readonly from: VariableId;
    readonly to: VariableId;
    readonly fromLeft: boolean;
    readonly carried: readonly VariableId[];
  }) {
    super();
    this.#hop = options.hop;
    this.#bounds = options.bounds;
    this.#from = options.from;
    this.#fromLeft = options.fromLeft;
    this.#emitter = new Emitter(options.carried, [options.to]);
  }

  override open(execution: Execution): void {
    this.#execution = execution;
    this.#reach = new Reach(execution, this.#hop, this.#bounds, this.#fromLeft);
    this.#emitter.open(execution);
  }

  override push(batch: Batch): void {
    const reach = must(this.#reach, "the traversal is open");
    const execution = must(this.#execution, "the traversal is open");
    const emitter = this.#emitter;
    const starts = batch.column(this.#from);
    let count = 0;
    let last = -1;
    for (let position = 0; position < batch.length; position++) {
      if (starts[position] !== last) reach.walk(starts[position]!);
      last = starts[position]!;
      for (let i = 0; i < reach.reached.length; i++) {
        emitter.parents[count] = position;
        emitter.first[count] = reach.reached.values[i]!;
        if (++count < emitter.capacity) continue;
        emitter.flush(batch, count, this.next);
        count = 0;
        if (execution.stopped) return;
      }
    }
    emitter.flush(batch, count, this.next);
  }

  override close(): void {
    this.#reach?.close();
    this.#reach = null;
    this.#execution = null;
    this.#emitter.close();
  }
}

/** Keeps the bindings whose right node is reached from the left one. */
export class ReachedOperator extends Operator {
  readonly #hop: Hop;
  readonly #bounds: Bounds;
  readonly #left: VariableId;
  readonly #right: VariableId;
  readonly #kept = new Int32Array(MORSEL);
  readonly #targets = new Set<number>();
  #reach: Reach | null = null;

  constructor(hop: Hop, bounds: Bounds, left: VariableId, right: VariableId) {
    super();
    this.#hop = hop;
    this.#bounds = bounds;
    this.#left = left;
    this.#right = right;
  }

  override open(execution: Execution): void {
    this.#reach = new Reach(execution, this.#hop, this.#bounds, true);
  }

  override push(batch: Batch): void {
    const reach = must(this.#reach, "the traversal is open");
    const { reached } = reach;
    const left = batch.column(this.#left);
    const right = batch.column(this.#right);
    let count = 0;
    let last = -1;
    for (let position = 0; position < batch.length; position++) {
      if (left[position] !== last) {
        last = left[position]!;
        reach.walk(last);
        this.#targets.clear();
        for (let i = 0; i < reached.length; i++) this.#targets.add(reached.values[i]!);
      }
      if (this.#targets.has(right[position]!)) this.#kept[count++] = position;
    }
    if (count === 0) return;
    batch.keep(this.#kept, count);
    this.next.push(batch);
  }

  override close(): void {
    this.#reach?.close();
    this.#reach = null;
    this.#targets.clear();
  }
}
