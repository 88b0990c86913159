/** Checkouts made for tests, with isomorphic-git: no `git` program is needed. */
import * as nodeFs from "node:fs";
import { dirname, join } from "@std/path";

/** Writes files (null removes one) and commits everything; returns the commit id. `parents` makes a merge. */
export async function commitFiles(
  folder: string,
  files: Readonly<Record<string, string | null>>,
  parents?: readonly string[],
): Promise<string> {
  const git = await import("isomorphic-git");
  const repository = { fs: nodeFs, dir: folder };
  await git.init({ ...repository, defaultBranch: "main" });
  for (const [filepath, text] of Object.entries(files)) {
    if (text === null) {
      await Deno.remove(join(folder, filepath));
      await git.remove({ ...repository, filepath });
      continue;
    }
    await Deno.mkdir(dirname(join(folder, filepath)), { recursive: true });
    await Deno.writeTextFile(join(folder, filepath), text);
    await git.add({ ...repository, filepath });
  }
  const author = { name: "Ida Quay", email: "ida@quay.example" };
  const message = `Change ${Object.keys(files).join(", ")}`;
  return await git.commit({ ...repository, message, author, ...(parents && { parent: [...parents] }) });
}
