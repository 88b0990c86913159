/** Mutations: T10 to T14, T16, immutable keys, and the rule that deletes stand alone. */
import { didYouMean } from "../base/suggest.ts";
import type { EdgeType, NodeType } from "../schema/catalog.ts";
import { typeName } from "../schema/value_type.ts";
import type { AssignSyntax, Name, PredicateSyntax, StatementSyntax } from "./ast.ts";
import { checkAssignedValue, checkPredicateValue } from "./check_value.ts";
import { type Field, scalarType } from "./literal.ts";
import type { Scope } from "./scope.ts";
import { edgeSignature, fail, propertyHelp } from "./type_failure.ts";
import type { Assignment, MutationPredicate, Statement } from "./typed.ts";

/** All statements of one mutation query, in source order. */
export function checkStatements(
  scope: Scope,
  name: Name,
  statements: readonly StatementSyntax[],
): Statement[] {
  const typed = statements.map((statement) => scope.problems.attempt(() => checkStatement(scope, statement)));
  const odd = statements.find(({ kind }) => (kind === "delete") !== (statements[0]?.kind === "delete"));
  if (odd !== undefined) {
    const message = `mutation '${name.text}' mixes inserts/updates and deletes`;
    fail(null, message, odd, "split it into two queries");
  }
  return typed.filter((statement) => statement !== null);
}

function checkStatement(scope: Scope, statement: StatementSyntax): Statement {
  switch (statement.kind) {
    case "insert":
      return checkInsert(scope, statement.typeName, statement);
    case "update":
      return checkUpdate(scope, statement);
    case "delete": {
      const type = targetType(scope, statement.typeName);
      const where = checkPredicate(scope, type, statement.where);
      return { kind: "delete", target: type.kind, typeName: type.name, where };
    }
  }
}

/** The type a statement names; a name that is both means the node: T10. */
function targetType({ catalog }: Scope, name: Name): NodeType | EdgeType {
  const type = catalog.nodes.get(name.text) ?? catalog.edges.get(name.text);
  if (type !== undefined) return type;
  const help = () => didYouMean(name.text, [...catalog.nodes.keys(), ...catalog.edges.keys()]);
  return fail("T10", `unknown type \`${name.text}\``, name, help);
}

function checkInsert(
  scope: Scope,
  name: Name,
  { assignments }: { assignments: readonly AssignSyntax[] },
): Statement {
  const type = targetType(scope, name);
  const typed = checkAssignments(scope, type, assignments, (word) => insertField(type, word));
  const assigned = new Set(assignments.map(({ property }) => property.text));
  const missing = requiredFields(type).filter((field) =>
    !field.satisfiedBy.some((other) => assigned.has(other))
  );
  // A property that does not exist was meant to be another one, perhaps a missing one.
  const judged = assignments.every(({ property }) => isField(type, property.text));
  if (judged && missing.length > 0) {
    const signature = type.kind === "edge" ? `edge \`${edgeSignature(type)}\`` : `\`${type.name}\``;
    const what = missing.length === 1 ? "property" : "properties";
    fail("T12", `insert of ${signature} lacks required ${what} ${missing.map(fieldText).join(", ")}`, name);
  }
  return { kind: "insert", target: type.kind, typeName: type.name, assignments: typed };
}

interface RequiredField {
  readonly name: string;
  readonly satisfiedBy: readonly string[];
}

function fieldText({ name, satisfiedBy }: RequiredField): string {
  const source = satisfiedBy[1];
  return source === undefined ? `\`${name}\`` : `\`${name}\` (or its source \`${source}\`)`;
}

/** What an insert must assign: each by its own name, a vector with `@embed` also by its source. */
function requiredFields(type: NodeType | EdgeType): RequiredField[] {
  const endpoints = type.kind === "edge" ? ["from", "to"] : [];
  return [
    ...endpoints.map((name) => ({ name, satisfiedBy: [name] })),
    ...type.properties.filter(({ nullable }) => !nullable).map(({ name, embed }) => ({
      name,
      satisfiedBy: embed === null ? [name] : [name, embed.source],
    })),
  ];
}

function checkUpdate(scope: Scope, statement: StatementSyntax & { kind: "update" }): Statement {
  const type = targetType(scope, statement.typeName);
  if (type.kind === "edge") {
    return fail(
      "T16",
      `update is only supported for node types, not for edge \`${edgeSignature(type)}\``,
      statement.typeName,
      "delete the edge and insert it again",
    );
  }
  const assignments = checkAssignments(scope, type, statement.assignments, (word) => {
    if (type.keyProperties?.includes(word.text)) {
      fail(null, `cannot update @key property '${word.text}'`, word);
    }
    return propertyField(type, word);
  });
  const where = checkPredicate(scope, type, statement.where);
  return { kind: "update", typeName: type.name, assignments, where };
}

function checkAssignments(
  scope: Scope,
  type: NodeType | EdgeType,
  assignments: readonly AssignSyntax[],
  fieldOf: (word: Name) => Field,
): Assignment[] {
  const assigned = new Set<string>();
  const check = ({ property: word, value }: AssignSyntax): Assignment => {
    const field = fieldOf(word);
    if (assigned.has(field.name)) {
      fail("T13", `property \`${type.name}.${field.name}\` is assigned twice`, word, "keep one of the two");
    }
    assigned.add(field.name);
    return { property: field.name, value: checkAssignedValue(scope, value, field) };
  };
  const typed = assignments.map((assignment) => scope.problems.attempt(() => check(assignment)));
  return typed.filter((assignment) => assignment !== null);
}

function isField(type: NodeType | EdgeType, name: string): boolean {
  return type.propertyByName.has(name) || isEndpoint(type, name);
}

function isEndpoint(type: NodeType | EdgeType, name: string): boolean {
  return type.kind === "edge" && (name === "from" || name === "to");
}

/** A property, or `from`/`to` of an edge: T11. */
function insertField(type: NodeType | EdgeType, word: Name): Field {
  if (isEndpoint(type, word.text)) {
    return { owner: type.name, name: word.text, type: scalarType("String") };
  }
  return propertyField(type, word);
}

function propertyField(type: NodeType | EdgeType, word: Name): Field {
  const property = type.propertyByName.get(word.text) ?? unknownProperty(type, word);
  return { owner: type.name, name: property.name, type: property.type };
}

function unknownProperty(type: NodeType | EdgeType, word: Name): never {
  const endpoint = type.kind === "edge" && (word.text === "src" || word.text === "dst");
  const help = endpoint
    ? `the endpoints are written \`${word.text === "src" ? "from" : "to"}\``
    : propertyHelp(type, word.text);
  return fail("T11", `type \`${type.name}\` has no property \`${word.text}\``, word, help);
}

/** `property op value`: T11 for what has no comparison. */
function checkPredicate(scope: Scope, type: NodeType | EdgeType, syntax: PredicateSyntax): MutationPredicate {
  const field = insertField(type, syntax.property);
  if (field.type.kind === "scalar" && field.type.scalar === "Blob") {
    const message = `property \`${type.name}.${field.name}\` has type ${
      typeName(field.type)
    } and cannot stand in \`where\``;
    fail("T11", message, syntax.property);
  }
  return { property: field.name, op: syntax.op, value: checkPredicateValue(scope, syntax.value, field) };
}
