/** The result of a read: columns of the tables it came from and, per column, which of their rows. */
import { must } from "../../base/assert.ts";
import type { Cell } from "../../schema/value_type.ts";
import type { RowSet } from "../graph.ts";
import { JsonBytes, utf8 } from "./json_bytes.ts";
import type { ResultColumn } from "./result_column.ts";

/** Names of the returned columns, and what JSON needs to know about them. */
export class RowShape {
  /** All names, in order. */
  readonly names: readonly string[];
  /** Per member of the row objects: `{"name":` or `,"name":` and the column that gives its value. */
  readonly members: readonly { readonly head: Uint8Array; readonly index: number }[];

  /** Of columns with one name the last one is shown, at the place of the first. */
  constructor(names: readonly string[]) {
    this.names = names;
    const lastIndex = new Map<string, number>();
    for (const [index, name] of names.entries()) lastIndex.set(name, index);
    this.members = [...lastIndex].map(([name, index], at) => ({
      head: utf8(`${at === 0 ? "{" : ","}${JSON.stringify(name)}:`),
      index,
    }));
  }
}

/** Rows over column vectors. The vectors only grow, so a result stays what it was. */
export class ColumnarRowSet implements RowSet {
  readonly length: number;
  readonly #shape: RowShape;
  readonly #columns: readonly ResultColumn[];

  constructor(shape: RowShape, columns: readonly ResultColumn[], length: number) {
    this.#shape = shape;
    this.#columns = columns;
    this.length = length;
  }

  get columns(): readonly string[] {
    return this.#shape.names;
  }

  cell(row: number, column: number): Cell | null {
    const { column: values, rows } = must(this.#columns[column], "the column exists");
    const at = rows === null ? 0 : must(rows[row], "the row exists");
    return at === -1 ? null : values.get(at);
  }

  toJsonText(): string {
    return this.#write().text();
  }

  /** The same text as UTF-8. */
  toJsonBytes(): Uint8Array<ArrayBuffer> {
    return this.#write().copy();
  }

  #write(): JsonBytes {
    const json = new JsonBytes();
    const { members } = this.#shape;
    json.byte(0x5b);
    for (let row = 0; row < this.length; row++) {
      if (row > 0) json.byte(0x2c);
      for (let at = 0; at < members.length; at++) {
        const { head, index } = members[at]!;
        json.raw(head);
        const { column, rows } = this.#columns[index]!;
        const source = rows === null ? 0 : rows[row]!;
        if (source === -1) json.ascii("null");
        else if (source < column.split) json.value(column.base, source);
        else json.value(column.tail, source - column.split);
      }
      json.byte(0x7d);
    }
    json.byte(0x5d);
    return json;
  }
}
