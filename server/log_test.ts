import assert from "node:assert/strict";
import { batchedSink, Log } from "./log.ts";

Deno.test("Log writes one JSON record per line, from its level up", () => {
  const lines: string[] = [];
  const log = new Log({ level: "warn", clock: { nowMs: () => 0 }, sink: (line) => lines.push(line) });
  log.info("request", { status: 200 });
  log.warn("quarantined", { graph_id: "a\nb" });
  log.error("failed");
  assert.deepEqual(lines.map((line) => JSON.parse(line)), [
    { time: "1970-01-01T00:00:00.000Z", level: "warn", message: "quarantined", graph_id: "a\nb" },
    { time: "1970-01-01T00:00:00.000Z", level: "error", message: "failed" },
  ]);
  assert.ok(lines.every((line) => line.indexOf("\n") === line.length - 1));
});

Deno.test("batchedSink() keeps order, writes urgent lines at once and survives short writes", () => {
  let written = "";
  const { sink, flush } = batchedSink((bytes) => {
    const length = Math.min(3, bytes.length);
    written += new TextDecoder().decode(bytes.subarray(0, length));
    return length;
  });
  sink("first\n", false);
  assert.equal(written, "");
  sink("second\n", true);
  assert.equal(written, "first\nsecond\n");
  sink("third\n", false);
  flush();
  assert.equal(written, "first\nsecond\nthird\n");
});

Deno.test("batchedSink() drops what cannot be written and goes on", () => {
  let broken = true;
  let written = "";
  const { sink } = batchedSink((bytes) => {
    if (broken) throw new Deno.errors.BrokenPipe("nobody reads");
    written += new TextDecoder().decode(bytes);
    return bytes.length;
  });
  sink("lost\n", true);
  broken = false;
  sink("kept\n", true);
  assert.equal(written, "kept\n");
});
