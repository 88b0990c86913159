import assert from "node:assert/strict";
import * as nodeFs from "node:fs";
import { join } from "@std/path";
import {
  ADD_SHIP_GQ,
  CREW_POLICY,
  FLEET_SCHEMA,
  harbourFiles,
  SHIPS_GQ,
} from "../../tests/support/cluster_files.ts";
import { createMemoryTables } from "../../tests/support/memory_tables.ts";
import { withTempDir } from "../../tests/support/process.ts";
import { createMemoryStore } from "../storage/memory_store.ts";
import { AppError } from "../errors.ts";
import { clusterApply, type ClusterOptions, clusterPlan, clusterValidate } from "./commands.ts";
import { loadServingRevision } from "./serving.ts";

/** A config repository on disk whose storage is in memory. */
class ConfigRepository {
  readonly store = createMemoryStore();
  readonly #tables = createMemoryTables();
  readonly folder: string;

  constructor(folder: string) {
    this.folder = folder;
  }

  get options(): ClusterOptions {
    return {
      configDir: join(this.folder, "deploy"),
      openStore: () => this.store,
      openTables: () => this.#tables,
      env: { get: () => undefined },
    };
  }

  async write(path: string, text: string): Promise<void> {
    await Deno.mkdir(join(this.folder, "deploy", path, ".."), { recursive: true });
    await Deno.writeTextFile(join(this.folder, "deploy", path), text);
  }

  async commit(subject: string): Promise<string> {
    const git = await import("isomorphic-git");
    const repository = { fs: nodeFs, dir: this.folder };
    await git.init({ ...repository, defaultBranch: "main" });
    await git.add({ ...repository, filepath: "." });
    const author = { name: "Ida Quay", email: "ida@quay.example" };
    return await git.commit({ ...repository, message: subject, author });
  }

  async ledger() {
    const found = await this.store.get("__cluster/state.json");
    return JSON.parse(new TextDecoder().decode(found?.bytes)).applied_revision;
  }
}

async function withRepository(
  test: (repository: ConfigRepository, first: string) => Promise<void>,
): Promise<void> {
  await withTempDir(async (folder) => {
    const repository = new ConfigRepository(folder);
    for (const [path, text] of Object.entries(harbourFiles())) await repository.write(path, text);
    await test(repository, await repository.commit("Declare the harbour"));
  });
}

Deno.test("plan and ledger name the commit; each resource the commits that changed and applied it", async () => {
  await withRepository(async (repository, first) => {
    const planned = await clusterPlan(repository.options);
    assert.deepEqual(
      [planned.result.provenance?.commit, planned.result.provenance?.ref, planned.result.provenance?.path],
      [first, "main", "deploy"],
    );
    assert.equal(planned.result.provenance?.dirty, false);
    await repository.write("queries/add_ship.gq", `${ADD_SHIP_GQ}// second\n`);
    const second = await repository.commit("Edit a query");
    assert.equal((await clusterApply({ ...repository.options, actor: "ida" })).exitCode, 0);
    await repository.write("policies/crew.policy.yaml", `${CREW_POLICY}# third\n`);
    const third = await repository.commit("Edit a policy");
    assert.equal((await clusterApply(repository.options)).exitCode, 0);

    const { provenance, resources } = await repository.ledger();
    assert.deepEqual([provenance.commit, provenance.subject, provenance.author], [
      third,
      "Edit a policy",
      "Ida Quay",
    ]);
    const origins = Object.fromEntries(
      Object.entries<{ applied_commit: string; changed_commit: string }>(resources)
        .map(([address, entry]) => [address, [entry.changed_commit, entry.applied_commit]]),
    );
    assert.deepEqual(origins, {
      "graph.fleet": [second, second],
      "policy.crew": [third, third],
      "policy.gate": [first, second],
      "query.fleet.add_ship": [second, second],
      "query.fleet.ships": [first, second],
      "query.fleet.ships_in_port": [first, second],
      "schema.fleet": [first, second],
    });
    assert.equal((await loadServingRevision(repository.store)).commit, third);
    const history = await repository.store.get("__cluster/history/00000001.json");
    const record = JSON.parse(new TextDecoder().decode(history?.bytes));
    assert.deepEqual([record.actor, record.provenance.commit, record.provenance.actor], [
      "ida",
      second,
      { id: "ida", verified: false },
    ]);
  });
});

Deno.test("a new commit with the same content is nothing to apply", async () => {
  await withRepository(async (repository) => {
    await clusterApply(repository.options);
    await repository.write("README.md", "about this repository\n");
    await repository.commit("Say what this is");
    const { exitCode, result } = await clusterApply(repository.options);
    assert.deepEqual([exitCode, result.state_written, result.changes], [0, false, []]);
  });
});

Deno.test("apply refuses files that are not committed, before any effect; --allow-dirty records them", async () => {
  await withRepository(async (repository) => {
    await repository.write("schemas/fleet.pg", `// not committed\n${FLEET_SCHEMA}`);
    await repository.write("notes.txt", "unused\n");
    const refused = await clusterApply(repository.options);
    assert.equal(refused.exitCode, 4);
    assert.deepEqual(refused.diagnostics.map(({ code }) => code), ["config_dirty"]);
    assert.match(refused.diagnostics[0]!.message, /deploy\/schemas\/fleet\.pg/);
    assert.equal(await repository.store.prefixExists(""), false);
    const planned = await clusterPlan(repository.options);
    assert.deepEqual([planned.exitCode, planned.result.provenance?.dirty], [0, true]);
    const allowed = await clusterApply({ ...repository.options, allowDirty: true });
    assert.deepEqual([allowed.exitCode, allowed.result.converged], [0, true]);
    assert.deepEqual((await repository.ledger()).provenance.dirty_paths, ["deploy/schemas/fleet.pg"]);
  });
});

Deno.test("a repository that cannot be read warns in plan and refuses apply", async () => {
  await withRepository(async (repository) => {
    await Deno.writeTextFile(join(repository.options.configDir, "../.git/HEAD"), `${"1".repeat(40)}\n`);
    const planned = await clusterPlan(repository.options);
    assert.deepEqual([planned.exitCode, planned.diagnostics.map(({ code }) => code)], [0, [
      "provenance_unreadable",
    ]]);
    assert.equal((await clusterApply(repository.options)).exitCode, 4);
    assert.equal((await clusterApply({ ...repository.options, allowDirty: true })).exitCode, 0);
  });
});

Deno.test("apply in a shallow clone works and hints at what cannot be recorded", async () => {
  await withRepository(async (repository, first) => {
    await Deno.writeTextFile(join(repository.options.configDir, "../.git/shallow"), `${first}\n`);
    const applied = await clusterApply(repository.options);
    assert.deepEqual([applied.exitCode, applied.diagnostics.map(({ code }) => code)], [0, [
      "provenance_shallow",
    ]]);
    assert.match(applied.diagnostics[0]!.help!, /fetch-depth: 0/);
    assert.equal((await repository.ledger()).resources["schema.fleet"].changed_commit, null);
    assert.deepEqual(
      (await clusterApply(repository.options)).diagnostics,
      [],
      "nothing applied, nothing to say",
    );
  });
});

Deno.test("in GitHub Actions the run, the pull request and the actor are recorded", async () => {
  await withRepository(async (repository) => {
    const values: Record<string, string> = {
      GITHUB_ACTIONS: "true",
      GITHUB_ACTOR: "ida",
      GITHUB_ACTOR_ID: "4711",
      GITHUB_SERVER_URL: "https://code.example",
      GITHUB_REPOSITORY: "quay/config",
      GITHUB_RUN_ID: "77",
    };
    const env = { get: (name: string) => values[name] };
    const { result } = await clusterApply({ ...repository.options, env });
    assert.equal(result.actor, "github:4711/ida");
    assert.deepEqual(result.provenance?.actor, { id: "github:4711/ida", verified: true });
    assert.equal(result.provenance?.ci?.run_url, "https://code.example/quay/config/actions/runs/77");
  });
});

Deno.test("--ref plans and applies the tree of a commit, whatever the working tree holds", () =>
  withRepository(async (repository, first) => {
    const { folder } = repository;
    await repository.write("queries/add_ship.gq", ADD_SHIP_GQ.replace("add_ship", "add_vessel"));
    await repository.write("queries/ships.gq", `${SHIPS_GQ}// a remark\n`);
    const second = await repository.commit("Say vessel");
    await repository.write("queries/ships.gq", "scribbles");
    await Deno.remove(join(folder, "deploy/policies"), { recursive: true });
    const { options } = repository;
    assert.equal((await clusterPlan(options)).exitCode, 6, "the working tree is in pieces");
    assert.equal((await clusterValidate({ ...options, ref: first })).exitCode, 0);
    const planned = await clusterPlan({ ...options, ref: first });
    assert.deepEqual([planned.exitCode, planned.result.changes.length], [0, 7]);
    const { commit, ref, dirty, subject } = planned.result.provenance!;
    assert.deepEqual([commit, ref, dirty, subject], [first, null, false, "Declare the harbour"]);
    assert.equal((await clusterApply({ ...options, ref: first })).exitCode, 0);
    const applied = await repository.ledger();
    assert.equal(applied.provenance.commit, first);
    assert.deepEqual(
      [
        applied.resources["query.fleet.ships"].applied_commit,
        applied.resources["query.fleet.ships"].changed_commit,
      ],
      [first, first],
    );
    const next = await clusterPlan({ ...options, ref: "main" });
    assert.deepEqual([next.result.provenance?.commit, next.result.provenance?.ref], [second, "main"]);
    assert.deepEqual(
      next.result.changes.map(({ resource, operation }) => `${operation} ${resource}`),
      [
        "update graph.fleet",
        "delete query.fleet.add_ship",
        "create query.fleet.add_vessel",
        "update query.fleet.ships",
        "update query.fleet.ships_in_port",
      ],
    );
    const last = await clusterApply({ ...options, ref: second.slice(0, 8) });
    assert.deepEqual([last.exitCode, last.result.converged], [0, true]);
    const entry = (await repository.ledger()).resources["query.fleet.add_vessel"];
    assert.deepEqual([entry.applied_commit, entry.changed_commit], [second, second]);
  }));

Deno.test("--ref knows branches, tags and commits, and says which it does not know", () =>
  withRepository(async (repository, commit) => {
    const { folder } = repository;
    const git = await import("isomorphic-git");
    const place = { fs: nodeFs, dir: folder };
    const tagger = { name: "Ida Quay", email: "ida@quay.example" };
    await git.tag({ ...place, ref: "light" });
    await git.annotatedTag({ ...place, ref: "v1", message: "first", tagger });
    await git.branch({ ...place, ref: "north/quay" });
    for (const ref of ["light", "v1", "north/quay", "HEAD", "refs/tags/v1", commit, commit.slice(0, 6)]) {
      const { exitCode, result } = await clusterPlan({ ...repository.options, ref });
      assert.deepEqual([ref, exitCode, result.provenance?.commit], [ref, 0, commit]);
    }
    const { commit: { tree } } = await git.readCommit({ ...place, oid: commit });
    for (const ref of ["south", "0000000", "", "../HEAD", "refs/heads", "deploy", tree]) {
      await assert.rejects(clusterPlan({ ...repository.options, ref }), (error) => {
        assert.ok(error instanceof AppError);
        assert.equal(error.code, "usage");
        assert.match(error.message, /has no branch, tag or commit/);
        return true;
      }, ref);
    }
    await withTempDir((elsewhere) =>
      assert.rejects(
        clusterPlan({ ...repository.options, configDir: elsewhere, ref: "main" }),
        /is in no git repository: `--ref` needs one/,
      )
    );
  }));

Deno.test("--ref does not follow links of the commit, and takes what is outside of the repository for uncommitted", () =>
  withRepository(async (repository) => {
    const { folder } = repository;
    await withTempDir(async (outside) => {
      await Deno.writeTextFile(join(outside, "fleet.pg"), FLEET_SCHEMA);
      const yaml = (schema: string) => `version: 1\ngraphs: { fleet: { schema: ${schema} } }\n`;
      await repository.write("cluster.yaml", yaml(join(outside, "fleet.pg")));
      await repository.commit("A schema elsewhere");
      const plan = await clusterPlan({ ...repository.options, ref: "main" });
      assert.deepEqual([plan.exitCode, plan.result.provenance?.dirty_paths], [0, [
        join(outside, "fleet.pg"),
      ]]);
      assert.equal((await clusterApply({ ...repository.options, ref: "main" })).exitCode, 4);
      await Deno.symlink("schemas/fleet.pg", join(folder, "deploy/link.pg"));
      await repository.write("cluster.yaml", yaml("link.pg"));
      await repository.commit("A link");
      const { exitCode, diagnostics } = await clusterPlan({ ...repository.options, ref: "main" });
      assert.equal(exitCode, 6);
      assert.match(diagnostics[0]!.message, /symbolic link/);
    });
  }));
