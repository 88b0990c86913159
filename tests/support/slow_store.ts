/** A store whose answers come in a random order, so that concurrent callers interleave in many ways. */
import type { ObjectStore } from "../../core/storage/object_store.ts";

/** `store` with a pause of 0 to 3 turns of the event loop before and after each call; `next` gives random integers. */
export function slowStore(store: ObjectStore, next: () => number): ObjectStore {
  const pause = async () => {
    for (let turns = next() % 4; turns > 0; turns--) {
      await new Promise<void>((resolve) => setImmediate(resolve));
    }
  };
  return new Proxy(store, {
    get(target, name) {
      const value: unknown = Reflect.get(target, name, target);
      if (typeof value !== "function") return value;
      const call = value.bind(target) as (...args: unknown[]) => unknown;
      if (name === "under" || name === "line") return call;
      return async (...args: unknown[]) => {
        await pause();
        const result = await call(...args);
        await pause();
        return result;
      };
    },
  });
}

/** A generator of small random integers; the same seed gives the same ones. */
export function randomIntegers(seed: number): () => number {
  let state = (seed >>> 0) || 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) >>> 8;
  };
}
