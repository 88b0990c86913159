/**
 * Quick look whether a file exists. Readers look for the commit after the newest one they know before every query, nearly
 * always in vain, and a miss costs 12 us with `Deno.statSync`, most of it for making the error. `node:fs` answers in
 * 1.4 us but takes 5 ms to load, which a short command would never earn back: it is loaded after a few misses.
 */

const MISSES_BEFORE_LOADING = 16;

let misses = 0;
let nodeExists: ((path: string) => boolean) | null = null;

/** Whether `path` exists; also false when this process may not look. */
export function findsQuickly(path: string): boolean {
  if (nodeExists !== null) return nodeExists(path);
  try {
    Deno.statSync(path);
    return true;
  } catch {
    if (++misses === MISSES_BEFORE_LOADING) {
      void import("node:fs").then((fs) => nodeExists = fs.existsSync);
    }
    return false;
  }
}
