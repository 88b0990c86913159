/** Match blocks: bindings, traversals with their directions, negation. */
import { didYouMean } from "../base/suggest.ts";
import type { EdgeType, NodeType } from "../schema/catalog.ts";
import type {
  AssignSyntax,
  BindingSyntax,
  ClauseSyntax,
  Name,
  NegationSyntax,
  TraversalSyntax,
} from "./ast.ts";
import { checkFilter } from "./check_filter.ts";
import { checkSearch } from "./check_search.ts";
import { checkPatternValue } from "./check_value.ts";
import type { Scope } from "./scope.ts";
import { edgeSignature, fail, propertyHelp } from "./type_failure.ts";
import type { Clause, ValueExpr, Variable, VariableId } from "./typed.ts";

type PropertyMatch = (Clause & { readonly kind: "node" })["matches"][number];

/** All clauses of one block, in source order. */
export function checkClauses(scope: Scope, clauses: readonly ClauseSyntax[]): Clause[] {
  const typed: Clause[] = [];
  for (const clause of clauses) {
    const one = scope.problems.attempt(() => checkClause(scope, clause));
    if (one !== null) typed.push(one);
    else {scope.problems.breakNames(
        ...introducedBy(clause).filter((name) => scope.find(name.slice(1)) === undefined),
      );}
  }
  return typed;
}

/** The names that a clause introduces where they are new, with `$`. */
function introducedBy(clause: ClauseSyntax): string[] {
  switch (clause.kind) {
    case "binding":
      return [`$${clause.variable.text}`];
    case "traversal":
      return [clause.left, clause.edgeVariable, clause.right].flatMap((name) =>
        name === null ? [] : `$${name.text}`
      );
    default:
      return [];
  }
}

function checkClause(scope: Scope, clause: ClauseSyntax): Clause {
  switch (clause.kind) {
    case "binding":
      return checkBinding(scope, clause);
    case "traversal":
      return checkTraversal(scope, clause);
    case "filter":
      return checkFilter(scope, clause);
    case "textsearch":
      return { kind: "search", search: checkSearch(scope, clause.search) };
    case "not":
      return checkNegation(scope, clause);
  }
}

/** `$x: T {…}` introduces `$x`, or adds conditions to an `$x` of the same type. */
function checkBinding(scope: Scope, { variable: name, typeName, matches }: BindingSyntax): Clause {
  const type = scope.catalog.nodes.get(typeName.text) ?? unknownNodeType(scope, typeName);
  const variable = scope.find(name.text);
  if (variable?.kind === "edge") {
    fail("T23", `edge variable \`$${name.text}\` cannot be bound as a node`, name);
  }
  if (variable !== undefined && variable.typeName !== type.name) {
    fail(null, `\`$${name.text}\` is already bound to type \`${variable.typeName}\``, name);
  }
  const { id } = variable ?? scope.introduce(name.text, "node", type.name);
  const typed = matches.map((match) => scope.problems.attempt(() => checkInlineMatch(scope, type, match)));
  return { kind: "node", variable: id, matches: typed.filter((match) => match !== null) };
}

/** `property: value` of a binding. */
function checkInlineMatch(
  scope: Scope,
  type: NodeType,
  { property: word, value }: AssignSyntax,
): PropertyMatch {
  const property = type.propertyByName.get(word.text);
  if (property === undefined) {
    const message = `type \`${type.name}\` has no property \`${word.text}\``;
    return fail("T2", message, word, propertyHelp(type, word.text));
  }
  const field = { owner: type.name, name: property.name, type: property.type };
  return {
    property: property.name,
    op: property.type.kind === "list" ? "contains" : "=",
    value: checkPatternValue(scope, value, field),
  };
}

function unknownNodeType(scope: Scope, name: Name): never {
  const isEdge = scope.catalog.edges.has(name.text);
  const help = isEdge
    ? `\`${name.text}\` is an edge type: write \`$a ${edgeWord(name.text)} $b\``
    : () => didYouMean(name.text, scope.catalog.nodes.keys());
  return fail("T1", `unknown node type \`${name.text}\``, name, help);
}

/** `$a $w:e{m,n} $b` */
function checkTraversal(scope: Scope, syntax: TraversalSyntax): Clause {
  const edge = scope.catalog.edgeByWord.get(syntax.edge.text.toLowerCase()) ??
    unknownEdge(scope, syntax.edge);
  if (syntax.undirected && edge.from !== edge.to) {
    const message = `\`<${syntax.edge.text}>\` needs an edge with equal endpoint types, found \`${
      edgeSignature(edge)
    }\``;
    fail("T22", message, syntax.edge);
  }
  const hops = checkHops(syntax, edge);
  checkEdgeVariable(scope, syntax);
  const forward = walksForward(scope, syntax, edge);
  const left = endpoint(scope, syntax.left, forward ? edge.from : edge.to, edge);
  const right = endpoint(scope, syntax.right, forward ? edge.to : edge.from, edge);
  return {
    kind: "traverse",
    left,
    right,
    edge: edge.name,
    direction: syntax.undirected ? "both" : forward ? "out" : "in",
    ...hops,
    edgeVariable: introduceEdgeVariable(scope, syntax, edge),
  };
}

function unknownEdge(scope: Scope, word: Name): never {
  const words = () => [...scope.catalog.edges.keys()].map(edgeWord);
  return fail("T4", `unknown edge \`${word.text}\``, word, () => didYouMean(word.text, words()));
}

/** `StoredIn` as queries write it: `storedIn`. */
function edgeWord(name: string): string {
  return name.slice(0, 1).toLowerCase() + name.slice(1);
}

/** Hop bounds: T15. An edge between different types cannot chain, so its upper bound is one hop. */
function checkHops({ hops }: TraversalSyntax, edge: EdgeType): { min: number; max: number } {
  if (hops === null) return { min: 1, max: 1 };
  const { min, max } = hops;
  if (max === null) {
    return fail("T15", "unbounded traversal is disabled", hops, `give an upper bound: \`{${min},5}\``);
  }
  if (min < 1n) fail("T15", `the least number of hops must be >= 1, found ${min}`, hops);
  if (max < min) fail("T15", `max must be >= min, found {${min},${max}}`, hops);
  const cap = edge.from === edge.to ? Number.MAX_SAFE_INTEGER : 1;
  return { min: Number(min), max: Math.min(Number(max), cap) };
}

/** Edge variables are new names on single hops: T23. */
function checkEdgeVariable(scope: Scope, { edgeVariable: name, hops, left, right }: TraversalSyntax): void {
  if (name === null || name.text === "_") return;
  if (hops !== null) fail("T23", `edge variable \`$${name.text}\` cannot be combined with hop bounds`, hops);
  if (name.text === left.text || name.text === right.text) {
    fail("T23", `edge variable \`$${name.text}\` is also an endpoint of the traversal`, name);
  }
  if (scope.find(name.text) !== undefined) {
    fail(
      "T23",
      `edge variable \`$${name.text}\` is already bound`,
      name,
      "every edge variable needs a name of its own",
    );
  }
}

function introduceEdgeVariable(
  scope: Scope,
  { edgeVariable: name }: TraversalSyntax,
  edge: EdgeType,
): VariableId | null {
  if (name === null || name.text === "_") return null;
  return scope.introduce(name.text, "edge", edge.name).id;
}

/**
 * Which way an edge is walked: the type of the left variable decides if it is bound, else that of the right one, else
 * forward. Equal endpoint types are always walked forward.
 */
function walksForward(scope: Scope, { left, right }: TraversalSyntax, edge: EdgeType): boolean {
  const leftBound = boundNode(scope, left);
  if (leftBound !== undefined) {
    if (leftBound.typeName === edge.from) return true;
    return leftBound.typeName === edge.to ? false : notAnEndpoint(left, leftBound, edge);
  }
  const rightBound = boundNode(scope, right);
  if (rightBound === undefined || rightBound.typeName === edge.to) return true;
  return rightBound.typeName === edge.from ? false : notAnEndpoint(right, rightBound, edge);
}

function boundNode(scope: Scope, name: Name): Variable | undefined {
  if (name.text === "_") return undefined;
  const variable = scope.find(name.text);
  if (variable?.kind === "edge") fail("T23", `edge variable \`$${name.text}\` cannot be an endpoint`, name);
  return variable;
}

function notAnEndpoint(name: Name, variable: Variable, edge: EdgeType): never {
  const types = edge.from === edge.to ? `\`${edge.from}\`` : `\`${edge.from}\` or \`${edge.to}\``;
  const message = `\`$${name.text}\` has type \`${variable.typeName}\`, but \`${
    edgeSignature(edge)
  }\` joins ${types}`;
  return fail("T5", message, name);
}

/** The variable at one end, introduced if new; its type must be the one this end has. */
function endpoint(scope: Scope, name: Name, expected: NodeType["name"], edge: EdgeType): VariableId {
  const variable = boundNode(scope, name) ?? scope.introduce(name.text, "node", expected);
  if (variable.typeName !== expected) {
    const found = `\`$${name.text}\` has type \`${variable.typeName}\``;
    fail("T5", `${found}, but this end of \`${edgeSignature(edge)}\` has type \`${expected}\``, name);
  }
  return variable.id;
}

/** `not {…}`: at least one direct inner clause uses a variable from above: T9. */
function checkNegation(scope: Scope, syntax: NegationSyntax): Clause {
  const inner = scope.inner();
  const before = scope.problems.count;
  const clauses = checkClauses(inner, syntax.clauses);
  // What a broken clause uses is unknown.
  const judged = scope.problems.count === before;
  if (judged && !clauses.some((clause) => variablesOf(clause).some((id) => inner.isOuter(id)))) {
    fail(
      "T9",
      "`not` uses no variable from above the block",
      syntax,
      "name a variable of the outer match in it",
    );
  }
  return { kind: "not", clauses };
}

/** Variables that a clause itself uses; those of a nested block do not count. */
function variablesOf(clause: Clause): VariableId[] {
  switch (clause.kind) {
    case "node":
      return [clause.variable];
    case "traverse":
      return [clause.left, clause.right];
    case "filter":
      return [clause.left, clause.right].flatMap(variableOfValue);
    case "search":
      return [clause.search.field.variable];
    case "not":
      return [];
  }
}

function variableOfValue(value: ValueExpr): VariableId[] {
  return value.kind === "property" ? [value.variable] : [];
}
