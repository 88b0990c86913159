/**
 * Appending to the log of one branch, beside other processes that do the same.
 *
 * Creating a slot decides every race. So that races are rarely lost, writers of one machine line up for their turn first
 * where the store has a line; elsewhere they rest at random after a loss. Neither guards anything.
 */
import { must } from "../base/assert.ts";
import { LINE_PATIENCE_MS } from "../base/limits.ts";
import type { Line, ObjectStore } from "../storage/object_store.ts";
import { encodeLogObject } from "./commit_codec.ts";
import type { Ports } from "./graph_ports.ts";
import type { BranchHead } from "./head.ts";
import { logFolder } from "./log.ts";
import type { PlannedCommit } from "./plan_commit.ts";

/** What appending works with. */
export interface AppenderOptions {
  readonly head: BranchHead;
  readonly store: Pick<ObjectStore, "line">;
  readonly ports: Ports;
  readonly onBackgroundError: (error: unknown) => void;
}

/** Slots between two hints. */
const HINT_EVERY_SLOTS = 64;
/** How long a writer that has more to do keeps its place in the line, milliseconds. */
const LINE_TURN_MS = 5;
/** How long after a wait the line counts as crowded, milliseconds. */
const CROWDED_MS = 1000;
/** The longest rest after lost races, milliseconds. */
const PAUSE_MS_MAX = 64;

/** Appends to one branch. */
export class Appender {
  readonly #options: AppenderOptions;
  readonly #line: Line | null;
  readonly #hints = new Set<Promise<void>>();
  /** When the place in the line was taken; null without it. */
  #enteredMs: number | null = null;
  /** When somebody else had the place the last time this process wanted it. */
  #waitedMs = -Infinity;

  constructor(options: AppenderOptions) {
    this.#options = options;
    this.#line = options.store.line?.(logFolder(options.head.ref.incarnation)) ?? null;
  }

  /** Waits for this process's place in the line. Whoever holds it already goes on at once. */
  async enter(): Promise<void> {
    if (this.#line === null || this.#enteredMs !== null) return;
    const { clock } = this.#options.ports;
    if (await this.#line.enter(LINE_PATIENCE_MS)) this.#waitedMs = clock.nowMs();
    this.#enteredMs = clock.nowMs();
  }

  /** Lets the next process have the place. */
  leave(): void {
    this.#enteredMs = null;
    this.#line?.leave();
  }

  /** Whether somebody else had the place not long ago. */
  isCrowded(): boolean {
    return Math.abs(this.#options.ports.clock.nowMs() - this.#waitedMs) < CROWDED_MS;
  }

  /** Lets others work, in this process and, when it held the place for a while, in the next one. */
  async breathe(): Promise<void> {
    const nowMs = this.#options.ports.clock.nowMs();
    if (this.#enteredMs !== null && Math.abs(nowMs - this.#enteredMs) >= LINE_TURN_MS) {
      this.leave();
      // Whoever waits needs a moment to wake up; without it the place would be taken back before.
      if (this.isCrowded()) {
        return await new Promise((resolve) => setTimeout(resolve, 1));
      }
    }
    await new Promise<void>((resolve) => setImmediate(resolve));
  }

  /** Creates the next slot with these commits; returns whether it is ours. `name` is the prefix of the failpoints. */
  async append(planned: readonly PlannedCommit[], name: string): Promise<boolean> {
    const { head, ports } = this.#options;
    const { commit, state } = must(planned.at(-1), "something is published");
    const bytes = encodeLogObject(planned);
    const won = await head.whilePublishing(async () => {
      await ports.failpoint(`${name}.before_append`);
      const won = await head.source.log.append(state.slot, bytes, commit.id);
      await ports.failpoint(`${name}.after_append`);
      if (won) head.adopt(state);
      return won;
    });
    if (won && state.slot % HINT_EVERY_SLOTS === 0) this.#putHint(state.slot);
    return won;
  }

  /** Rests after lost races: at random, the longer the more of them were lost. */
  async pause(lost: number): Promise<void> {
    const dice = new Uint8Array(1);
    this.#options.ports.random.fill(dice);
    const ms = dice[0]! / 256 * Math.min(2 ** lost, PAUSE_MS_MAX);
    await new Promise((resolve) => setTimeout(resolve, ms));
  }

  /** Waits for hints that are being written; null when there are none. */
  get running(): Promise<unknown> | null {
    return this.#hints.size === 0 ? null : Promise.all(this.#hints);
  }

  /** Gives up the place in the line, and what it takes to line up. */
  rest(): void {
    this.#enteredMs = null;
    this.#line?.close();
  }

  #putHint(slot: number): void {
    const hint: Promise<void> = this.#options.head.source.log.putHint(slot)
      .catch(this.#options.onBackgroundError)
      .finally(() => this.#hints.delete(hint));
    this.#hints.add(hint);
  }
}
