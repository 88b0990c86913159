import assert from "node:assert/strict";
import { AppError } from "../errors.ts";
import { sha256Hex } from "../base/digest.ts";
import { testObjectStore } from "../../tests/suites/object_store_suite.ts";
import { createLocalStore } from "./local_store.ts";

async function inFolder(body: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    await body(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

testObjectStore("local store:", async () => {
  const folder = await Deno.makeTempDir();
  const root = `${folder}/made/on/demand`;
  return {
    store: createLocalStore(root),
    address: root,
    dispose: () => Deno.remove(folder, { recursive: true }),
  };
}, { sharedByProcesses: true });

const bytes = new TextEncoder().encode("new");

/** Runs `call` on the store in another process whose `Deno.<at>` kills that process with SIGKILL. */
async function killedAt(root: string, at: "linkSync" | "renameSync", call: string): Promise<void> {
  const program = `
    import { createLocalStore } from ${JSON.stringify(new URL("./local_store.ts", import.meta.url).href)};
    Deno.${at} = () => Deno.kill(Deno.pid, "SIGKILL");
    const store = createLocalStore(${JSON.stringify(root)});
    const old = await store.get("k");
    await store.${call};
    console.log("survived");`;
  const output = await new Deno.Command(Deno.execPath(), {
    args: ["eval", program],
    stdout: "piped",
    stderr: "piped",
  }).output();
  assert.equal(output.signal, "SIGKILL", new TextDecoder().decode(output.stderr));
}

Deno.test("local store: a process killed between temporary file and link or rename leaves nothing visible", () =>
  inFolder(async (outer) => {
    const folder = `${outer}/root`;
    const store = createLocalStore(folder);
    await killedAt(folder, "linkSync", `putIfAbsent("k", new Uint8Array([1]))`);
    assert.deepEqual(await store.list(""), []);
    assert.equal(await store.get("k"), null);
    // The temporary file is there, so the kill came at the right moment.
    assert.equal([...Deno.readDirSync(folder)].filter((entry) => entry.name.endsWith(".tmp~")).length, 1);

    const { version } = await store.put("k", bytes);
    await killedAt(folder, "renameSync", `put("k", new Uint8Array([1]))`);
    await killedAt(folder, "renameSync", `putIfMatch("k", new Uint8Array([1]), old.version)`);
    assert.deepEqual(await store.list(""), ["k"]);
    assert.equal((await store.get("k"))?.version, version);
    // A dead holder of the lock does not keep the next writer out.
    assert.notEqual(await store.putIfMatch("k", new Uint8Array([2]), version), null);
    await store.deletePrefix("");
    assert.equal(await store.prefixExists(""), false);
  }));

Deno.test("local store: the version is the SHA-256 of the content", () =>
  inFolder(async (folder) => {
    const store = createLocalStore(folder);
    assert.equal((await store.put("k", bytes)).version, sha256Hex(bytes));
    assert.equal((await store.get("k"))?.version, sha256Hex(bytes));
  }));

Deno.test("local store: no temporary file stays behind after any kind of put", () =>
  inFolder(async (folder) => {
    const store = createLocalStore(folder);
    const { version } = await store.put("a/k", bytes);
    await store.putIfAbsent("a/k", bytes);
    await store.putIfAbsent("a/l", bytes);
    await store.putIfMatch("a/k", new Uint8Array(2), version);
    await store.putIfMatch("a/k", new Uint8Array(3), version);
    assert.deepEqual([...Deno.readDirSync(`${folder}/a`)].map((entry) => entry.name).sort(), [
      ".lock~",
      "k",
      "l",
    ]);
  }));

Deno.test("local store: put-if-absent alone makes no lock file", () =>
  inFolder(async (folder) => {
    await createLocalStore(folder).putIfAbsent("log/1.json", bytes);
    assert.deepEqual([...Deno.readDirSync(`${folder}/log`)].map((entry) => entry.name), ["1.json"]);
  }));

Deno.test("local store: an empty folder counts as an existing prefix", () =>
  inFolder(async (folder) => {
    await Deno.mkdir(`${folder}/graphs/a.omni`, { recursive: true });
    assert.equal(await createLocalStore(folder).prefixExists("graphs/a.omni"), true);
  }));

Deno.test("local store: goes on writing after its folders were removed by somebody else", () =>
  inFolder(async (folder) => {
    const store = createLocalStore(`${folder}/root`);
    await store.put("a/b/k", bytes);
    await Deno.remove(`${folder}/root`, { recursive: true });
    assert.equal(await store.get("a/b/k"), null);
    assert.notEqual(await store.putIfAbsent("a/b/k", bytes), null);
    assert.deepEqual(await store.list("a/b"), ["k"]);
  }));

Deno.test("local store: deletePrefix() removes a prefix that others keep writing into", () =>
  inFolder(async (folder) => {
    const store = createLocalStore(folder);
    const other = createLocalStore(folder);
    await store.put("g/state", bytes);
    let stop = false;
    const writer = (async () => {
      for (let i = 0; !stop; i++) {
        await other.put(`g/log/${i % 5}`, bytes).catch((error) => assert.ok(error instanceof AppError));
        await new Promise((resolve) => setTimeout(resolve, 0));
      }
    })();
    for (let i = 0; i < 10; i++) {
      await store.deletePrefix("g");
      assert.equal(await store.exists("g/state"), false);
      await store.put("g/state", bytes);
    }
    stop = true;
    await writer;
    await store.deletePrefix("g");
    assert.equal(await store.prefixExists("g"), false);
  }));

Deno.test("local store: errors of the disk become storage errors that name the path", () =>
  inFolder(async (folder) => {
    const store = createLocalStore(folder);
    await store.put("file", bytes);
    await assert.rejects(
      () => store.put("file/below", bytes),
      (error) =>
        error instanceof AppError && error.code === "storage_error" &&
        error.message.includes(`${folder}/file`),
    );
    assert.equal(await store.get("file/below"), null);
    await assert.rejects(() => createLocalStore("/proc/no-such").put("k", bytes), AppError);
  }));

Deno.test("local store: works within --allow-read and --allow-write of its own root", () =>
  inFolder(async (folder) => {
    const program = `
      import { createLocalStore } from ${JSON.stringify(new URL("./local_store.ts", import.meta.url).href)};
      const store = createLocalStore(${JSON.stringify(folder)});
      const { version } = await store.put("a/k", new Uint8Array([1]));
      await store.putIfMatch("a/k", new Uint8Array([2]), version);
      await store.putIfAbsent("a/b/l", new Uint8Array([3]));
      for (let i = 0; i < 40; i++) if (await store.get("a/b/" + i) !== null) throw new Error("found");
      await store.delete("a/k");
      await store.deletePrefix("a/b");
      console.log(JSON.stringify(await store.list("a")));`;
    const script = `${folder}/script.ts`;
    await Deno.writeTextFile(script, program);
    const config = new URL("../../deno.json", import.meta.url).pathname;
    const output = await new Deno.Command(Deno.execPath(), {
      args: [
        "run",
        "--no-prompt",
        `--config=${config}`,
        `--allow-read=${folder}`,
        `--allow-write=${folder}`,
        script,
      ],
      stdout: "piped",
      stderr: "piped",
    }).output();
    assert.equal(new TextDecoder().decode(output.stdout), "[]\n", new TextDecoder().decode(output.stderr));
  }));
