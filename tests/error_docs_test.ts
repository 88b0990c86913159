/** The page of error codes is checked against the table in the code. */
import assert from "node:assert/strict";
import { ERRORS } from "../core/errors.ts";

Deno.test("docs/errors.md lists every code with its status, wire code and exit code", async () => {
  const page = await Deno.readTextFile(new URL("../docs/errors.md", import.meta.url));
  const documented = Object.fromEntries(
    [...page.matchAll(/^\| `(\w+)`\s*\| (\d+)\s*\| (\S+)\s*\| (\d+)\s*\|/gm)].map((row) => [
      row[1]!,
      {
        status: Number(row[2]),
        wire: row[3] === "–" ? null : row[3]!.replaceAll("`", ""),
        exit: Number(row[4]),
      },
    ]),
  );
  assert.deepEqual(documented, { ...ERRORS });
});
