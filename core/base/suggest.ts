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
    const distance = editDistance(folded, other);
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

/** Optimal string alignment distance: insert, delete, replace, swap of neighbours. */
export function editDistance(a: string, b: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const cost = a[i - 1] === b[j - 1] ? 0 : 1;
      let value = Math.min(last[j]! + 1, row[j - 1]! + 1, last[j - 1]! + cost);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) {
        value = Math.min(value, beforeLast[j - 2]! + 1);
      }
      row.push(value);
    }
    beforeLast = last;
    last = row;
  }
  return last[b.length]!;
}
