import assert from "node:assert/strict";
import { nodeType } from "../../../tests/support/graph_fixtures.ts";
import { BLOB_BYTES_MAX } from "../../base/limits.ts";
import { AppError } from "../../errors.ts";
import type { ValueType } from "../../schema/value_type.ts";
import { newTableColumns, type Utf8Column } from "../../storage/columns.ts";
import { checkBlobs } from "./write_limits.ts";

const BLOB: ValueType = { kind: "scalar", scalar: "Blob", enumValues: null };
const FILE = nodeType("File", [["body", BLOB], ["cover", BLOB]]);

/** A spelling of so many bytes. */
function base64Of(bytes: number): string {
  const rest = bytes % 3;
  return `base64:${"A".repeat((bytes - rest) / 3 * 4)}${["", "AA==", "AAA="][rest]}`;
}

function check(...blobs: readonly [body: string | null, cover: string | null][]): void {
  const columns = newTableColumns(FILE);
  blobs.forEach(([body, cover], i) => {
    columns.get("id")!.push(`f${i}`);
    (columns.get("body") as Utf8Column).push(body);
    (columns.get("cover") as Utf8Column).push(cover);
  });
  checkBlobs(FILE, { length: blobs.length, columns });
}

Deno.test("checkBlobs() takes 32 MiB of decoded bytes over all rows and properties of a type, and no byte more", () => {
  const half = base64Of(BLOB_BYTES_MAX / 2);
  check([half, null], [null, half]);
  check([base64Of(0), base64Of(1)], [base64Of(2), null]);
  assert.throws(() => check([half, base64Of(1)], [null, half]), (error) => {
    assert.ok(error instanceof AppError);
    assert.equal(error.code, "resource_limit");
    assert.deepEqual(error.detail, {
      resource_limit: {
        resource: "decoded blob input bytes for node:File",
        limit: BLOB_BYTES_MAX,
        actual: BLOB_BYTES_MAX + 1,
      },
    });
    return true;
  });
});
