/** The log of a branch as one operation sees it: every slot is read and decoded once, however often it is walked over. */
import { must } from "../../base/assert.ts";
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

  /**
   * The slot among the branch's own ones up to `head` where a commit belongs by its id, and usually is: ids sort by time.
   * Null when the branch has no slots of its own.
   */
  async slotNear(id: string, head: number): Promise<LogSlot | null> {
    let low = this.forkSlot + 1;
    if (low > head) return null;
    for (let high = head; low < high;) {
      const middle = low + ((high - low) >> 1);
      const { commits } = must(await this.read(middle), "slots up to the head are filled");
      if (commits.at(-1)!.id < id) low = middle + 1;
      else high = middle;
    }
    return await this.read(low);
  }
}
