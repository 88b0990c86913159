/** JSON helpers: the value type, canonical text and the stored pretty form. */

/** Any JSON value. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

/** Compact JSON with object keys sorted by code unit: equal values give equal bytes. `undefined` members are left out. */
export function canonicalJson(value: unknown): string {
  return JSON.stringify(value, sortKeys);
}

/** The form of every stored control-plane file: sorted keys, 2 spaces, final newline. */
export function prettyJson(value: unknown): string {
  return JSON.stringify(value, sortKeys, 2) + "\n";
}

function sortKeys(_key: string, value: unknown): unknown {
  if (value === null || typeof value !== "object" || Array.isArray(value)) return value;
  const source = value as Record<string, unknown>;
  // No prototype: a member named `__proto__` is a member like any other.
  const target: Record<string, unknown> = Object.create(null);
  for (const key of Object.keys(source).sort()) target[key] = source[key];
  return target;
}
