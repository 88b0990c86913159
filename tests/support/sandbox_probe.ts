/**
 * Run under a server's own permission flags: tries what a server may and may not do, and prints what happened.
 *
 *   arguments: a file inside the storage root, a file outside
 */
const [inside = "", outside = ""] = Deno.args;

/** `ok`, or the name of the error. */
async function attempt(work: () => unknown): Promise<string> {
  try {
    await work();
    return "ok";
  } catch (error) {
    return error instanceof Error ? error.name : String(error);
  }
}

console.log(JSON.stringify({
  readInside: await attempt(() => Deno.readTextFile(inside)),
  writeInside: await attempt(() => Deno.writeTextFile(`${inside}.new`, "x")),
  readOutside: await attempt(() => Deno.readTextFile(outside)),
  readSystem: await attempt(() => Deno.readTextFile("/etc/hostname")),
  readUpwards: await attempt(() => Deno.readTextFile(`${inside}/../../outside.txt`)),
  writeOutside: await attempt(() => Deno.writeTextFile(outside, "x")),
  run: await attempt(() => new Deno.Command("true").output()),
  otherVariable: await attempt(() => Deno.env.get("HOME")),
  allVariables: "PATH" in Deno.env.toObject() ? "seen" : "hidden",
  otherPort: await attempt(() =>
    Deno.serve({ hostname: "127.0.0.1", port: 1, onListen: () => {} }, () => new Response())
  ),
  otherHost: await attempt(() => fetch("http://192.0.2.1/")),
  library: await attempt(() => Deno.dlopen(outside, {})),
  system: await attempt(() => Deno.hostname()),
}));
