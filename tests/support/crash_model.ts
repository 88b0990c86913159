/** What a graph of films must hold after any part of a known sequence of operations. */

/** Slugs to titles; null deletes. */
export type Rows = Readonly<Record<string, string | null>>;

/** One operation of a process that may be killed. */
export type Operation =
  /** One commit. */
  | { readonly kind: "write"; readonly branch: string; readonly rows: Rows }
  /** One commit per row, in any order. */
  | { readonly kind: "burst"; readonly branch: string; readonly rows: Rows }
  /** A branch and its first commit at once. */
  | { readonly kind: "fork"; readonly branch: string; readonly from: string; readonly rows: Rows }
  | { readonly kind: "create"; readonly branch: string; readonly from: string }
  | { readonly kind: "merge"; readonly branch: string; readonly into: string }
  | { readonly kind: "delete"; readonly branch: string }
  | { readonly kind: "schema"; readonly source: string };

/** One branch: its films, and what was edited since it was forked. */
interface BranchModel {
  readonly films: Map<string, string>;
  readonly edits: Map<string, string | null>;
}

/** A graph as values. Branches edit films of their own only, so that no merge conflicts. */
export class GraphModel {
  readonly branches: Map<string, BranchModel>;
  source: string;

  constructor(source: string, branches: Map<string, BranchModel> = new Map()) {
    this.source = source;
    this.branches = branches;
    if (branches.size === 0) branches.set("main", { films: new Map(), edits: new Map() });
  }

  /** An independent copy. */
  copy(): GraphModel {
    const branches = [...this.branches].map(([name, { films, edits }]) =>
      [name, { films: new Map(films), edits: new Map(edits) }] as const
    );
    return new GraphModel(this.source, new Map(branches));
  }

  /** Does what an acknowledged operation did. */
  apply(operation: Operation): void {
    switch (operation.kind) {
      case "write":
      case "burst":
        return this.#edit(operation.branch, Object.entries(operation.rows));
      case "create":
      case "fork":
        this.branches.set(operation.branch, {
          films: new Map(this.#branch(operation.from).films),
          edits: new Map(),
        });
        if (operation.kind === "fork") this.#edit(operation.branch, Object.entries(operation.rows));
        return;
      case "merge":
        return this.#edit(operation.into, this.#branch(operation.branch).edits);
      case "delete":
        this.branches.delete(operation.branch);
        return;
      case "schema":
        this.source = operation.source;
    }
  }

  /** What it should look like from outside. */
  shown(): ShownGraph {
    const branches = [...this.branches].map(([name, { films }]) =>
      [name, Object.fromEntries([...films].sort(([a], [b]) => a < b ? -1 : 1))] as const
    );
    return { source: this.source, branches: Object.fromEntries(branches.sort(([a], [b]) => a < b ? -1 : 1)) };
  }

  #edit(branch: string, rows: Iterable<readonly [string, string | null]>): void {
    const { films, edits } = this.#branch(branch);
    for (const [slug, title] of rows) {
      edits.set(slug, title);
      if (title === null) films.delete(slug);
      else films.set(slug, title);
    }
  }

  #branch(name: string): BranchModel {
    const branch = this.branches.get(name);
    if (branch === undefined) throw new Error(`the model has no branch ${name}`);
    return branch;
  }
}

/** A graph as read: its schema, and titles by slug of each branch. */
export interface ShownGraph {
  readonly source: string;
  readonly branches: Readonly<Record<string, Readonly<Record<string, string>>>>;
}

/**
 * The model after an operation of which nobody knows whether it was done, judged by what is there: all of it when the
 * graph looks like that, else nothing. The rows of a burst are judged one by one.
 */
export function settleOpen(model: GraphModel, open: Operation | null, found: ShownGraph): GraphModel {
  if (open === null) return model;
  const done = model.copy();
  if (open.kind === "burst") {
    const rows = Object.entries(open.rows).filter(([slug, title]) =>
      (found.branches[open.branch]?.[slug] ?? null) === title
    );
    done.apply({ ...open, rows: Object.fromEntries(rows) });
    return done;
  }
  done.apply(open);
  return JSON.stringify(done.shown()) === JSON.stringify(found) ? done : model;
}
