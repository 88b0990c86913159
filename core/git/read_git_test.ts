import assert from "node:assert/strict";
import * as nodeFs from "node:fs";
import { join } from "@std/path";
import { AppError } from "../errors.ts";
import { readFileChanges, readProvenance } from "./read_git.ts";

const HAS_GIT = await new Deno.Command("git", { args: ["--version"], stdout: "null", stderr: "null" })
  .output()
  .then(({ success }) => success, () => false);

/** Runs the git program away from this user's settings. */
async function git(folder: string, ...args: string[]): Promise<string> {
  const output = await new Deno.Command("git", {
    args: [
      "-c",
      "init.defaultBranch=main",
      "-c",
      "user.name=Ida Quay",
      "-c",
      "user.email=ida@quay.example",
      ...args,
    ],
    cwd: folder,
    env: { GIT_CONFIG_GLOBAL: "/dev/null", GIT_CONFIG_SYSTEM: "/dev/null" },
  }).output();
  const text = new TextDecoder().decode(output.stdout);
  assert.ok(output.success, `git ${args.join(" ")}: ${new TextDecoder().decode(output.stderr)}`);
  return text.trim();
}

async function write(folder: string, path: string, text: string): Promise<void> {
  await Deno.mkdir(join(folder, path, ".."), { recursive: true });
  await Deno.writeTextFile(join(folder, path), text);
}

/** Commits everything and returns the commit id; without the git program through isomorphic-git. */
async function commitAll(folder: string, subject: string): Promise<string> {
  if (HAS_GIT) {
    if (!await Deno.stat(join(folder, ".git")).then(() => true, () => false)) await git(folder, "init", "-q");
    await git(folder, "add", "-A");
    await git(folder, "commit", "-q", "-m", subject);
    return await git(folder, "rev-parse", "HEAD");
  }
  const isomorphic = await import("isomorphic-git");
  const repository = { fs: nodeFs, dir: folder };
  await isomorphic.init({ ...repository, defaultBranch: "main" });
  for (const [path, , status] of await isomorphic.statusMatrix(repository)) {
    if (status === 0) await isomorphic.remove({ ...repository, filepath: path });
    else await isomorphic.add({ ...repository, filepath: path });
  }
  const author = { name: "Ida Quay", email: "ida@quay.example" };
  return await isomorphic.commit({ ...repository, message: subject, author });
}

async function used(...paths: string[]) {
  return await Promise.all(paths.map(async (path) => ({ path, bytes: await Deno.readFile(path) })));
}

async function inFolder(test: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "omnigraph-git-" });
  try {
    await test(await Deno.realPath(folder));
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("readProvenance() says commit, branch, folder, author and subject", () =>
  inFolder(async (folder) => {
    await write(folder, "deploy/cluster.yaml", "version: 1\n");
    const commit = await commitAll(folder, "Declare the quay\n\nWith a body.");
    const found = await readProvenance(
      join(folder, "deploy"),
      await used(join(folder, "deploy/cluster.yaml")),
    );
    assert.equal(found?.commit, commit);
    assert.match(found?.tree ?? "", /^[0-9a-f]{40}$/);
    assert.equal(found?.ref, "main");
    assert.equal(found?.path, "deploy");
    assert.equal(found?.dirty, false);
    assert.deepEqual(found?.dirty_paths, []);
    assert.equal(found?.author, "Ida Quay");
    assert.equal(found?.subject, "Declare the quay");
    assert.match(found?.committed_at ?? "", /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
  }));

Deno.test("readProvenance() is null outside a repository", () =>
  inFolder(async (folder) => {
    assert.equal(await readProvenance(folder, []), null);
  }));

Deno.test("readProvenance() names used files that differ from HEAD, and no others", () =>
  inFolder(async (folder) => {
    for (const path of ["cluster.yaml", "edited.gq", "deleted-line.gq", "unused.gq"]) {
      await write(folder, path, `${path}\n`);
    }
    await write(folder, ".gitignore", "ignored.gq\n");
    await commitAll(folder, "first");
    await write(folder, "edited.gq", "other\n");
    await write(folder, "unused.gq", "other\n");
    await write(folder, "untracked.gq", "new\n");
    await write(folder, "ignored.gq", "new\n");
    const paths = ["cluster.yaml", "edited.gq", "untracked.gq", "ignored.gq", "deleted-line.gq"];
    const found = await readProvenance(folder, await used(...paths.map((path) => join(folder, path))));
    assert.equal(found?.dirty, true);
    assert.deepEqual(found?.dirty_paths, ["edited.gq", "ignored.gq", "untracked.gq"]);
  }));

Deno.test("readProvenance() counts a file outside the repository as dirty", () =>
  inFolder(async (folder) => {
    await write(folder, "repo/cluster.yaml", "version: 1\n");
    await write(folder, "elsewhere.pg", "node Berth {}\n");
    await commitAll(join(folder, "repo"), "first");
    const found = await readProvenance(join(folder, "repo"), await used(join(folder, "elsewhere.pg")));
    assert.deepEqual(found?.dirty_paths, [join(folder, "elsewhere.pg")]);
  }));

Deno.test("readProvenance() follows symbolic links to tracked files", () =>
  inFolder(async (folder) => {
    await write(folder, "shared/schema.pg", "node Berth {}\n");
    await write(folder, "deploy/cluster.yaml", "version: 1\n");
    await Deno.symlink("../shared", join(folder, "deploy/shared"));
    await commitAll(folder, "first");
    const found = await readProvenance(
      join(folder, "deploy"),
      await used(join(folder, "deploy/shared/schema.pg")),
    );
    assert.deepEqual(found?.dirty_paths, []);
  }));

Deno.test(
  "readProvenance() works before the first commit",
  { ignore: !HAS_GIT },
  () =>
    inFolder(async (folder) => {
      await git(folder, "init", "-q");
      await write(folder, "cluster.yaml", "version: 1\n");
      const found = await readProvenance(folder, await used(join(folder, "cluster.yaml")));
      assert.equal(found?.commit, null);
      assert.equal(found?.ref, "main");
      assert.deepEqual(found?.dirty_paths, ["cluster.yaml"]);
    }),
);

Deno.test(
  "readProvenance() reads packed refs, packed objects and a detached HEAD",
  { ignore: !HAS_GIT },
  () =>
    inFolder(async (folder) => {
      await write(folder, "cluster.yaml", "version: 1\n");
      const commit = await commitAll(folder, "first");
      await git(folder, "gc", "-q");
      await git(folder, "pack-refs", "--all");
      const packed = await readProvenance(folder, await used(join(folder, "cluster.yaml")));
      assert.deepEqual([packed?.commit, packed?.ref, packed?.dirty], [commit, "main", false]);
      await git(folder, "checkout", "-q", "--detach");
      const detached = await readProvenance(folder, []);
      assert.deepEqual([detached?.commit, detached?.ref], [commit, null]);
    }),
);

Deno.test(
  "readProvenance() reads a linked worktree on its own branch",
  { ignore: !HAS_GIT },
  () =>
    inFolder(async (folder) => {
      await write(folder, "main/cluster.yaml", "version: 1\n");
      await commitAll(join(folder, "main"), "first");
      await git(join(folder, "main"), "worktree", "add", "-q", "-b", "wider", "../linked");
      await write(folder, "linked/cluster.yaml", "version: 1 # wider\n");
      const commit = await commitAll(join(folder, "linked"), "second");
      const linked = await readProvenance(
        join(folder, "linked"),
        await used(join(folder, "linked/cluster.yaml")),
      );
      assert.deepEqual([linked?.commit, linked?.ref, linked?.dirty], [commit, "wider", false]);
      assert.equal((await readProvenance(join(folder, "main"), []))?.ref, "main");
    }),
);

Deno.test(
  "readProvenance() shows the remote without the token in it",
  { ignore: !HAS_GIT },
  () =>
    inFolder(async (folder) => {
      await write(folder, "cluster.yaml", "version: 1\n");
      await commitAll(folder, "first");
      await git(folder, "remote", "add", "origin", "https://bot:hunter2@code.example/quay/config.git");
      const found = await readProvenance(folder, []);
      assert.equal(found?.remote, "https://code.example/quay/config");
      assert.ok(!JSON.stringify(found).includes("hunter2"));
    }),
);

Deno.test("readProvenance() refuses a repository it cannot read", () =>
  inFolder(async (folder) => {
    await write(folder, "cluster.yaml", "version: 1\n");
    await commitAll(folder, "first");
    await Deno.writeTextFile(join(folder, ".git/HEAD"), `${"1".repeat(40)}\n`);
    await assert.rejects(
      () => readProvenance(folder, []),
      (error) => error instanceof AppError && error.code === "storage_error",
    );
  }));

Deno.test("readFileChanges() finds the last commit that touched each file", () =>
  inFolder(async (folder) => {
    const commits: Record<string, string> = {};
    for (const name of ["a", "b", "c"]) {
      await write(folder, `queries/${name}.gq`, name);
      commits[name] = await commitAll(folder, `add ${name}`);
    }
    await write(folder, "queries/a.gq", "a, edited");
    commits["a"] = await commitAll(folder, "edit a");
    await write(folder, "queries/new.gq", "not committed");
    const names = ["a", "b", "c", "new"];
    const { changes: found } = await readFileChanges(
      folder,
      names.map((name) => join(folder, `queries/${name}.gq`)),
    );
    for (const name of names) {
      assert.equal(found.get(join(folder, `queries/${name}.gq`))?.commit, commits[name], name);
    }
  }));

Deno.test(
  "readFileChanges() agrees with git log over merges",
  { ignore: !HAS_GIT },
  () =>
    inFolder(async (folder) => {
      const names = ["one.gq", "two.gq", "three.gq"];
      for (const name of names) await write(folder, name, name);
      await commitAll(folder, "first");
      await git(folder, "checkout", "-q", "-b", "side");
      await write(folder, "one.gq", "one, on the side");
      await commitAll(folder, "side");
      await git(folder, "checkout", "-q", "main");
      await write(folder, "two.gq", "two, on main");
      await commitAll(folder, "main");
      await git(folder, "merge", "-q", "--no-edit", "side");
      await git(folder, "mv", "three.gq", "moved.gq");
      await commitAll(folder, "move");
      for (const name of ["one.gq", "two.gq", "moved.gq"]) {
        const expected = await git(folder, "log", "-1", "--format=%H", "--", name);
        const { changes: found } = await readFileChanges(folder, [join(folder, name)]);
        assert.equal(found.get(join(folder, name))?.commit, expected, name);
      }
    }),
);

Deno.test(
  "readFileChanges() does not guess in a shallow clone",
  { ignore: !HAS_GIT },
  () =>
    inFolder(async (folder) => {
      await write(folder, "full/old.gq", "old");
      await commitAll(join(folder, "full"), "first");
      await write(folder, "full/young.gq", "young");
      const commit = await commitAll(join(folder, "full"), "second");
      await write(folder, "full/youngest.gq", "youngest");
      await commitAll(join(folder, "full"), "third");
      await git(folder, "clone", "-q", "--depth", "2", `file://${folder}/full`, "shallow");
      const paths = ["old.gq", "young.gq", "youngest.gq"].map((name) => join(folder, "shallow", name));
      const { changes: found, shallow } = await readFileChanges(join(folder, "shallow"), paths);
      assert.equal(shallow, true);
      const newest = await readFileChanges(join(folder, "shallow"), paths.slice(2));
      assert.equal(newest.shallow, false, "what shows in the clone needs no hint");
      const youngest = await git(join(folder, "shallow"), "rev-parse", "HEAD");
      // `young.gq` came with the commit at the boundary, whose parents are not here to compare with.
      assert.deepEqual(paths.map((path) => found.get(path)?.commit ?? null), [null, null, youngest]);
      assert.notEqual(commit, youngest);
    }),
);

Deno.test("a repository that cannot be read is never taken for none", () =>
  inFolder(async (folder) => {
    await write(folder, "repository/cluster.yaml", "version: 1\n");
    await commitAll(join(folder, "repository"), "first");
    const head = join(folder, "repository/.git/HEAD");
    // A folder in the place of the file stands for every failure but absence, also where tests run as root.
    await Deno.remove(head);
    await Deno.mkdir(head);
    await assert.rejects(
      readProvenance(join(folder, "repository"), []),
      (error: unknown) => error instanceof AppError && error.code === "storage_error",
    );
  }));

for (const [key, value] of [["objectformat", "sha256"], ["refstorage", "reftable"]]) {
  Deno.test(`a repository with extensions.${key} = ${value} is refused by name`, () =>
    inFolder(async (folder) => {
      await write(folder, "cluster.yaml", "version: 1\n");
      await commitAll(folder, "first");
      await Deno.writeTextFile(join(folder, ".git/config"), `[extensions]\n\t${key} = ${value}\n`, {
        append: true,
      });
      await assert.rejects(readProvenance(folder, []), (error: unknown) => {
        assert.ok(error instanceof AppError);
        assert.match(error.message, new RegExp(`extensions\\.${key} = ${value}`));
        return true;
      });
    }));
}
