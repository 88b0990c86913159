import assert from "node:assert/strict";
import { resolveBlobPolicy } from "./external_blobs.ts";

const SOURCE = { path: "cluster.yaml", text: "" };
const SPAN = { start: 0, end: 0 };

type Base = readonly [base: string, scope: "server_safe" | "embedded_only"];

function resolve(bases: readonly Base[]) {
  const allow = bases.map(([text, scope]) => ({ base: { text, span: SPAN }, scope }));
  return resolveBlobPolicy(allow, "graphs.fleet.external_blobs", SOURCE, (path) => path === "/srv/scans");
}

Deno.test("resolveBlobPolicy() normalizes, sorts and denies by default", () => {
  assert.deepEqual(resolve([]), { policy: null, diagnostics: [] });
  const { policy } = resolve([
    ["S3://Quay-Scans/b%20c", "server_safe"],
    ["s3://quay-scans/a/", "embedded_only"],
    ["FILE:///srv/scans", "embedded_only"],
  ]);
  assert.deepEqual(policy, {
    mode: "allow",
    bases: [
      { uri: "file:///srv/scans/", scope: "embedded_only" },
      { uri: "s3://quay-scans/a/", scope: "embedded_only" },
      { uri: "s3://quay-scans/b%20c/", scope: "server_safe" },
    ],
  });
});

Deno.test("resolveBlobPolicy() refuses every form that could widen a prefix", () => {
  const refused: readonly Base[] = [
    ["quay/scans", "server_safe"],
    [" s3://quay/", "server_safe"],
    ["s3://quay\\scans/", "server_safe"],
    ["s3://", "server_safe"],
    ["s3://me@quay/", "server_safe"],
    ["s3://quay:80/", "server_safe"],
    ["s3://quay/?x=1", "server_safe"],
    ["s3://quay/#x", "server_safe"],
    ["s3://quay/a/../b/", "server_safe"],
    ["s3://quay/a//b/", "server_safe"],
    ["s3://quay/a%2Fb/", "server_safe"],
    ["s3://quay/a%2e%2e/%2e%2e/", "server_safe"],
    ["s3://quay/%00/", "server_safe"],
    ["s3://quay/100%/", "server_safe"],
    ["https://quay.example/", "server_safe"],
    ["file:///srv/scans/", "server_safe"],
    ["file:///srv/elsewhere/", "embedded_only"],
    [`s3://quay/${"a".repeat(65_536)}/`, "server_safe"],
  ];
  for (const base of refused) {
    const { policy, diagnostics } = resolve([base]);
    assert.equal(policy, null, base[0]);
    assert.deepEqual(
      diagnostics.map(({ code, path }) => [code, path]),
      [["invalid_external_blob_base", "graphs.fleet.external_blobs.allow[0].base"]],
      base[0],
    );
  }
});

Deno.test("resolveBlobPolicy() refuses overlap by whole segments only", () => {
  const codes = (...bases: Base[]) => resolve(bases).diagnostics.map(({ code }) => code);
  assert.deepEqual(codes(["s3://quay/a/b", "server_safe"], ["s3://quay/a", "server_safe"]), [
    "invalid_external_blob_policy",
  ]);
  assert.deepEqual(codes(["s3://quay/a", "server_safe"], ["s3://quay/a/", "embedded_only"]), [
    "invalid_external_blob_policy",
  ]);
  assert.deepEqual(codes(["s3://quay/a", "server_safe"], ["s3://quay/ab", "server_safe"]), []);
});
