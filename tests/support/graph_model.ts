/**
 * The model of a graph with its history: every commit keeps everything, branches are names of commits. The rules of
 * merging are said entity by entity over whole images. Shares no code with the product.
 */
import { type Image, type Row, sameRow, textOf, type Violation, violations } from "./graph_model_rules.ts";
import { type ModelSchema, typeKey } from "./graph_model_schema.ts";

/** One commit. */
export interface ModelCommit {
  readonly id: string;
  readonly parent: ModelCommit | null;
  readonly mergedParent: ModelCommit | null;
  readonly branch: string;
  /** Which life of the branch. */
  readonly life: number;
  readonly version: number;
  readonly actor: string | null;
  /** Microseconds. */
  readonly createdAt: number;
  readonly image: Image;
}

/** One live branch. */
export interface ModelBranch {
  readonly name: string;
  readonly life: number;
  /** The life of the branch it was forked from; null on main. */
  readonly from: number | null;
  head: ModelCommit;
}

/** A conflict of a merge: its kind, its type key and the entities of which one is named. */
export interface ModelConflict {
  readonly kind: Violation["kind"] | "divergent_insert" | "divergent_update" | "delete_vs_update";
  readonly typeKey: string;
  readonly ids: readonly string[];
}

/** What a merge comes to. */
export type Merged =
  | { readonly outcome: "already_up_to_date" }
  | { readonly outcome: "fast_forward" | "merged"; readonly after: Image }
  | { readonly outcome: "conflict"; readonly conflicts: readonly ModelConflict[] };

/** A graph. */
export class ModelGraph {
  readonly schema: ModelSchema;
  readonly #branches = new Map<string, ModelBranch>();
  #lives = 0;

  constructor(
    schema: ModelSchema,
    genesis: { readonly id: string; readonly createdAt: number },
    image: Image,
  ) {
    this.schema = schema;
    const life = this.#lives++;
    const root = { parent: null, mergedParent: null, branch: "main", life, version: 1, actor: null, image };
    this.#branches.set("main", { name: "main", life, from: null, head: { ...genesis, ...root } });
  }

  /** Names of the live branches, ascending. */
  names(): string[] {
    return [...this.#branches.keys()].sort();
  }

  /** A live branch, or null. */
  find(name: string): ModelBranch | null {
    return this.#branches.get(name) ?? null;
  }

  /** A live branch that must exist. */
  branch(name: string): ModelBranch {
    const branch = this.find(name);
    if (branch === null) throw new Error(`the model has no branch ${name}`);
    return branch;
  }

  /** A live branch with which a name cannot live: the same, or one that is a path inside the other. */
  obstacle(name: string): string | null {
    return this.names().find((other) =>
      other === name || other.startsWith(`${name}/`) || name.startsWith(`${other}/`)
    ) ?? null;
  }

  /** Makes a branch at a commit; `from` is the life of the branch that it was forked from. */
  fork(name: string, from: number, head: ModelCommit): ModelBranch {
    const branch = { name, life: this.#lives++, from, head };
    this.#branches.set(name, branch);
    return branch;
  }

  /** Whether another live branch was forked from this one. */
  isForked({ life }: ModelBranch): boolean {
    return [...this.#branches.values()].some(({ from }) => from === life);
  }

  /** Removes a branch. */
  remove(name: string): void {
    this.#branches.delete(name);
  }

  /** Adds a commit to a branch. */
  publish(
    branch: ModelBranch,
    image: Image,
    facts: { readonly id: string; readonly createdAt: number; readonly actor: string | null },
    mergedParent: ModelCommit | null = null,
  ): ModelCommit {
    const { name, life, head } = branch;
    const commit = {
      ...facts,
      parent: head,
      mergedParent,
      branch: name,
      life,
      version: head.version + 1,
      image,
    };
    branch.head = commit;
    return commit;
  }

  /** Commits that a branch shows, newest first. */
  history({ head }: ModelBranch): ModelCommit[] {
    const commits: ModelCommit[] = [];
    for (let at: ModelCommit | null = head; at !== null; at = at.parent) commits.push(at);
    return commits;
  }

  /** Every commit that some live branch shows, oldest version first. */
  visible(): ModelCommit[] {
    const all = new Set([...this.#branches.values()].flatMap((branch) => this.history(branch)));
    return [...all].sort((a, b) => a.version - b.version || (a.id < b.id ? -1 : 1));
  }

  /** Merges one head into another one; changes nothing. */
  merge(source: ModelCommit, target: ModelCommit): Merged {
    const base = this.mergeBase(source, target);
    if (base === source) return { outcome: "already_up_to_date" };
    const result = threeWay(this.schema, base.image, source.image, target.image);
    if (result.conflicts.length > 0) return { outcome: "conflict", conflicts: result.conflicts };
    return { outcome: base === target ? "fast_forward" : "merged", after: result.after };
  }

  /** What taking back one commit makes of a head; null for a commit without parent. */
  revert(commit: ModelCommit, head: ModelCommit): ReturnType<typeof threeWay> | null {
    return commit.parent === null
      ? null
      : threeWay(this.schema, commit.image, commit.parent.image, head.image);
  }

  /**
   * The nearest common ancestor over both parents, whether their branches live or not: least sum of distances, then highest
   * version, then highest id.
   */
  mergeBase(a: ModelCommit, b: ModelCommit): ModelCommit {
    const [fromA, fromB] = [distances(a), distances(b)];
    const common = [...fromA].flatMap(([commit, far]) => {
      const other = fromB.get(commit);
      return other === undefined ? [] : [{ commit, far: far + other }];
    });
    common.sort((x, y) =>
      x.far - y.far || y.commit.version - x.commit.version || (x.commit.id > y.commit.id ? -1 : 1)
    );
    return common[0]!.commit;
  }
}

function distances(from: ModelCommit): Map<ModelCommit, number> {
  const found = new Map([[from, 0]]);
  // A map goes on over what is added while it is walked, in order: breadth first.
  for (const [commit, far] of found) {
    for (const parent of [commit.parent, commit.mergedParent]) {
      if (parent !== null && !found.has(parent)) found.set(parent, far + 1);
    }
  }
  return found;
}

/** The truth table, entity by entity, then the rules of content. */
export function threeWay(
  schema: ModelSchema,
  base: Image,
  source: Image,
  target: Image,
): { readonly after: Image; readonly conflicts: readonly ModelConflict[]; readonly isChanged: boolean } {
  const after = new Map<string, ReadonlyMap<string, Row>>();
  const conflicts: ModelConflict[] = [];
  let isChanged = false;
  for (const type of schema.types) {
    const [b, s, t] = [base.get(type.name)!, source.get(type.name)!, target.get(type.name)!];
    const rows = new Map(t);
    for (const id of new Set([...b.keys(), ...s.keys(), ...t.keys()])) {
      const [was, theirs, ours] = [b.get(id) ?? null, s.get(id) ?? null, t.get(id) ?? null];
      if (sameRow(was, theirs) || sameRow(theirs, ours)) continue;
      if (!sameRow(was, ours)) {
        const kind = was === null
          ? "divergent_insert"
          : theirs === null || ours === null
          ? "delete_vs_update"
          : "divergent_update";
        conflicts.push({ kind, typeKey: typeKey(type), ids: [id] });
        continue;
      }
      isChanged = true;
      if (theirs === null) rows.delete(id);
      else rows.set(id, theirs);
    }
    after.set(type.name, rows);
  }
  conflicts.sort((x, y) => compareText(x.typeKey, y.typeKey) || compareText(x.ids[0]!, y.ids[0]!));
  if (conflicts.length > 0) return { after, conflicts, isChanged };
  const broken = violations(schema, target, after).map(({ kind, type, ids }) => ({
    kind,
    typeKey: typeKey(type),
    ids,
  }));
  return { after, conflicts: broken, isChanged };
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** One difference between two images. */
export interface ModelChange {
  readonly kind: "node" | "edge";
  readonly type: string;
  readonly id: string;
  readonly before: Row | null;
  readonly after: Row | null;
}

/** What differs between two images, in no order. */
export function differences({ types }: ModelSchema, before: Image, after: Image): ModelChange[] {
  return types.flatMap(({ name, ends }) => {
    const [was, is] = [before.get(name)!, after.get(name)!];
    return [...new Set([...was.keys(), ...is.keys()])].flatMap((id) => {
      const [a, b] = [was.get(id) ?? null, is.get(id) ?? null];
      return sameRow(a, b)
        ? []
        : [{ kind: ends === null ? "node" as const : "edge" as const, type: name, id, before: a, after: b }];
    });
  });
}

/** An image as comparable text. */
export function imageText(image: Image): string {
  return [...image].map(([name, rows]) =>
    `${name}\n${
      [...rows].map(([id, row]) =>
        `  ${id} ${textOf(Object.entries(row).sort(([a], [b]) => a < b ? -1 : 1))}`
      ).sort().join("\n")
    }`
  ).join("\n");
}
