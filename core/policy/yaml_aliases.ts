/**
 * Aliases of a YAML document, resolved in one walk. An alias without its anchor is a mistake and not an empty value; one
 * that contains itself has no end; and many aliases of large parts, or of parts with aliases, would grow without bound.
 */
import { type Alias, isAlias, isMap, isNode, isSeq, type Node } from "@std/yaml";
import { NESTING_MAX, YAML_ALIASED_NODES_MAX } from "../base/limits.ts";
import type { Span } from "../base/span.ts";

/** What is wrong with a document that nests deeper than anybody writes. */
export const TOO_DEEP = `yaml: the document nests deeper than ${NESTING_MAX} levels`;

/** What aliases stand for, and what is wrong with them. */
export interface ResolvedAliases {
  readonly targets: ReadonlyMap<Alias, Node>;
  readonly problems: readonly { readonly span: Span; readonly message: string }[];
}

/** Resolves all aliases below a node and checks its depth. */
export function resolveAliases(root: unknown): ResolvedAliases {
  const walk = new AliasWalk();
  walk.sizeOf(root, 0);
  return walk;
}

class AliasWalk implements ResolvedAliases {
  readonly targets = new Map<Alias, Node>();
  readonly problems: { span: Span; message: string }[] = [];
  /** The latest node of each anchor, and how many nodes are in it; null while it is being walked. */
  readonly #anchors = new Map<string, { readonly node: Node; size: number | null }>();
  #aliased = 0;

  /** Number of nodes in a part of the document, those behind aliases included. */
  sizeOf(node: unknown, depth: number): number {
    if (this.problems.length > 0 || !isNode(node)) return 0;
    if (depth > NESTING_MAX) return this.#fail(node, TOO_DEEP);
    if (isAlias(node)) return this.#aliasSize(node);
    const anchor = "anchor" in node ? node.anchor : undefined;
    const known: { readonly node: Node; size: number | null } = { node, size: null };
    if (anchor !== undefined) this.#anchors.set(anchor, known);
    let size = 1;
    if (isSeq(node)) { for (const item of node.items) size += this.sizeOf(item, depth + 1); }
    if (isMap(node)) {
      for (const { key, value } of node.items) {
        size += this.sizeOf(key, depth + 1) + this.sizeOf(value, depth + 1);
      }
    }
    known.size = size;
    return size;
  }

  #aliasSize(alias: Alias): number {
    const target = this.#anchors.get(alias.source);
    if (target === undefined) {
      return this.#fail(alias, `yaml: alias \`*${alias.source}\` has no anchor above it`);
    }
    if (target.size === null) return this.#fail(alias, `yaml: alias \`*${alias.source}\` contains itself`);
    this.#aliased += target.size;
    if (this.#aliased > YAML_ALIASED_NODES_MAX) {
      return this.#fail(alias, `yaml: aliases repeat more than ${YAML_ALIASED_NODES_MAX} values`);
    }
    this.targets.set(alias, target.node);
    return target.size;
  }

  #fail(node: Node, message: string): number {
    const [start, end] = node.range ?? [0, 0];
    this.problems.push({ span: { start, end }, message });
    return 0;
  }
}
