/** A configuration taken from a commit instead of the working tree: its files, and its provenance. */
import type { GitReader } from "./context.ts";
import type { ConfigFiles } from "./sources.ts";

/**
 * Where `--ref` reads from. Paths outside of the repository are in no commit: `outside` reads them, and their provenance
 * then says that they are not committed. Throws `AppError("usage")` when there is no such commit.
 */
export async function openCommitWorld(
  configDir: string,
  ref: string,
  outside: ConfigFiles,
): Promise<{ readonly files: ConfigFiles; readonly git: GitReader }> {
  const { openCommitTree } = await import("../git/commit_files.ts");
  const { readFileChanges, readProvenance } = await import("../git/read_git.ts");
  const tree = await openCommitTree(configDir, ref);
  const link = {
    kind: "failed" as const,
    message: `a symbolic link, which is not followed in commit ${tree.commit}`,
  };
  return {
    files: {
      async readFile(path) {
        const entry = await tree.at(path);
        switch (entry.kind) {
          case "file":
            return { kind: "file", bytes: await entry.read() };
          case "folder":
            return { kind: "failed", message: "is a folder" };
          case "link":
            return link;
          case "missing":
            return { kind: "missing" };
          case "outside":
            return await outside.readFile(path);
        }
      },
      async readFolder(path) {
        const entry = await tree.at(path);
        switch (entry.kind) {
          case "folder":
            return { kind: "folder", names: entry.names };
          case "file":
            return { kind: "not_folder" };
          case "link":
            return link;
          case "missing":
            return { kind: "missing" };
          case "outside":
            return await outside.readFolder(path);
        }
      },
    },
    git: {
      readProvenance: (folder, files) => readProvenance(folder, files, tree),
      readFileChanges: (folder, paths) => readFileChanges(folder, paths, tree),
    },
  };
}
