import assert from "node:assert/strict";
import fc from "fast-check";
import { prettyOutput } from "./json.ts";
import { JsonStream } from "./json_stream.ts";

Deno.test("JsonStream writes what pretty-printing the whole writes, wherever it is cut into pieces", () => {
  fc.assert(fc.property(fc.jsonValue({ maxDepth: 4 }), fc.infiniteStream(fc.boolean()), (value, dice) => {
    let text = "";
    const stream = new JsonStream((piece) => text += piece);
    const write = (value: unknown, name?: string) => {
      if (value === null || typeof value !== "object" || dice.next().value) return stream.value(value, name);
      if (Array.isArray(value)) {
        stream.list(name);
        for (const item of value) write(item);
      } else {
        stream.object(name);
        for (const [key, item] of Object.entries(value)) write(item, key);
      }
      stream.end();
    };
    write({ value });
    // A value that was written whole has no end of its own.
    assert.equal(text.trimEnd() + "\n", prettyOutput({ value }));
  }));
});
