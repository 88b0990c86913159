/** Pages of changes: how many there are in one, and where the next one goes on. Pure. */
import { Buffer } from "node:buffer";
import { CHANGES_PAGE_BYTES_MAX, CHANGES_PAGE_DEFAULT, CHANGES_PAGE_MAX } from "../../base/limits.ts";
import { jsonText } from "../../base/lossless_json.ts";
import { AppError } from "../../errors.ts";
import type { EntityChange } from "./change.ts";
import type { Comparison } from "./compare.ts";

/** What a page has room for. */
export class PageRoom {
  #changes: number;
  #bytes = CHANGES_PAGE_BYTES_MAX;
  #isEmpty = true;

  /** Room for a number of changes. Throws `AppError("invalid_input")` or `AppError("resource_limit")`. */
  constructor(limit: number = CHANGES_PAGE_DEFAULT) {
    if (!Number.isSafeInteger(limit) || limit < 1) {
      throw new AppError(
        "invalid_input",
        `limit ${limit} is not valid: give a whole number from 1 to ${CHANGES_PAGE_MAX}`,
      );
    }
    if (limit > CHANGES_PAGE_MAX) {
      throw new AppError(
        "resource_limit",
        `limit ${limit} is too high: a page holds ${CHANGES_PAGE_MAX} changes at most`,
        {
          detail: {
            resource_limit: {
              resource: "commit_changes_page_changes",
              limit: CHANGES_PAGE_MAX,
              actual: limit,
            },
          },
        },
      );
    }
    this.#changes = limit;
  }

  /** Whether no further change fits, however small. */
  get isFull(): boolean {
    return this.#changes === 0;
  }

  /** Takes room for a change; false when it does not fit. A page of its own holds a change of any size. */
  take(change: EntityChange): boolean {
    if (this.#changes === 0) return false;
    const bytes = Buffer.byteLength(jsonText(change));
    if (bytes > this.#bytes && !this.#isEmpty) return false;
    this.#changes--;
    this.#bytes -= bytes;
    this.#isEmpty = false;
    return true;
  }
}

/** Some changes and the ordinal of the first one that did not fit; null when there is none. */
export interface Taken {
  readonly changes: readonly EntityChange[];
  readonly next: number | null;
}

/** Takes changes from an ordinal on, as many as there is room for. */
export function takeChanges(comparison: Comparison, from: number, room: PageRoom): Taken {
  const changes: EntityChange[] = [];
  for (let found = comparison.next(from); found !== null; found = comparison.next(found.ordinal + 1)) {
    if (!room.take(found.change)) return { changes, next: found.ordinal };
    changes.push(found.change);
  }
  return { changes, next: null };
}
