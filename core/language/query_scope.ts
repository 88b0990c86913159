/** The names of one query as a walk finds them. */
import type { Span } from "../base/span.ts";
import type { AliasOutline, ParamOutline, VariableOutline } from "./meaning.ts";
import type { TypeOutline } from "./schema_outline.ts";

/** A query of a file, and every name it gives. */
export interface QueryOutline extends Span {
  readonly name: string;
  readonly params: ReadonlyMap<string, ParamOutline>;
  /** All variables by place, those of `not` blocks included; anonymous ones are named `_`. */
  readonly variables: readonly VariableOutline[];
}

/** Variables of one block; those of blocks around it are visible. */
export class QueryScope {
  readonly params: ReadonlyMap<string, ParamOutline>;
  /** All variables of the query so far. */
  readonly all: VariableOutline[];
  readonly aliases: Map<string, AliasOutline>;
  readonly #parent: QueryScope | null;
  readonly #names = new Map<string, VariableOutline>();

  constructor(params: ReadonlyMap<string, ParamOutline>, parent: QueryScope | null = null) {
    this.params = params;
    this.all = parent?.all ?? [];
    this.aliases = parent?.aliases ?? new Map();
    this.#parent = parent;
  }

  /** The scope of a `not` block. */
  inner(): QueryScope {
    return new QueryScope(this.params, this);
  }

  find(name: string): VariableOutline | undefined {
    return this.#names.get(name) ?? this.#parent?.find(name);
  }

  /** The variable of this name, introduced here if it is new. A type that was not known before is filled in. */
  introduce(name: string, place: Span, type: TypeOutline | null): VariableOutline {
    const known = name === "_" ? undefined : this.find(name);
    if (known !== undefined) {
      known.type ??= type;
      return known;
    }
    const variable: VariableOutline = { name, place: { start: place.start, end: place.end }, type };
    this.all.push(variable);
    if (name !== "_") this.#names.set(name, variable);
    return variable;
  }

  /** Visible variables, inner ones first. */
  *visible(): Iterable<VariableOutline> {
    yield* this.#names.values();
    if (this.#parent !== null) yield* this.#parent.visible();
  }
}
