/** Reads where a configuration comes from, for plans, the ledger and the history. */
import type { Diagnostic } from "../base/diagnostic.ts";
import { githubProvenance, type Provenance, provenanceOf } from "../git/provenance.ts";
import { AppError } from "../errors.ts";
import type { Address } from "./address.ts";
import type { ClusterContext } from "./context.ts";
import { type Desired, filesByResource } from "./desired.ts";
import { finding } from "./findings.ts";
import type { SourceFile } from "./sources.ts";

/** Provenance, and a finding when there is a repository that cannot be read. */
export interface ReadOrigin {
  readonly provenance: Provenance;
  /** The acting person: named, else the identity of continuous integration. */
  readonly actor: string | null;
  readonly problem: Diagnostic | null;
}

/** Reads the repository and the environment. */
export async function readOrigin(
  context: ClusterContext,
  configDir: string,
  usedFiles: readonly SourceFile[],
): Promise<ReadOrigin> {
  const ci = githubProvenance(context.env, await readEvent(context));
  const used = usedFiles.map(({ absolutePath, bytes }) => ({ path: absolutePath, bytes }));
  let problem: Diagnostic | null = null;
  const git = await context.git.readProvenance(configDir, used).catch((error: unknown) => {
    if (!(error instanceof AppError)) throw error;
    problem = finding("provenance_unreadable", configDir, error.message);
    return null;
  });
  const provenance = provenanceOf(git, ci, context.actor, context.build);
  return { provenance, actor: provenance.actor?.id ?? null, problem };
}

/** `config_dirty` when used files differ from the commit, or when that cannot be known; null when all is well. */
export function dirtyFinding(origin: ReadOrigin): Diagnostic | null {
  const help = "commit the files, or pass --allow-dirty";
  if (origin.problem !== null) {
    return finding(
      "config_dirty",
      origin.problem.path,
      `unknown whether files are committed: ${origin.problem.message}`,
      {
        help,
      },
    );
  }
  const paths = origin.provenance.dirty_paths ?? [];
  if (paths.length === 0) return null;
  const message = `files of the configuration differ from the commit: ${paths.join(", ")}`;
  return finding("config_dirty", origin.provenance.path ?? ".", message, { help });
}

/** The commit that last touched the sources of each of these resources; null when unknown. */
export async function readChangedCommits(
  context: ClusterContext,
  configDir: string,
  configFile: string,
  desired: Desired,
  addresses: readonly Address[],
): Promise<ReadonlyMap<Address, string | null>> {
  const byResource = filesByResource(desired, configFile);
  const paths = new Set(addresses.flatMap((address) => byResource.get(address) ?? []));
  const changes = paths.size === 0 ? new Map() : await context.git.readFileChanges(configDir, [...paths]);
  const commits = new Map<Address, string | null>();
  for (const address of addresses) {
    let newest: { commit: string; committedAt: number } | null = null;
    for (const path of byResource.get(address) ?? []) {
      const change = changes.get(path) ?? null;
      if (change !== null && (newest === null || change.committedAt > newest.committedAt)) newest = change;
    }
    commits.set(address, newest?.commit ?? null);
  }
  return commits;
}

async function readEvent(context: ClusterContext): Promise<string | null> {
  const path = context.env.get("GITHUB_EVENT_PATH");
  if (context.env.get("GITHUB_ACTIONS") !== "true" || path === undefined || path === "") return null;
  const read = await context.files.readFile(path);
  return read.kind === "file" ? new TextDecoder().decode(read.bytes) : null;
}
