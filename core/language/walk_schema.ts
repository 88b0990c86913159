/** Finds what may stand at the caret of a `.pg` text that is being typed. */
import { PUNCTUATION, TOP_LEVEL } from "../schema/token_cursor.ts";
import type { Expectation } from "./expectation.ts";
import { isEdge, type SchemaOutline, type TypeOutline } from "./schema_outline.ts";
import { tokensWithCaret, TokenWalk, type WalkToken } from "./token_walk.ts";

const TYPE_FORMS = ["[", "enum(", "Vector("];
const HEAD_NAMES = ["description", "instruction", "rename_from"];
const PROPERTY_NAMES = ["key", "unique", "index", "embed", "description", "rename_from"];
const NODE_CONSTRAINTS = ["key", "unique", "index", "range", "check"];
const EDGE_CONSTRAINTS = ["unique", "index"];
const ENDPOINTS = ["src", "dst"];

/** What may stand at an offset, and the caret with the part of the word before it; null inside comments and numbers. */
export function expectedInSchema(
  outline: SchemaOutline,
  offset: number,
): { readonly caret: WalkToken; readonly expectations: readonly Expectation[] } | null {
  const placed = tokensWithCaret(outline.source.text, PUNCTUATION, offset);
  if (placed === null) return null;
  const walk = new SchemaWalk(outline, placed.tokens);
  walk.file();
  return { caret: placed.caret, expectations: walk.expectations };
}

type Keyword = (typeof TOP_LEVEL)[number];

class SchemaWalk extends TokenWalk {
  readonly expectations: Expectation[] = [];
  readonly #outline: SchemaOutline;

  constructor(outline: SchemaOutline, tokens: readonly WalkToken[]) {
    super(outline.source.text, tokens);
    this.#outline = outline;
  }

  file(): void {
    while (!this.isKind("end")) {
      const keyword = this.#keyword();
      if (keyword !== undefined) this.#declaration(keyword);
      else if (!this.#caret({ kind: "words", words: TOP_LEVEL })) this.take();
    }
  }

  #keyword(): Keyword | undefined {
    return TOP_LEVEL.find((word) => this.isWord(word));
  }

  /** Whether the next declaration starts; `node: String` is a property. */
  #atDeclaration(): boolean {
    return this.isKind("end") || (this.#keyword() !== undefined && this.isKind("word", 1));
  }

  #declaration(keyword: Keyword): void {
    this.take();
    let type: TypeOutline | null = null;
    if (!this.#caret() && this.isKind("word")) {
      const name = this.take().text;
      const { interfaces, nodes, edges } = this.#outline;
      type = (keyword === "interface" ? interfaces : keyword === "node" ? nodes : edges).get(name) ?? null;
    }
    if (keyword === "edge") this.#ends();
    this.#head(keyword, type);
    if (this.maybePunct("{")) this.#body(keyword, type);
  }

  /** `: From -> To` */
  #ends(): void {
    for (const sign of [":", "->"]) {
      if (!this.maybePunct(sign)) return;
      if (!this.#caret({ kind: "node_types" }) && this.isTypeName()) this.take();
    }
  }

  #head(keyword: Keyword, type: TypeOutline | null): void {
    const names = keyword === "interface" ? [] : keyword === "edge" ? ["card", ...HEAD_NAMES] : HEAD_NAMES;
    while (!this.isPunct("{") && !this.isPunct("}") && !this.#atDeclaration()) {
      // An edge needs no body, so on a new line the next declaration may be meant.
      const next = keyword === "edge" && this.startsLine() ? TOP_LEVEL : [];
      const words = keyword === "node" ? ["implements"] : next;
      if (this.#caret({ kind: "words", words }, { kind: "annotations", names, sign: true })) continue;
      if (this.maybePunct("@")) this.#annotation(names, type);
      else if (this.maybeWord("implements")) this.#interfaces();
      else this.take();
    }
  }

  #interfaces(): void {
    do {
      if (this.#caret({ kind: "interfaces" })) continue;
      if (this.isTypeName()) this.take();
    } while (this.maybePunct(","));
  }

  #body(keyword: Keyword, type: TypeOutline | null): void {
    const constraints = keyword === "node" ? NODE_CONSTRAINTS : keyword === "edge" ? EDGE_CONSTRAINTS : [];
    const annotations = keyword === "edge"
      ? PROPERTY_NAMES.filter((name) => name !== "key" && name !== "embed")
      : PROPERTY_NAMES;
    let behindType = false;
    while (!this.#atDeclaration()) {
      const fresh = this.startsLine();
      const names = behindType && !fresh ? annotations : constraints;
      if (this.maybePunct("}")) return;
      if (this.#caret({ kind: "annotations", names, sign: true })) continue;
      if (this.maybePunct("@")) this.#annotation(names, type);
      else if (this.maybePunct(":")) {
        this.#type();
        behindType = true;
      } else {
        if (this.isKind("word")) behindType = false;
        this.take();
      }
    }
  }

  #type(): void {
    if (this.maybePunct("[")) {
      if (!this.#caret({ kind: "scalar_types", forms: [] }) && this.isTypeName()) this.take();
      this.maybePunct("]");
    } else if (!this.#caret({ kind: "scalar_types", forms: TYPE_FORMS })) {
      // A word before `:` is the next property.
      if (!this.isKind("word") || this.isPunct(":", 1)) return;
      this.take();
      if (this.isPunct("(")) this.#skipArguments();
    }
    this.maybePunct("?");
  }

  /** Behind `@`. */
  #annotation(names: readonly string[], type: TypeOutline | null): void {
    if (this.#caret({ kind: "annotations", names, sign: false }) || !this.isKind("word")) return;
    const { text: name } = this.take();
    if (!this.isPunct("(")) return;
    if (["key", "unique", "index", "range", "check", "embed"].includes(name)) this.#columns(name, type);
    else this.#skipArguments();
  }

  /** `(column, …)`; behind the column of a `@range`, `@check` or `@embed` stands something else. */
  #columns(name: string, type: TypeOutline | null): void {
    this.take();
    const many = name === "key" || name === "unique" || name === "index";
    const taken = new Set<string>();
    do {
      const expected: Expectation[] = [{ kind: "properties", type, taken }];
      if (many && isEdge(type)) expected.push({ kind: "endpoints", edge: type, words: ENDPOINTS });
      if (this.#caret(...expected)) continue;
      if (this.isKind("word")) taken.add(this.take().text);
    } while (many && this.maybePunct(","));
    this.#skipArguments();
  }

  /** To the closing parenthesis on this line. */
  #skipArguments(): void {
    do {
      if (this.isKind("end") || this.isPunct("{") || this.isPunct("}") || this.#atDeclaration()) return;
    } while (!this.maybePunct(")") && this.#skip());
  }

  #skip(): true {
    if (!this.#caret()) this.take();
    return true;
  }

  #caret(...expected: readonly Expectation[]): boolean {
    if (!this.isKind("caret")) return false;
    this.take();
    this.expectations.push(...expected);
    return true;
  }
}
