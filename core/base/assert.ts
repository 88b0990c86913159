/** Assertions for programmer mistakes. Expected failures use `AppError` instead. */

/** Thrown when an invariant of the program itself is broken; never caught, never shown as user error. */
export class InvariantError extends Error {
  override readonly name = "InvariantError";
}

/** Throws {@linkcode InvariantError} unless `condition` holds. */
export function assert(condition: unknown, reason: string): asserts condition {
  if (!condition) throw new InvariantError(reason);
}

/** Returns `value`, which must not be null or undefined. */
export function must<T>(value: T | null | undefined, reason: string): T {
  if (value === null || value === undefined) throw new InvariantError(reason);
  return value;
}

/** Ends an exhaustive switch. */
export function unreachable(value: never): never {
  throw new InvariantError(`unreachable: ${JSON.stringify(value)}`);
}
