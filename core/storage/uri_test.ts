import assert from "node:assert/strict";
import { AppError } from "../errors.ts";
import { joinUri, parseStorageUri, showUri } from "./uri.ts";

Deno.test("parseStorageUri() reads paths, file:// and s3://", () => {
  const rows: [string, string][] = [
    ["data", "/base/data"],
    ["./data/", "/base/data"],
    ["../data//x", "/data/x"],
    ["/abs/data///", "/abs/data"],
    ["file:///abs/da%20ta/", "/abs/da ta"],
    ["FILE://localhost/abs", "/abs"],
    ["s3://quay-data", "s3://quay-data"],
    ["s3://quay-data/", "s3://quay-data"],
    ["S3://quay-data/clusters/north//", "s3://quay-data/clusters/north"],
  ];
  for (const [input, shown] of rows) {
    const uri = parseStorageUri(input, "/base");
    assert.equal(showUri(uri), shown);
    assert.deepEqual(
      parseStorageUri(showUri(uri), "/elsewhere"),
      uri,
      "the shown form parses to the same address",
    );
  }
  assert.deepEqual(parseStorageUri("s3://b-1/p/q", "/"), { kind: "s3", bucket: "b-1", prefix: "p/q" });
});

Deno.test("parseStorageUri() refuses what it cannot address, naming the reason", () => {
  const rows: [string, RegExp][] = [
    ["", /blank/],
    ["  ", /blank/],
    ["a\0b", /NUL/],
    ["s3://", /needs a bucket/],
    ["s3:///prefix", /needs a bucket/],
    ["s3://Bad_Bucket/x", /not a bucket name/],
    ["s3://quay/a/../b", /segments/],
    ["s3://quay/a//b", /segments/],
    ["http://host/x", /`http:\/\/` is not supported/],
    ["gs://bucket", /not supported/],
    ["file://host/x", /absolute path/],
    ["file://relative", /absolute path/],
    ["file:///a?x=1", /no query/],
    ["file:///a%zz", /percent-encoding/],
    ["file:///a%00b", /NUL/],
  ];
  for (const [input, message] of rows) {
    assert.throws(() => parseStorageUri(input, "/base"), (error) => {
      assert.ok(error instanceof AppError);
      assert.equal(error.code, "invalid_input");
      assert.match(error.message, message);
      return true;
    });
  }
});

Deno.test("joinUri() addresses what is below", () => {
  assert.equal(showUri(joinUri(parseStorageUri("/a", "/"), "graphs/b.omni")), "/a/graphs/b.omni");
  assert.equal(showUri(joinUri(parseStorageUri("s3://quay", "/"), "graphs/b")), "s3://quay/graphs/b");
  assert.equal(showUri(joinUri(parseStorageUri("s3://quay/x", "/"), "graphs/b")), "s3://quay/x/graphs/b");
});
