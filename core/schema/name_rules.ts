/** Rules about names: which may repeat, which are taken. */
import type { Declaration, EdgeDecl, InterfaceDecl, NodeDecl, SchemaFile, Word } from "./ast.ts";
import type { Findings } from "./findings.ts";

const RESERVED_EVERYWHERE = new Set([
  "id",
  "_rowid",
  "_rowaddr",
  "_rowoffset",
  "_row_created_at_version",
  "_row_last_updated_at_version",
  "_tombstone",
]);
const RESERVED_ON_EDGES = new Set(["src", "dst", "from", "to"]);

/** The declarations of a file by name, one namespace per kind. */
export interface Names {
  readonly interfaces: ReadonlyMap<string, InterfaceDecl>;
  readonly nodes: ReadonlyMap<string, NodeDecl>;
  readonly edges: ReadonlyMap<string, EdgeDecl>;
}

/** Nodes, edges and interfaces are separate namespaces without repeated names; of equal names the first counts. */
export function collectNames(file: SchemaFile, findings: Findings): Names {
  const interfaces = new Map<string, InterfaceDecl>();
  const nodes = new Map<string, NodeDecl>();
  const edges = new Map<string, EdgeDecl>();
  for (const declaration of file.declarations) {
    const { kind, name } = declaration;
    const space: Map<string, Declaration> = kind === "interface"
      ? interfaces
      : kind === "node"
      ? nodes
      : edges;
    const first = space.get(name.text);
    if (first === undefined) space.set(name.text, declaration);
    else {
      const label = kind === "interface" ? "interface" : `${kind} type`;
      findings.error(name, `duplicate ${label} \`${name.text}\``, firstAt(first.name, findings));
    }
  }
  return { interfaces, nodes, edges };
}

/** Edge names stay distinct after lower-casing, because traversals name edges in any case. */
export function checkEdgeNamesFold(names: Names, findings: Findings): void {
  const folded = new Map<string, Word>();
  for (const { name } of names.edges.values()) {
    const word = name.text.toLowerCase();
    const first = folded.get(word);
    if (first === undefined) folded.set(word, name);
    else {
      findings.error(
        name,
        `edge name collision after case folding: \`${first.text}\` and \`${name.text}\``,
        firstAt(first, findings),
      );
    }
  }
}

/** Property names are distinct inside a declaration and none is reserved. */
export function checkPropertyNames(declaration: Declaration, findings: Findings): void {
  const seen = new Map<string, Word>();
  for (const { name } of declaration.properties) {
    const subject = `\`${declaration.name.text}.${name.text}\``;
    const first = seen.get(name.text);
    if (first === undefined) seen.set(name.text, name);
    else findings.error(name, `duplicate property ${subject}`, firstAt(first, findings));
    if (RESERVED_EVERYWHERE.has(name.text)) {
      findings.error(name, `property name \`${name.text}\` is reserved`, "choose another name");
    } else if (declaration.kind === "edge" && RESERVED_ON_EDGES.has(name.text)) {
      findings.error(name, `property name \`${name.text}\` is reserved on edges`, "choose another name");
    }
  }
}

function firstAt(word: Word, findings: Findings): string {
  return `\`${word.text}\` is already declared on line ${findings.lineOf(word.start)}`;
}
