import assert from "node:assert/strict";
import { AppError } from "../errors.ts";
import { envOf } from "../../tests/support/s3_server.ts";
import { lanceStorageOptions, readS3Settings, s3Host } from "./s3_settings.ts";

const KEYS = { AWS_ACCESS_KEY_ID: "id", AWS_SECRET_ACCESS_KEY: "secret" };

Deno.test("S3 settings: a region and keys lead to Amazon, the bucket in the host name", () => {
  const settings = readS3Settings(envOf({ AWS_DEFAULT_REGION: "eu-north-1", ...KEYS }), "quay");
  assert.deepEqual(settings, {
    region: "eu-north-1",
    endpoint: "https://s3.eu-north-1.amazonaws.com",
    pathStyle: false,
    keys: { accessKeyId: "id", secretAccessKey: "secret", sessionToken: null },
  });
  assert.equal(s3Host(settings, "quay"), "quay.s3.eu-north-1.amazonaws.com:443");
  assert.equal(lanceStorageOptions(settings)["aws_virtual_hosted_style_request"], "true");
});

Deno.test("S3 settings: the more special variable wins, blank ones count as unset", () => {
  const settings = readS3Settings(
    envOf({
      AWS_REGION: "eu-west-1",
      AWS_DEFAULT_REGION: "us-east-2",
      AWS_ENDPOINT_URL: "https://elsewhere.example",
      AWS_ENDPOINT_URL_S3: "http://127.0.0.1:9000/",
      AWS_SESSION_TOKEN: "  ",
      ...KEYS,
    }),
    "quay",
  );
  assert.equal(settings.region, "eu-west-1");
  assert.equal(settings.endpoint, "http://127.0.0.1:9000");
  assert.equal(settings.keys?.sessionToken, null);
  assert.equal(s3Host(settings, "quay"), "127.0.0.1:9000");
  assert.deepEqual(lanceStorageOptions(settings), {
    aws_region: "eu-west-1",
    aws_endpoint: "http://127.0.0.1:9000",
    allow_http: "true",
    aws_virtual_hosted_style_request: "false",
    aws_access_key_id: "id",
    aws_secret_access_key: "secret",
  });
});

Deno.test("S3 settings: another server needs no region, a bucket with dots goes into the path", () => {
  const elsewhere = readS3Settings(envOf({ AWS_ENDPOINT_URL: "https://store.example" }), "quay");
  assert.deepEqual([elsewhere.region, elsewhere.keys], ["us-east-1", null]);
  assert.equal(s3Host(elsewhere, "quay"), "store.example:443");
  const dotted = readS3Settings(envOf({ AWS_REGION: "cn-north-1" }), "quay.data");
  assert.equal(s3Host(dotted, "quay.data"), "s3.cn-north-1.amazonaws.com.cn:443");
});

Deno.test("S3 settings: what is missing or wrong is named, secrets are not repeated", () => {
  const wrong: [Record<string, string>, RegExp][] = [
    [{}, /set AWS_REGION/],
    [{ AWS_REGION: "not a region" }, /AWS_REGION: "not a region" is not a region/],
    [{ AWS_REGION: "eu-west-1", AWS_ACCESS_KEY_ID: "id" }, /AWS_SECRET_ACCESS_KEY is not set/],
    [{ AWS_REGION: "eu-west-1", AWS_SECRET_ACCESS_KEY: "hush" }, /AWS_ACCESS_KEY_ID is not set/],
    [{ AWS_ENDPOINT_URL: "http://user:hush@host" }, /write it as `https:\/\/host`/],
    [{ AWS_ENDPOINT_URL: "host:9000" }, /write it as/],
    [{ AWS_ENDPOINT_URL: "https://host/path" }, /write it as/],
  ];
  for (const [variables, message] of wrong) {
    assert.throws(
      () => readS3Settings(envOf(variables), "quay"),
      (error) => error instanceof AppError && message.test(error.message) && !error.message.includes("hush"),
      JSON.stringify(variables),
    );
  }
});
