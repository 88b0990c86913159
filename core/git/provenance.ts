/**
 * Where a configuration comes from: the commit, the branch, the remote, the person and the run. Pure parts; reading the
 * repository is in `read_git.ts`.
 */
import type { Env } from "../base/ports.ts";

/** What the repository says about the config directory. */
export interface GitProvenance {
  /** HEAD; null before the first commit. */
  readonly commit: string | null;
  /** Tree id of the config directory at HEAD: survives a squash. */
  readonly tree: string | null;
  /** Branch; null when detached. */
  readonly ref: string | null;
  /** `origin` as an https address without user, query and fragment. */
  readonly remote: string | null;
  /** Config directory relative to the repository root; `.` at the root. */
  readonly path: string;
  /** Whether a used file differs from its blob at HEAD. */
  readonly dirty: boolean;
  /** Those files relative to the repository root, sorted; files outside the repository keep their absolute path. */
  readonly dirty_paths: readonly string[];
  /** Name only, no e-mail address. */
  readonly author: string | null;
  readonly authored_at: string | null;
  readonly committed_at: string | null;
  readonly subject: string | null;
}

/** What continuous integration says about the run. */
export interface CiProvenance {
  readonly ref: string | null;
  /** Commit of the pull request; the checkout itself is an ephemeral merge commit. */
  readonly head_sha: string | null;
  readonly base_sha: string | null;
  readonly pr: number | null;
  readonly actor: ActorProvenance | null;
  readonly ci: CiRun;
}

/** Who asked. */
export interface ActorProvenance {
  readonly id: string;
  /** True only when the identity came from continuous integration. */
  readonly verified: boolean;
}

/** One run of continuous integration. */
export interface CiRun {
  readonly run_url: string | null;
  readonly attempt: number | null;
  readonly event: string | null;
  readonly workflow: string | null;
}

/** The whole record, as it stands in plans, the ledger and the history. Git members are null outside a repository. */
export interface Provenance {
  readonly commit: string | null;
  readonly tree: string | null;
  readonly ref: string | null;
  readonly head_sha: string | null;
  readonly base_sha: string | null;
  readonly pr: number | null;
  readonly remote: string | null;
  readonly path: string | null;
  readonly dirty: boolean | null;
  readonly dirty_paths: readonly string[] | null;
  readonly author: string | null;
  readonly authored_at: string | null;
  readonly committed_at: string | null;
  readonly subject: string | null;
  readonly actor: ActorProvenance | null;
  readonly ci: CiRun | null;
  readonly build: { readonly product: string; readonly deno: string };
}

/** Puts the parts together. An actor that was named wins over the identity of the run, and is never verified. */
export function provenanceOf(
  git: GitProvenance | null,
  ci: CiProvenance | null,
  actor: string | null,
  build: Provenance["build"],
): Provenance {
  const { ref = null, ...rest } = git ?? NO_GIT;
  return {
    commit: rest.commit,
    tree: rest.tree,
    ref: git === null ? null : ref ?? ci?.ref ?? null,
    head_sha: git === null ? null : ci?.head_sha ?? null,
    base_sha: git === null ? null : ci?.base_sha ?? null,
    pr: git === null ? null : ci?.pr ?? null,
    remote: rest.remote,
    path: rest.path,
    dirty: rest.dirty,
    dirty_paths: rest.dirty_paths,
    author: rest.author,
    authored_at: rest.authored_at,
    committed_at: rest.committed_at,
    subject: rest.subject,
    actor: actor === null ? ci?.actor ?? null : { id: actor, verified: false },
    ci: ci?.ci ?? null,
    build,
  };
}

const NO_GIT = {
  commit: null,
  tree: null,
  ref: null,
  remote: null,
  path: null,
  dirty: null,
  dirty_paths: null,
  author: null,
  authored_at: null,
  committed_at: null,
  subject: null,
};

/**
 * What GitHub Actions says in its environment; null elsewhere. `event` is the text of the event file, null when there is
 * none; a broken one counts as none.
 */
export function githubProvenance(env: Env, event: string | null): CiProvenance | null {
  if (env.get("GITHUB_ACTIONS") !== "true") return null;
  const server = nonBlank(env.get("GITHUB_SERVER_URL"));
  const repository = nonBlank(env.get("GITHUB_REPOSITORY"));
  const run = nonBlank(env.get("GITHUB_RUN_ID"));
  const login = nonBlank(env.get("GITHUB_ACTOR"));
  const pull = pullRequestOf(event);
  const attempt = Number(nonBlank(env.get("GITHUB_RUN_ATTEMPT")));
  return {
    ref: nonBlank(env.get("GITHUB_HEAD_REF")) ?? nonBlank(env.get("GITHUB_REF_NAME")),
    head_sha: pull.head,
    base_sha: pull.base,
    pr: pull.number,
    actor: login === null
      ? null
      : { id: `github:${nonBlank(env.get("GITHUB_ACTOR_ID")) ?? "?"}/${login}`, verified: true },
    ci: {
      run_url: server === null || repository === null || run === null
        ? null
        : `${server}/${repository}/actions/runs/${run}`,
      attempt: Number.isSafeInteger(attempt) && attempt > 0 ? attempt : null,
      event: nonBlank(env.get("GITHUB_EVENT_NAME")),
      workflow: nonBlank(env.get("GITHUB_WORKFLOW")),
    },
  };
}

/** The pull request that GitHub Actions runs for, from the text of the event file; null members where it says nothing. */
export interface PullRequest {
  readonly head: string | null;
  readonly base: string | null;
  readonly number: number | null;
}

/** Reads the pull request out of an event; a broken event counts as none. */
export function pullRequestOf(event: string | null): PullRequest {
  let value: unknown = null;
  try {
    value = event === null ? null : JSON.parse(event);
  } catch {
    value = null;
  }
  const pull = member(value, "pull_request");
  const number = member(pull, "number");
  const text = (side: string) => {
    const sha = member(member(pull, side), "sha");
    return typeof sha === "string" ? sha : null;
  };
  return { head: text("head"), base: text("base"), number: typeof number === "number" ? number : null };
}

function member(value: unknown, key: string): unknown {
  return typeof value === "object" && value !== null ? (value as Record<string, unknown>)[key] : undefined;
}

function nonBlank(value: string | undefined): string | null {
  return value === undefined || value.trim() === "" ? null : value;
}

/**
 * A remote address that is safe to show: https, without user, password, query and fragment. The scp form and ssh, git
 * and http addresses are converted. Local paths and anything else are no address for others: null.
 *
 * @example
 * ```ts
 * import { cleanRemote } from "./provenance.ts";
 * console.assert(cleanRemote("git@code.example:quay/config.git") === "https://code.example/quay/config");
 * console.assert(cleanRemote("https://me:secret@code.example/quay/config?x=1") === "https://code.example/quay/config");
 * ```
 */
export function cleanRemote(remote: string): string | null {
  const text = remote.trim();
  const scp = /^(?:[^@/\s]+@)?([A-Za-z0-9.-]+):(?!\/\/)(.+)$/.exec(text);
  if (scp !== null && !/^[A-Za-z]$/.test(scp[1]!)) return httpsAddress(scp[1]!, "", scp[2]!);
  let url: URL;
  try {
    url = new URL(text);
  } catch {
    return null;
  }
  if (!["https:", "http:", "ssh:", "git:", "git+ssh:"].includes(url.protocol) || url.hostname === "") {
    return null;
  }
  // The port of an ssh address means nothing to https.
  const port = /^https?:$/.test(url.protocol) ? url.port : "";
  return httpsAddress(url.hostname, port, url.pathname);
}

function httpsAddress(host: string, port: string, path: string): string {
  const clean = path.replace(/[?#].*$/s, "").replace(/^\/+|\/+$/g, "").replace(/\.git$/, "");
  return `https://${host}${port === "" ? "" : `:${port}`}/${clean}`;
}
