/** One returned column: values somewhere in a table column, and which of its rows make the result. */
import type { Cell, ValueType } from "../../schema/value_type.ts";
import { newColumn } from "../../storage/columns.ts";
import { type TableColumn, wholeColumn } from "./table_column.ts";

/** See the head of this file. */
export interface ResultColumn {
  readonly column: TableColumn;
  /** Row per result row, -1 for null; null when row 0 is the value of every result row. */
  readonly rows: Int32Array | null;
}

/** A column with one value in every row. */
export function constantColumn(type: ValueType, value: Cell | null): ResultColumn {
  const column = newColumn(type);
  column.push(value);
  return { column: wholeColumn(column), rows: null };
}
