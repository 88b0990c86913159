/** Did-you-mean. */
import { SUGGEST_CHARS_MAX } from "./limits.ts";

/** Letters that two words must share at their start to be near without being spelled alike: `query`, `queries`. */
const SHARED_START_MIN = 4;

/**
 * The candidate nearest to `word`, ignoring case: by edit distance, else the one that starts alike; null when none is
 * near enough. Linear in the number of candidates.
 */
export function nearestName(word: string, candidates: Iterable<string>): string | null {
  if (word.length > SUGGEST_CHARS_MAX) return null;
  const folded = word.toLowerCase();
  const limit = Math.max(1, Math.floor(word.length * 0.4));
  let best: string | null = null;
  let bestDistance = limit + 1;
  let alike: string | null = null;
  for (const candidate of candidates) {
    if (candidate.length > 2 * SUGGEST_CHARS_MAX) continue;
    const other = candidate.toLowerCase();
    if (startAlike(folded, other) && (alike === null || candidate < alike)) alike = candidate;
    if (Math.abs(other.length - folded.length) > bestDistance) continue;
    const distance = editDistance(folded, other, bestDistance);
    if (distance < bestDistance || (distance === bestDistance && best !== null && candidate < best)) {
      best = candidate;
      bestDistance = distance;
    }
  }
  return bestDistance <= limit ? best : alike;
}

/** `did you mean \`x\`?`, or undefined when nothing is near. */
export function didYouMean(word: string, candidates: Iterable<string>): string | undefined {
  const name = nearestName(word, candidates);
  return name === null ? undefined : `did you mean \`${name}\`?`;
}

/** Whether at least four letters, and all but the last of the shorter word, are the same at the start. */
function startAlike(a: string, b: string): boolean {
  const shorter = Math.min(a.length, b.length);
  let shared = 0;
  while (shared < shorter && a[shared] === b[shared]) shared++;
  return shared >= SHARED_START_MIN && shared >= shorter - 1;
}

/**
 * Optimal string alignment distance (insert, delete, replace, swap of neighbours) of two short words, or `bound + 1` as
 * soon as it must be more than `bound`. Only cells within `bound` of the diagonal can lie on a shorter way.
 */
export function editDistance(a: string, b: string, bound: number = a.length + b.length): number {
  if (Math.abs(a.length - b.length) > bound) return bound + 1;
  const far = bound + 1;
  let [beforeLast, last, row] = rowsFor(b.length + 1);
  for (let j = 0; j <= b.length; j++) last[j] = Math.min(j, far);
  for (let i = 1; i <= a.length; i++) {
    const from = Math.max(1, i - bound);
    const to = Math.min(b.length, i + bound);
    row[from - 1] = from === 1 ? Math.min(i, far) : far;
    let least = row[from - 1]!;
    for (let j = from; j <= to; j++) {
      const cost = a.charCodeAt(i - 1) === b.charCodeAt(j - 1) ? 0 : 1;
      let value = Math.min(last[j]! + 1, row[j - 1]! + 1, last[j - 1]! + cost, far);
      if (
        i > 1 && j > 1 && a.charCodeAt(i - 1) === b.charCodeAt(j - 2) &&
        a.charCodeAt(i - 2) === b.charCodeAt(j - 1)
      ) {
        value = Math.min(value, beforeLast[j - 2]! + 1);
      }
      row[j] = value;
      if (value < least) least = value;
    }
    if (to < b.length) row[to + 1] = far;
    if (least >= far) return far;
    [beforeLast, last, row] = [last, row, beforeLast];
  }
  return last[b.length]!;
}

type Rows = [Uint16Array, Uint16Array, Uint16Array];

/** Rows for words of usual length, made once: a search compares one word with very many. */
const USUAL_ROWS = newRows(2 * SUGGEST_CHARS_MAX + 1);

function rowsFor(length: number): Rows {
  return length <= USUAL_ROWS[0].length ? [...USUAL_ROWS] : newRows(length);
}

function newRows(length: number): Rows {
  return [new Uint16Array(length), new Uint16Array(length), new Uint16Array(length)];
}
