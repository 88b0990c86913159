/**
 * Lays out formatted source text: lines that a formatter decided on, woven together with the comments of the source.
 *
 * A comment behind a line stays behind it; a comment inside a line moves above it; all others keep lines of their own.
 * Blank lines stay where they were, at most one at a time. Shared by the formatters of both languages.
 */
import type { Comment } from "./lexer.ts";
import type { Span } from "./span.ts";

const INDENT = "    ";

/** One line of output and the source it stands for. A line that ends with an opening bracket opens a body. */
export interface Line extends Span {
  readonly text: string;
  /** Levels of indentation, four spaces each. */
  readonly depth: number;
  /** Closes a body: no blank line stands above, and comments above belong to the body. */
  readonly closes: boolean;
  /** A blank line must stand above. */
  readonly apart: boolean;
}

/**
 * The text of lines and comments, both in source order, with one final newline; nothing when there are none. Text with
 * the layout that this gives it comes out unchanged.
 */
export function writeLines(source: string, comments: readonly Comment[], lines: Iterable<Line>): string {
  const writer = new LineWriter(source, comments);
  for (const line of lines) writer.line(line);
  return writer.finish();
}

/** Invariant: everything of the source before `#end` is written. */
class LineWriter {
  readonly #source: string;
  readonly #comments: readonly Comment[];
  readonly #lines: string[] = [];
  #nextComment = 0;
  #end = 0;
  #atBodyStart = true;

  constructor(source: string, comments: readonly Comment[]) {
    this.#source = source;
    this.#comments = comments;
  }

  line(line: Line): void {
    let apart = line.apart;
    for (const comment of this.#commentsBefore(line.end)) {
      if (comment.start < line.start && this.#staysBehind(comment)) this.#append(comment);
      else {
        const start = Math.min(comment.start, line.start);
        this.#comment(comment, start, line.closes ? line.depth + 1 : line.depth, apart);
        apart = false;
      }
    }
    this.#own(line.text, line, line.depth, apart && !line.closes, line.closes);
    this.#atBodyStart = line.text.endsWith("{") || line.text.endsWith("(");
  }

  finish(): string {
    for (const comment of this.#commentsBefore(this.#source.length)) {
      if (this.#staysBehind(comment)) this.#append(comment);
      else this.#comment(comment, comment.start, 0, false);
    }
    return this.#lines.length === 0 ? "" : this.#lines.join("\n") + "\n";
  }

  *#commentsBefore(end: number): Generator<Comment> {
    for (; (this.#comments[this.#nextComment]?.start ?? end) < end; this.#nextComment++) {
      yield this.#comments[this.#nextComment]!;
    }
  }

  /** Whether a comment belongs behind what was written last: nothing but blanks in between, and no break inside. */
  #staysBehind(comment: Comment): boolean {
    return this.#lines.length > 0 && this.#breaksBefore(comment) === 0 && !comment.text.includes("\n");
  }

  #append(comment: Comment): void {
    this.#lines[this.#lines.length - 1] += " " + comment.text.trimEnd();
    this.#end = comment.end;
  }

  /** Writes a comment on its own line, as if it stood at `start`. */
  #comment(comment: Comment, start: number, depth: number, apart: boolean): void {
    const text = comment.text.replaceAll("\r\n", "\n").trimEnd();
    this.#own(text, { start, end: comment.end }, depth, apart, false);
  }

  #own(text: string, place: Span, depth: number, apart: boolean, tight: boolean): void {
    const blank = apart || (this.#breaksBefore(place) > 1 && !tight);
    if (blank && !this.#atBodyStart) this.#lines.push("");
    this.#lines.push(INDENT.repeat(depth) + text);
    this.#end = Math.max(this.#end, place.end);
    this.#atBodyStart = false;
  }

  /** Line breaks between what was written last and a place. */
  #breaksBefore(place: Span): number {
    return this.#source.slice(this.#end, Math.max(this.#end, place.start)).split("\n").length - 1;
  }
}
