/**
 * Addresses of cluster resources and the names they are made of.
 *
 *   graph.<g>   schema.<g>   query.<g>.<n>   policy.<n>   provider.embedding.<n>
 *
 * Names hold no dot, so an address reads back without ambiguity.
 */

/** Address of a resource, e.g. `query.fleet.ships_in_port`. */
export type Address = string;

/** Kinds of resources as they are written in output. */
export type ResourceKind = "graph" | "schema" | "query" | "policy" | "embedding_provider";

/** A taken-apart address. */
export type ParsedAddress =
  | { readonly kind: "graph" | "schema"; readonly graph: string }
  | { readonly kind: "query"; readonly graph: string; readonly name: string }
  | { readonly kind: "policy" | "embedding_provider"; readonly name: string };

/** Graph ids that the server cannot route because a route of its own stands there. */
const ROUTE_WORDS: ReadonlySet<string> = new Set(["policies", "healthz", "openapi", "graphs"]);
const NAME = /^[A-Za-z_][A-Za-z0-9_-]*$/;
const ROUTABLE = /^[A-Za-z0-9-]{1,64}$/;

/** The rule of {@linkcode isResourceName} in words. */
export const NAME_RULE = "a letter or `_`, then letters, digits, `_` or `-`";

/** Binding target of the server bundle. */
export const CLUSTER_SCOPE = "cluster";

/** Address of a graph. */
export function graphAddress(graph: string): Address {
  return `graph.${graph}`;
}

/** Address of a graph's schema. */
export function schemaAddress(graph: string): Address {
  return `schema.${graph}`;
}

/** Address of a stored query. */
export function queryAddress(graph: string, name: string): Address {
  return `query.${graph}.${name}`;
}

/** Address of a policy bundle. */
export function policyAddress(name: string): Address {
  return `policy.${name}`;
}

/** Address of an embedding provider. */
export function providerAddress(name: string): Address {
  return `provider.embedding.${name}`;
}

/** Takes an address apart; null when its kind or form is unknown. */
export function parseAddress(address: Address): ParsedAddress | null {
  const [kind, first, second, ...rest] = address.split(".");
  if (first === undefined || rest.length > 0 || !isResourceName(first)) return null;
  if (second === undefined) {
    if (kind === "graph" || kind === "schema") return { kind, graph: first };
    return kind === "policy" ? { kind, name: first } : null;
  }
  if (!isResourceName(second)) return null;
  if (kind === "query") return { kind, graph: first, name: second };
  return kind === "provider" && first === "embedding" ? { kind: "embedding_provider", name: second } : null;
}

/** The graph a graph, schema or query address belongs to; null for the others. */
export function graphOf(address: Address): string | null {
  const parsed = parseAddress(address);
  return parsed !== null && "graph" in parsed ? parsed.graph : null;
}

/** Whether `name` may name a graph, policy, provider or query. */
export function isResourceName(name: string): boolean {
  return NAME.test(name);
}

/** Whether the server has a route for this graph id. */
export function isServableGraphId(id: string): boolean {
  return ROUTABLE.test(id) && !ROUTE_WORDS.has(id);
}

/** Graph root below the storage root. */
export function graphRootKey(graph: string): string {
  return `graphs/${graph}.omni`;
}

/** What belongs to addresses as one object, members ascending. */
export function byAddress<Item, Shown>(
  items: ReadonlyMap<Address, Item>,
  show: (item: Item) => Shown,
): Record<Address, Shown> {
  const sorted = [...items].sort(([a], [b]) => a < b ? -1 : 1);
  return Object.fromEntries(sorted.map(([address, item]) => [address, show(item)]));
}
