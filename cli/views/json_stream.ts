/**
 * JSON written piece by piece, byte-equal to pretty-printing the whole: what is long is written while it arrives.
 */
import { prettyOutput } from "./json.ts";

/** An object or list that is being written. */
interface Open {
  readonly end: "}" | "]";
  isEmpty: boolean;
}

/** Writes one JSON value. Inside an object every piece has a name, inside a list none. */
export class JsonStream {
  readonly #out: (text: string) => void;
  readonly #open: Open[] = [];

  constructor(out: (text: string) => void) {
    this.#out = out;
  }

  /** Begins an object. */
  object(name?: string): void {
    this.#begin(name);
    this.#out("{");
    this.#open.push({ end: "}", isEmpty: true });
  }

  /** Begins a list. */
  list(name?: string): void {
    this.#begin(name);
    this.#out("[");
    this.#open.push({ end: "]", isEmpty: true });
  }

  /** A whole value. Undefined is left out, as in a whole object. */
  value(value: unknown, name?: string): void {
    if (value === undefined) return;
    this.#begin(name);
    // Text holds no line breaks in JSON, so every one of them belongs to the layout.
    this.#out(prettyOutput(value).trimEnd().replaceAll("\n", this.#newLine()));
  }

  /** Ends the object or list that was begun last. */
  end(): void {
    const { end, isEmpty } = this.#open.pop()!;
    this.#out((isEmpty ? "" : this.#newLine()) + end + (this.#open.length === 0 ? "\n" : ""));
  }

  #begin(name: string | undefined): void {
    const parent = this.#open.at(-1);
    if (parent === undefined) return;
    this.#out(
      (parent.isEmpty ? "" : ",") + this.#newLine() + (name === undefined ? "" : `${JSON.stringify(name)}: `),
    );
    parent.isEmpty = false;
  }

  #newLine(): string {
    return "\n" + "  ".repeat(this.#open.length);
  }
}
