/**
 * Run under a server's own permission flags: tries what a server may and may not do, and prints what happened.
 *
 *   arguments: a file inside the storage root, a file outside, a module outside, the table engine's library,
 *   the file with the tokens
 */
import { pathToFileURL } from "node:url";
import { giveUpStartPermissions } from "../../server/start_permissions.ts";

const [inside = "", outside = "", moduleOutside = "", library = "", tokens = ""] = Deno.args;

/** What a worker meets that reads a system file. */
function readInWorker(): Promise<void> {
  const source =
    "try { Deno.readTextFileSync('/etc/hostname'); postMessage('ok') } catch (e) { postMessage(e.name) }";
  const worker = new Worker(`data:text/javascript,${encodeURIComponent(source)}`, { type: "module" });
  return new Promise((resolve, reject) => {
    worker.onmessage = ({ data }) => {
      worker.terminate();
      if (data === "ok") return resolve();
      reject(Object.assign(new Error("refused"), { name: data }));
    };
  });
}

/** Imports a module that no tool can foresee: modules named in the text would be loaded before permissions apply. */
function importLate(specifier: string, options: ImportCallOptions = {}): Promise<unknown> {
  return import(specifier, options);
}

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
  linkOutwards: await attempt(() => Deno.symlink(outside, `${inside}.link`)),
  signalParent: await attempt(() => Deno.kill(Deno.ppid, "SIGCONT")),
  remoteModule: await attempt(() => importLate("https://deno.land/x/nothing.ts")),
  newPackage: await attempt(() => importLate("npm:@omnigraph-test/nothing@0.0.1")),
  moduleOutside: await attempt(() => importLate(pathToFileURL(moduleOutside).href)),
  textOutside: await attempt(() => importLate("file:///etc/hostname", { with: { type: "text" } })),
  workerRead: await attempt(readInWorker),
  ownLibrary: await attempt(() => Deno.dlopen(library, {})),
  ownTokens: await attempt(() => Deno.readTextFile(tokens)),
  ownVariable: await attempt(() => Deno.env.get("OMNIGRAPH_CLUSTER")),
  // The start is over.
  givenUp: await attempt(() => giveUpStartPermissions(tokens)),
  ownLibraryLater: await attempt(() => Deno.dlopen(library, {})),
  ownTokensLater: await attempt(() => Deno.readTextFile(tokens)),
  ownVariableLater: await attempt(() => Deno.env.get("OMNIGRAPH_CLUSTER")),
  ownSocketLater: await attempt(() => Deno.connect({ hostname: "127.0.0.1", port: 8080 })),
  readInsideLater: await attempt(() => Deno.readTextFile(inside)),
}));
