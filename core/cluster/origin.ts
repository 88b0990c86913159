/** Reads where a configuration comes from, for plans, the ledger and the history. */
import type { Diagnostic } from "../base/diagnostic.ts";
import type { Json } from "../base/json.ts";
import { githubProvenance, type Provenance, provenanceOf } from "../git/provenance.ts";
import { AppError } from "../errors.ts";
import type { Address } from "./address.ts";
import type { FileChange } from "../git/read_git.ts";
import type { ClusterContext } from "./context.ts";
import { type Desired, filesByResource } from "./desired.ts";
import { finding } from "./findings.ts";
import type { LoadedConfig } from "./load.ts";
import type { SourceFile } from "./sources.ts";

/** Provenance, and a finding when there is a repository that cannot be read. */
export interface ReadOrigin {
  readonly provenance: Provenance;
  /** The acting person: named, else the identity of continuous integration. */
  readonly actor: string | null;
  readonly problem: Diagnostic | null;
}

/** The provenance as it is stored. */
export function storedProvenance({ provenance }: ReadOrigin): Json {
  return JSON.parse(JSON.stringify(provenance)) as Json;
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
  if (origin.problem !== null) {
    const message = `unknown whether files are committed: ${origin.problem.message}`;
    const help = "make the repository readable, or pass --allow-dirty";
    return finding("config_dirty", origin.problem.path, message, { help });
  }
  const paths = origin.provenance.dirty_paths ?? [];
  if (paths.length === 0) return null;
  const message = `files of the configuration differ from the commit: ${paths.join(", ")}`;
  const help = "commit the files, or pass --allow-dirty";
  return finding("config_dirty", origin.provenance.path ?? ".", message, { help });
}

/**
 * The commit that last touched the sources of each of these resources, null when unknown. History that is not here, as in
 * a shallow clone, is a finding and stops nothing.
 */
export async function readChangedCommits(
  context: ClusterContext,
  loaded: Pick<LoadedConfig, "place" | "configFile">,
  desired: Desired,
  addresses: readonly Address[],
): Promise<{ readonly commits: ReadonlyMap<Address, string | null>; readonly problem: Diagnostic | null }> {
  const configDir = loaded.place.absolute;
  const byResource = filesByResource(desired, loaded.configFile);
  const paths = new Set(addresses.flatMap((address) => byResource.get(address) ?? []));
  const commits = new Map<Address, string | null>();
  let changes: ReadonlyMap<string, FileChange | null> = new Map();
  let problem: Diagnostic | null = null;
  const help = "clone the whole history, in GitHub Actions with `fetch-depth: 0`";
  try {
    const read = paths.size === 0 ? null : await context.git.readFileChanges(configDir, [...paths]);
    changes = read?.changes ?? changes;
    if (read?.shallow) {
      const message = "the clone is shallow: which commit changed what last is recorded only where it shows";
      problem = finding("provenance_shallow", configDir, message, { help });
    }
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    const message = `who changed what last is unknown: ${error.message}`;
    problem = finding("provenance_unreadable", configDir, message, { help });
  }
  for (const address of addresses) {
    let newest: FileChange | null = null;
    for (const path of byResource.get(address) ?? []) {
      const change = changes.get(path) ?? null;
      if (change !== null && (newest === null || change.rank < newest.rank)) newest = change;
    }
    commits.set(address, newest?.commit ?? null);
  }
  return { commits, problem };
}

async function readEvent(context: ClusterContext): Promise<string | null> {
  const path = context.env.get("GITHUB_EVENT_PATH");
  if (context.env.get("GITHUB_ACTIONS") !== "true" || path === undefined || path === "") return null;
  const read = await context.files.readFile(path);
  return read.kind === "file" ? new TextDecoder().decode(read.bytes) : null;
}
