/** Configuration files of the working tree. */
import type { ConfigFiles, FileRead, FolderRead } from "./sources.ts";
import { causeText } from "./findings.ts";

/** Reads files of this machine; symbolic links are followed. */
export const systemFiles: ConfigFiles = {
  // Awaited reads of a thousand small files spend 50 ms on changing threads.
  // deno-lint-ignore require-await -- the interface also reads other places
  async readFile(path: string): Promise<FileRead> {
    try {
      return { kind: "file", bytes: Deno.readFileSync(path) };
    } catch (error) {
      return error instanceof Deno.errors.NotFound ? { kind: "missing" } : failed(error);
    }
  },

  async readFolder(path: string): Promise<FolderRead> {
    try {
      const names: string[] = [];
      for await (const entry of Deno.readDir(path)) {
        const folder = entry.isSymlink ? await isFolderLink(`${path}/${entry.name}`) : entry.isDirectory;
        if (!folder) names.push(entry.name);
      }
      return { kind: "folder", names };
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) return { kind: "missing" };
      return error instanceof Deno.errors.NotADirectory ? { kind: "not_folder" } : failed(error);
    }
  },
};

async function isFolderLink(path: string): Promise<boolean> {
  // A dangling link stays in the list: reading it names the cause.
  return await Deno.stat(path).then((info) => info.isDirectory, () => false);
}

function failed(error: unknown): { readonly kind: "failed"; readonly message: string } {
  return { kind: "failed", message: causeText(error) };
}
