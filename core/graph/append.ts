/**
 * Appending to the log of one branch, beside other processes that do the same.
 *
 * Creating a slot decides every race. So that nobody loses one after the other, writers of one machine line up for their
 * turn where the store has a line; elsewhere losers and, when there are several writers, winners rest at random. Neither
 * guards anything, and a lone writer does neither.
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
/** How long a writer that has more to do keeps its place in the line, milliseconds. Changing places takes a while, too. */
const LINE_TURN_MS = 5;
/** How many appends it may make there at least: on a slow machine they take long, and so does changing places. */
const LINE_TURN_APPENDS = 4;
/** After so long without a write, and at most twice as long, the file of the line is closed, milliseconds. */
const LINE_IDLE_MS = 1000;
/** How long after another process was met the branch counts as crowded, milliseconds. */
const CROWDED_MS = 1000;
/**
 * Without a line, a writer on a crowded branch rests up to so many times the duration of an append after each turn: who has
 * just won would win again. Halves the attempts of the unluckiest of eight and costs two of them a quarter of their pace.
 */
const REST_FACTOR = 2;
/** The longest rest after lost races, milliseconds. */
const PAUSE_MS_MAX = 16;

/** Appends to one branch. */
export class Appender {
  readonly #options: AppenderOptions;
  readonly #line: Line | null;
  readonly #hints = new Set<Promise<void>>();
  /** When the place in the line was taken; null without it. */
  #enteredMs: number | null = null;
  /** When somebody else had the place the last time this process wanted it. */
  #waitedMs = -Infinity;
  /** When a slot of another process was met. */
  #metMs = -Infinity;
  /** Whether nobody has lined up since the timer looked. */
  #isIdle = false;
  #idleTimer: ReturnType<typeof setInterval> | undefined;
  /** The newest slot that this process filled. */
  #ownSlot: number | null = null;
  /** How long appending takes, on average. */
  #appendMs = 0;

  constructor(options: AppenderOptions) {
    this.#options = options;
    this.#line = options.store.line?.(logFolder(options.head.ref.incarnation)) ?? null;
  }

  /** Waits for this process's place in the line. Whoever holds it already goes on at once. */
  async enter(): Promise<void> {
    if (this.#line === null || this.#enteredMs !== null) return;
    this.#isIdle = false;
    const { clock } = this.#options.ports;
    if (await this.#line.enter(LINE_PATIENCE_MS)) this.#waitedMs = clock.nowMs();
    this.#enteredMs = clock.nowMs();
  }

  /** Lets the next process have the place. */
  leave(): void {
    this.#enteredMs = null;
    this.#line?.leave();
  }

  /** Whether nobody should stand behind this process in the line while it prepares a write. */
  hasCalmLine(): boolean {
    return this.#line !== null && !this.#isRecent(this.#waitedMs);
  }

  /** Lets others work, in this process and, when it held the place for a while, in the next one. */
  async breathe(): Promise<void> {
    const nowMs = this.#options.ports.clock.nowMs();
    const turnMs = Math.max(LINE_TURN_MS, this.#appendMs * LINE_TURN_APPENDS);
    if (this.#enteredMs !== null && Math.abs(nowMs - this.#enteredMs) >= turnMs) {
      this.leave();
      // Whoever waits needs a moment to wake up; without it the place would be taken back before.
      if (this.#isRecent(this.#waitedMs)) return await new Promise((resolve) => setTimeout(resolve, 1));
    }
    if (this.#line === null && this.#isRecent(this.#metMs)) {
      return await this.#rest(this.#appendMs * REST_FACTOR);
    }
    await new Promise<void>((resolve) => setImmediate(resolve));
  }

  /** Notes the head that a write meets: whether another process has written to the branch. */
  meet(slot: number): void {
    if (this.#ownSlot !== null && slot > this.#ownSlot) this.#metMs = this.#options.ports.clock.nowMs();
  }

  /** Creates the next slot with these commits; returns whether it is ours. `name` is the prefix of the failpoints. */
  async append(planned: readonly PlannedCommit[], name: string): Promise<boolean> {
    const { head, ports } = this.#options;
    const { commit, state } = must(planned.at(-1), "something is published");
    const bytes = encodeLogObject(planned);
    const startMs = ports.clock.nowMs();
    const won = await head.whilePublishing(async () => {
      await ports.failpoint(`${name}.before_append`);
      const won = await head.source.log.append(state.slot, bytes, commit.id);
      await ports.failpoint(`${name}.after_append`);
      if (won) head.adopt(state);
      return won;
    });
    this.#appendMs += (Math.max(0, ports.clock.nowMs() - startMs) - this.#appendMs) / 8;
    if (won) this.#ownSlot = state.slot;
    else this.#metMs = ports.clock.nowMs();
    if (won && state.slot % HINT_EVERY_SLOTS === 0) this.#putHint(state.slot);
    return won;
  }

  /** Rests after lost races: at random, the longer the more of them were lost. */
  async pause(lost: number): Promise<void> {
    this.leave();
    await this.#rest(Math.min(2 ** lost, PAUSE_MS_MAX));
  }

  #isRecent(momentMs: number): boolean {
    return Math.abs(this.#options.ports.clock.nowMs() - momentMs) < CROWDED_MS;
  }

  /** Rests a part of a span, at random. */
  async #rest(spanMs: number): Promise<void> {
    const dice = new Uint8Array(1);
    this.#options.ports.random.fill(dice);
    await new Promise((resolve) => setTimeout(resolve, dice[0]! / 256 * spanMs));
  }

  /** Waits for hints that are being written; null when there are none. */
  get running(): Promise<unknown> | null {
    return this.#hints.size === 0 ? null : Promise.all(this.#hints);
  }

  /** Gives up the place in the line because there is nothing to do, and after a while what it takes to line up. */
  idle(): void {
    this.leave();
    if (this.#line === null || this.#idleTimer !== undefined) return;
    // One timer in a while, instead of opening a file for each write of a caller that writes one after the other.
    this.#idleTimer = setInterval(() => {
      if (this.#isIdle && this.#enteredMs === null) this.close();
      this.#isIdle = true;
    }, LINE_IDLE_MS);
    Deno.unrefTimer(this.#idleTimer);
  }

  /** Lets go of the line; the next write opens it again. */
  close(): void {
    clearInterval(this.#idleTimer);
    this.#idleTimer = undefined;
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
