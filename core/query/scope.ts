/**
 * Names of one query: its parameters, and its variables by block. Every `not` block opens an inner scope that sees the
 * outer variables; its own are invisible outside. All variables of the query share one numbering, so a variable was
 * introduced above a block exactly when its number is smaller than the block's first.
 */
import { must } from "../base/assert.ts";
import type { Span } from "../base/span.ts";
import { didYouMean } from "../base/suggest.ts";
import type { AnyType, Catalog, Property } from "../schema/catalog.ts";
import type { Name, PropertySyntax } from "./ast.ts";
import type { Problems } from "./problems.ts";
import { fail, propertyHelp, type TypeCode } from "./type_failure.ts";
import type { Param, Variable, VariableId } from "./typed.ts";

/** See the head of this file. */
export class Scope {
  readonly catalog: Catalog;
  readonly params: ReadonlyMap<string, Param>;
  readonly problems: Problems;
  /** All variables of the query so far, in the order of their introduction. */
  readonly variables: Variable[];
  readonly #parent: Scope | null;
  readonly #names = new Map<string, Variable>();
  readonly #own: VariableId[] = [];
  readonly #firstId: VariableId;

  constructor(
    catalog: Catalog,
    params: ReadonlyMap<string, Param>,
    problems: Problems,
    parent: Scope | null = null,
  ) {
    this.catalog = catalog;
    this.params = params;
    this.problems = problems;
    this.variables = parent?.variables ?? [];
    this.#parent = parent;
    this.#firstId = this.variables.length;
  }

  /** The scope of a `not` block. */
  inner(): Scope {
    return new Scope(this.catalog, this.params, this.problems, this);
  }

  /** Whether a variable was introduced above this block. */
  isOuter(id: VariableId): boolean {
    return id < this.#firstId;
  }

  /** The variables introduced in this block itself, inner blocks left out. */
  own(): readonly VariableId[] {
    return this.#own;
  }

  find(name: string): Variable | undefined {
    return this.#names.get(name) ?? this.#parent?.find(name);
  }

  /** Introduces a variable; `$_` introduces another one at each place. */
  introduce(name: string, kind: Variable["kind"], typeName: string): Variable {
    const id = this.variables.length;
    const anonymous = name === "_";
    const variable: Variable = { id, name: anonymous ? `_#${id}` : name, anonymous, kind, typeName };
    this.variables.push(variable);
    this.#own.push(id);
    if (!anonymous) this.#names.set(name, variable);
    return variable;
  }

  /** The node or edge type of a variable. */
  typeOf(variable: Variable): AnyType {
    const types = variable.kind === "node" ? this.catalog.nodes : this.catalog.edges;
    return must(types.get(variable.typeName), `variable ${variable.name} has a type of the catalog`);
  }

  /** All visible variable names, for suggestions. */
  *names(): Iterable<string> {
    yield* this.#names.keys();
    if (this.#parent !== null) yield* this.#parent.names();
  }

  /** Resolves `$x.p`. Unbound variables and unknown properties fail with `code`. */
  property(syntax: PropertySyntax, code: TypeCode): { variable: Variable; property: Property } {
    const { variable: name, property: word } = syntax;
    const variable = this.find(name.text);
    if (variable === undefined) {
      this.problems.refuseBroken(`$${name.text}`);
      return fail(code, `variable \`$${name.text}\` is not bound`, name, () => this.#unboundHelp(name.text));
    }
    const type = this.typeOf(variable);
    const property = type.propertyByName.get(word.text);
    if (property === undefined) {
      return fail(
        code,
        `type \`${type.name}\` of \`$${name.text}\` has no property \`${word.text}\``,
        word,
        propertyHelp(type, word.text),
      );
    }
    return { variable, property };
  }

  /** The declared parameter, or a failure that suggests one. */
  param(name: Name, code: TypeCode): Param {
    const param = this.params.get(name.text);
    if (param !== undefined) return param;
    this.problems.refuseBroken(`$${name.text}`);
    const help = () => didYouMean(name.text, this.params.keys())?.replace("`", "`$");
    const bound = this.find(name.text) !== undefined;
    return fail(
      code,
      `\`$${name.text}\` is not a declared parameter`,
      name,
      bound
        ? "only literals, parameters and `now()` can stand here; compare two properties in a filter"
        : help,
    );
  }

  /** Fails because a bare `$x` is neither a parameter nor a bound variable. */
  unbound(name: string, span: Span): never {
    this.problems.refuseBroken(`$${name}`);
    const help = () => didYouMean(name, [...this.params.keys(), ...this.names()])?.replace("`", "`$");
    return fail(null, `\`$${name}\` is not bound`, span, name === "_" ? "`$_` cannot be referenced" : help);
  }

  #unboundHelp(name: string): string | undefined {
    if (name === "_") return "`$_` cannot be referenced: give the variable a name";
    if (this.params.has(name)) return `\`$${name}\` is a parameter and has no properties`;
    return didYouMean(name, this.names())?.replace("`", "`$");
  }
}
