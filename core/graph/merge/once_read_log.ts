/** The log of a branch as one operation sees it: every slot is read and decoded once, however often it is walked over. */
import { BranchLog, type LogSlot } from "../log.ts";

/** Remembers filled slots, for as long as one operation lasts. */
export class OnceReadLog extends BranchLog {
  readonly #slots = new Map<number, LogSlot>();

  override async read(slot: number): Promise<LogSlot | null> {
    const known = this.#slots.get(slot);
    if (known !== undefined) return known;
    const logged = await super.read(slot);
    if (logged !== null) this.#slots.set(slot, logged);
    return logged;
  }
}
