/**
 * Entities as lines of NDJSON, in the grammar of loads: member names sorted at every level, nulls included, always with
 * the id, values in the entity form of `json_bytes.ts`. Equal entities give equal bytes.
 *
 *   {"data":{"id":"s-1","name":"Aurora"},"type":"Ship"}
 *   {"data":{"id":"01J…","since":17000},"edge":"Docked","from":"s-1","to":"p-1"}
 */
import type { JsonBytes } from "./json_bytes.ts";
import { utf8 } from "./json_bytes.ts";
import type { TableColumn } from "./table_column.ts";
import type { MemoryTableView } from "./table_view.ts";

/** A member of a line: what stands before its value, and the column of the value. */
interface Part {
  readonly head: Uint8Array;
  readonly column: TableColumn;
}

/** Writes the rows of one table, all of whose columns are prepared. */
export class EntityLines {
  readonly #parts: readonly Part[];
  readonly #tail: Uint8Array;

  constructor(table: MemoryTableView) {
    const { type } = table;
    const part = (head: string, column: string) => ({ head: utf8(head), column: table.column(column) });
    const names = ["id", ...type.properties.map(({ name }) => name)].sort();
    const data = names.map((name, at) => part(`${at === 0 ? '{"data":{' : ","}"${name}":`, name));
    if (type.kind === "node") {
      this.#parts = data;
      this.#tail = utf8(`},"type":"${type.name}"}\n`);
    } else {
      this.#parts = [...data, part(`},"edge":"${type.name}","from":`, "src"), part(',"to":', "dst")];
      this.#tail = utf8("}\n");
    }
  }

  /** Appends the line of a row. */
  write(json: JsonBytes, row: number): void {
    for (const { head, column } of this.#parts) {
      json.raw(head);
      if (row < column.split) json.value(column.base, row);
      else json.value(column.tail, row - column.split);
    }
    json.raw(this.#tail);
  }
}
