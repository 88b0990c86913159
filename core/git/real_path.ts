/** From paths as people write them to paths inside a repository. */
import { basename, dirname, isAbsolute, join, relative, sep } from "@std/path";
import type { Repository } from "./repository.ts";

/** The path without symbolic links; where nothing is there, its folder without them. Blocking: there may be a thousand of them. */
export function realPathOf(path: string): string {
  try {
    return Deno.realPathSync(path);
  } catch {
    const parent = dirname(path);
    return parent === path ? path : join(realPathOf(parent), basename(path));
  }
}

/** `/`-separated path below the repository root; null outside of it. `""` is the root. */
export function insidePath(repository: Pick<Repository, "root">, path: string): string | null {
  const inside = relative(repository.root, path);
  if (isAbsolute(inside) || inside === ".." || inside.startsWith(`..${sep}`)) return null;
  return inside.split(sep).join("/");
}
