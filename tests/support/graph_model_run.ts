/**
 * Runs the steps of a program on the model and on the product, and compares after every step what both answer and hold.
 * The model decides first; from the product it learns only what it cannot know: ids and times.
 */
import assert from "node:assert/strict";
import { AppError } from "../../core/errors.ts";
import type { CommitOutput } from "../../core/graph/graph.ts";
import { imageText, type ModelBranch, type ModelCommit, ModelGraph } from "./graph_model.ts";
import { emptyImage, type Image, type Row, sameRow } from "./graph_model_rules.ts";
import type { ModelSchema } from "./graph_model_schema.ts";
import type { WriteStep } from "./graph_model_step.ts";
import { batchText, mutationText } from "./graph_model_text.ts";
import { ModelWorld } from "./graph_model_world.ts";
import { isMadeUp, load, mutate, Refused } from "./graph_model_writes.ts";

/** A call of the product: its answer, or the word of its refusal. */
export type Answer<T> =
  | { readonly value: T; readonly word: null; readonly error: null }
  | { readonly value: null; readonly word: string; readonly error: AppError };

/** What the model says of one write on one head. */
export type Expected =
  | { readonly words: readonly string[] }
  | { readonly words: null; readonly after: Image | null; readonly nodes?: number; readonly edges?: number };

/** The answer to a write, as far as it is compared. */
export interface WriteAnswer {
  readonly commit: CommitOutput | null;
  readonly counts: readonly [nodes: number, edges: number] | null;
  readonly isForked: boolean;
}

/** Who writes through each of the open graphs. */
export const ACTORS: readonly (string | null)[] = [null, "act-ana"];

/** A model beside the product. */
export class ModelRun {
  readonly model: ModelGraph;
  readonly world: ModelWorld;
  /** Commits that nobody shows any more. */
  readonly dropped: string[] = [];
  /** Where reading the feed of a branch goes on: the cursor, the life of the branch it is of, and the last commit read. */
  readonly cursors = new Map<
    string,
    { readonly cursor: string; readonly life: number; readonly after: string }
  >();

  private constructor(model: ModelGraph, world: ModelWorld) {
    this.model = model;
    this.world = world;
  }

  static async create(schema: ModelSchema, seed: number, onDisk: boolean): Promise<ModelRun> {
    const world = await ModelWorld.create(schema, seed, onDisk);
    const [genesis] = (await world.graph(0).commits()).commits;
    assert.ok(genesis !== undefined, "a graph begins with a commit");
    const { graph_commit_id: id, created_at: createdAt } = genesis;
    const run = new ModelRun(new ModelGraph(schema, { id, createdAt }, emptyImage(schema)), world);
    checkCommit(genesis, run.model.branch("main").head);
    return run;
  }

  /** One write. */
  async write(handle: number, write: WriteStep): Promise<void> {
    const branch = this.model.find(write.branch);
    const forks = branch === null && write.do === "load" && write.from !== null;
    const source = forks ? this.model.find(write.from!) : branch;
    const answer = await this.perform(handle, write);
    if (source === null) return checkRefused(answer, ["branch_not_found"]);
    if (forks && this.model.obstacle(write.branch) !== null) return checkRefused(answer, ["branch_exists"]);
    const expected = this.expect(write, source.head);
    if (expected.words !== null) {
      checkRefused(answer, expected.words);
      assert.deepEqual((await this.world.graph(handle).branches()).branches, this.model.names());
      return await this.checkHead(source);
    }
    const target = forks ? this.model.fork(write.branch, source.life, source.head) : source;
    await this.accept(target, write, expected, answer, handle, forks);
  }

  /** Asks the product to write. */
  perform(handle: number, write: WriteStep): Promise<Answer<WriteAnswer>> {
    const graph = this.world.graph(handle);
    const { schema } = this.model;
    const { branch } = write;
    const actor = ACTORS[handle]!;
    return attempt(async () => {
      if (write.do === "load") {
        const { mode, from, lines } = write;
        const data = new TextEncoder().encode(batchText(schema, lines));
        const output = await graph.load({ data, mode, branch, actor, ...(from === null ? {} : { from }) });
        assert.equal(output.total_entities, lines.length);
        assert.equal(output.base_branch, from);
        return { commit: output.commit, counts: null, isForked: output.branch_created };
      }
      const { statements, ifCommit } = write;
      const text = mutationText(schema, statements);
      const output = await graph.mutate({
        ...text,
        branch,
        actor,
        ...(ifCommit === null ? {} : { ifCommit }),
      });
      const counts = [output.affected_nodes, output.affected_edges] as const;
      return { commit: output.commit, counts, isForked: false };
    });
  }

  /** What the model says of a write on a head. */
  expect(write: WriteStep, head: ModelCommit): Expected {
    const { schema } = this.model;
    try {
      if (write.do === "load") {
        return { words: null, after: load(schema, head.image, write.mode, write.lines) };
      }
      if (write.ifCommit !== null && write.ifCommit !== head.id) return { words: ["precondition_failed"] };
      return { words: null, ...mutate(schema, head.image, write.statements) };
    } catch (error) {
      if (error instanceof Refused) return { words: error.expected };
      throw error;
    }
  }

  /** Checks the answer to a write that the model allows, and takes its commit over. */
  async accept(
    branch: ModelBranch,
    write: WriteStep,
    expected: Expected & { words: null },
    answer: Answer<WriteAnswer>,
    handle: number,
    forks: boolean,
  ): Promise<void> {
    const { commit, counts, isForked } = valueOf(answer);
    assert.equal(isForked, forks);
    if (write.do === "mutate") assert.deepEqual(counts, [expected.nodes, expected.edges]);
    if (expected.after === null) return assert.equal(commit, null, "a commit without effect");
    assert.ok(commit !== null, "a write with effect has a commit");
    await this.publish(branch, expected.after, commit, ACTORS[handle]!, null);
  }

  /** Adds what the product published to the model, made-up ids replaced, once both hold the same. */
  async publish(
    branch: ModelBranch,
    after: Image,
    output: CommitOutput,
    actor: string | null,
    mergedParent: ModelCommit | null,
  ): Promise<void> {
    const id = output.graph_commit_id;
    const found = await this.world.contentAt(id);
    const image = withRealIds(after, found);
    assert.equal(imageText(found), imageText(image), "the content after the write");
    const facts = { id, createdAt: output.created_at, actor };
    checkCommit(output, this.model.publish(branch, image, facts, mergedParent));
  }

  /** The newest content of a branch is the model's. */
  async checkHead(branch: ModelBranch): Promise<void> {
    assert.equal(imageText(await this.world.content(branch.name)), imageText(branch.head.image), branch.name);
  }
}

/** Compares a commit as shown with the model's. */
export function checkCommit(output: CommitOutput, commit: ModelCommit): void {
  assert.deepEqual(output, {
    graph_commit_id: commit.id,
    graph_branch: commit.branch === "main" ? null : commit.branch,
    graph_manifest_version: commit.version,
    parent_commit_id: commit.parent?.id ?? null,
    merged_parent_commit_id: commit.mergedParent?.id ?? null,
    actor_id: commit.actor,
    created_at: commit.createdAt,
  });
}

/** Calls the product; its refusal becomes a word: the code, or the kind of the broken constraint. */
export async function attempt<T>(call: () => Promise<T>): Promise<Answer<T>> {
  try {
    return { value: await call(), word: null, error: null };
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    return { value: null, word: wordOf(error), error };
  }
}

/** The value of an answer that must be none of refusal. */
export function valueOf<T>(answer: Answer<T>): T {
  if (answer.word !== null) throw new Error(`refused: ${answer.error.message}`, { cause: answer.error });
  return answer.value;
}

/** Asserts that the product refused with one of some words. */
export function checkRefused(answer: Answer<unknown>, words: readonly string[]): void {
  assert.ok(
    answer.word !== null && words.includes(answer.word),
    `${words.join(" or ")} was expected, not ${answer.error ?? "an answer"}`,
  );
}

const FRAGMENTS: readonly (readonly [fragment: string, word: string])[] = [
  ["@unique violation", "unique_violation"],
  ["@range violation", "value_constraint_violation"],
  ["invalid enum value", "value_constraint_violation"],
  ["@card violation", "cardinality_violation"],
  ["not found in", "orphan_edge"],
];

function wordOf({ code, message }: AppError): string {
  if (code !== "constraint_violation") return code;
  return FRAGMENTS.find(([fragment]) => message.includes(fragment))?.[1] ?? message;
}

/** Gives each made-up row the id of a row that is there, is equal and is not the model's yet. */
function withRealIds(image: Image, found: Image): Image {
  return new Map([...image].map(([name, rows]) => {
    const real = new Map<string, Row>();
    const open = new Map([...found.get(name)!].filter(([id]) => !rows.has(id)));
    for (const [id, row] of rows) {
      if (!isMadeUp(id)) {
        real.set(id, row);
        continue;
      }
      const match = [...open].find(([, each]) => sameRow(each, row));
      real.set(match?.[0] ?? id, row);
      if (match !== undefined) open.delete(match[0]);
    }
    return [name, real];
  }));
}
