/** Looks at a graph: each is one call of the product, compared with what the model holds. */
import assert from "node:assert/strict";
import { jsonText, parseJson } from "../../core/base/lossless_json.ts";
import type { EmbeddedGraph } from "../../core/graph/embedded.ts";
import { differences, type ModelChange, type ModelCommit } from "./graph_model.ts";
import { exportText, type Row } from "./graph_model_rules.ts";
import { attempt, checkCommit, checkRefused, type ModelRun, valueOf } from "./graph_model_run.ts";
import type { ModelType } from "./graph_model_schema.ts";
import type { StepOf, Target } from "./graph_model_step.ts";
import { pairsRows, pairsText, readRows, readText } from "./graph_model_text.ts";
import { typeOf } from "./graph_model_writes.ts";

/** The commit that a target shows, or the word of the refusal. */
function resolve({ model }: ModelRun, target: Target): ModelCommit | string {
  if (target.commit !== null) {
    return model.visible().find(({ id }) => id === target.commit) ?? "commit_not_found";
  }
  const branch = model.find(target.branch!);
  if (branch === null) return "branch_not_found";
  if (target.atMs === null) return branch.head;
  const upTo = target.atMs * 1000;
  return model.history(branch).find(({ createdAt }) => createdAt <= upTo) ?? "commit_not_found";
}

function targetOf({ branch, commit, atMs }: Target): { branch?: string; snapshot?: string; asOf?: string } {
  if (commit !== null) return { snapshot: commit };
  return { branch: branch!, ...(atMs === null ? {} : { asOf: new Date(atMs).toISOString() }) };
}

/** All entities of a type that satisfy a comparison, with a query. */
export async function read(run: ModelRun, handle: number, step: StepOf<"read">): Promise<void> {
  const type = typeOf(run.model.schema, step.type);
  const { where, asPairs } = step;
  const request = { ...asPairs ? pairsText(type) : readText(type, where), ...targetOf(step.target) };
  const answer = await attempt(() => run.world.graph(handle).query(request));
  const commit = resolve(run, step.target);
  if (typeof commit === "string") return checkRefused(answer, [commit]);
  const { rows, row_count, graph_commit_id } = valueOf(answer);
  const found = (parseJson(rows.toJsonText()) as readonly unknown[]).map((row) => jsonText(row)).sort();
  const { image } = commit;
  assert.deepEqual(found, asPairs ? pairsRows(type, image) : readRows(type, where, image));
  assert.equal(row_count, found.length);
  assert.equal(graph_commit_id, commit.id);
}

/** One entity by its id. */
export async function entity(run: ModelRun, handle: number, step: StepOf<"entity">): Promise<void> {
  const type = typeOf(run.model.schema, step.type);
  const request = { kind: kindOf(type), type: type.name, id: step.id, ...targetOf(step.target) };
  const answer = await attempt(() => run.world.graph(handle).entity(request));
  const commit = resolve(run, step.target);
  if (typeof commit === "string") return checkRefused(answer, [commit]);
  const row = commit.image.get(type.name)!.get(step.id);
  if (row === undefined) return checkRefused(answer, ["entity_not_found"]);
  const { graph_commit_id, kind, type: name, id, ...image } = valueOf(answer);
  assert.deepEqual([graph_commit_id, kind, name, id], [commit.id, request.kind, type.name, step.id]);
  assert.equal(imageJson(image), imageJson(shownImage(type, row)));
}

/** The counts of a branch. */
export async function snapshot(run: ModelRun, handle: number, name: string): Promise<void> {
  const answer = await attempt(() => run.world.graph(handle).snapshot({ branch: name }));
  const branch = run.model.find(name);
  if (branch === null) return checkRefused(answer, ["branch_not_found"]);
  const output = valueOf(answer);
  assert.equal(output.graph_branch, name);
  assert.equal(output.graph_manifest_version, branch.head.version);
  const counts = output.datasets.map(({ entity_kind, type_name, entity_count }) =>
    `${entity_kind}:${type_name} ${entity_count}`
  );
  const expected = run.model.schema.types.map((type) =>
    `${kindOf(type)}:${type.name} ${branch.head.image.get(type.name)!.size}`
  );
  assert.deepEqual(counts, expected.sort());
}

/** An export, byte by byte. */
export async function exportLines(run: ModelRun, handle: number, step: StepOf<"export">): Promise<void> {
  const request = { ...targetOf(step.target), types: step.types };
  const answer = await attempt(() => exported(run.world.graph(handle), request));
  const commit = resolve(run, step.target);
  if (typeof commit === "string") return checkRefused(answer, [commit]);
  const { id, text } = valueOf(answer);
  assert.equal(text, exportText(run.model.schema, commit.image, step.types));
  assert.equal(id, commit.id);
}

async function exported(
  graph: EmbeddedGraph,
  request: Parameters<EmbeddedGraph["export"]>[0],
): Promise<{ id: string; text: string }> {
  const { graph_commit_id: id, chunks } = await graph.export(request);
  const decoder = new TextDecoder();
  let text = "";
  for await (const chunk of chunks) text += decoder.decode(chunk, { stream: true });
  return { id, text: text + decoder.decode() };
}

/** An export loaded into a new graph gives the same export. */
export async function copy(run: ModelRun, handle: number, name: string): Promise<void> {
  if (run.model.find(name) === null) return;
  const { text } = await exported(run.world.graph(handle), { branch: name });
  const graph = await run.world.openEmpty();
  await graph.load({ data: new TextEncoder().encode(text), mode: "overwrite" });
  assert.equal((await exported(graph, {})).text, text);
  await graph.close();
}

/** The commits of a branch. */
export async function commits(run: ModelRun, handle: number, name: string): Promise<void> {
  const answer = await attempt(() => run.world.graph(handle).commits(name));
  const branch = run.model.find(name);
  if (branch === null) return checkRefused(answer, ["branch_not_found"]);
  const expected = run.model.history(branch);
  const found = valueOf(answer).commits;
  assert.deepEqual(found.map(({ graph_commit_id }) => graph_commit_id), expected.map(({ id }) => id));
  for (const [i, output] of found.entries()) checkCommit(output, expected[i]!);
}

/** What one commit changed, page by page. */
export async function changes(run: ModelRun, handle: number, id: string): Promise<void> {
  const graph = run.world.graph(handle);
  const answer = await attempt(() => pages((page) => graph.commitChanges(id, page)));
  const commit = run.model.visible().find((each) => each.id === id);
  if (commit === undefined) return checkRefused(answer, ["commit_not_found"]);
  if (commit.parent === null) return checkRefused(answer, ["change_diff_refused"]);
  const { all, first } = valueOf(answer);
  checkChanges(run, all, differences(run.model.schema, commit.parent.image, commit.image));
  assert.deepEqual(first.cause, causeOf(commit));
}

function causeOf(commit: ModelCommit): unknown {
  return {
    graph_commit_id: commit.id,
    parent_commit_id: commit.parent!.id,
    ...(commit.mergedParent === null ? {} : { merged_parent_commit_id: commit.mergedParent.id }),
    authored_branch: commit.branch,
    ...(commit.actor === null ? {} : { actor_id: commit.actor }),
    authored_at: commit.createdAt,
  };
}

/** Goes on reading the feed of a branch where it was left, or begins it. */
export async function feed(run: ModelRun, handle: number, step: StepOf<"feed">): Promise<void> {
  const { model, cursors } = run;
  const known = cursors.get(step.branch);
  const start = known === undefined ? { start: "beginning" } : { cursor: known.cursor };
  const answer = await attempt(() =>
    polled(run.world.graph(handle), { ...start, branch: step.branch, limit: step.limit })
  );
  const branch = model.find(step.branch);
  if (branch === null) return checkRefused(answer, ["branch_not_found"]);
  if (known !== undefined && known.life !== branch.life) {
    cursors.delete(step.branch);
    return checkRefused(answer, ["cursor_rejected"]);
  }
  const history = model.history(branch).reverse();
  const from = known === undefined ? 0 : history.findIndex(({ id }) => id === known.after);
  const expected = history.slice(from + 1);
  const { blocks, cursor } = valueOf(answer);
  assert.deepEqual(blocks.map(({ cause }) => cause), expected.map(causeOf));
  for (const [i, { changes }] of blocks.entries()) {
    const commit = expected[i]!;
    checkChanges(run, changes, differences(model.schema, commit.parent!.image, commit.image));
  }
  cursors.set(step.branch, { cursor, life: branch.life, after: branch.head.id });
}

/** Polls until nothing is left; pages that end inside a commit are put together. */
async function polled(
  graph: EmbeddedGraph,
  request: Parameters<EmbeddedGraph["pollChanges"]>[0] & { readonly branch: string; readonly limit: number },
): Promise<{ readonly blocks: readonly FeedBlock[]; readonly cursor: string }> {
  const { branch, limit } = request;
  const blocks: FeedBlock[] = [];
  let page = await graph.pollChanges(request);
  let isInside = false;
  while (true) {
    for (const { cause, changes } of page.blocks) {
      if (isInside) blocks.push({ cause, changes: [...blocks.pop()!.changes, ...changes] });
      else blocks.push({ cause, changes });
      isInside = false;
    }
    isInside = page.next_page_token !== undefined;
    if (page.next_page_token !== undefined) {
      page = await graph.pollChanges({ branch, limit, pageToken: page.next_page_token });
    } else if (page.caught_up === false) {
      page = await graph.pollChanges({ branch, limit, cursor: page.cursor! });
    } else return { blocks, cursor: page.cursor! };
  }
}

/** A block of a feed. */
interface FeedBlock {
  readonly cause: unknown;
  readonly changes: readonly ShownChange[];
}

/** What differs between two commits or heads, page by page. */
export async function diff(run: ModelRun, handle: number, step: StepOf<"diff">): Promise<void> {
  const graph = run.world.graph(handle);
  const { from, to } = step;
  const answer = await attempt(() => pages((page) => graph.diff({ from, to, ...page })));
  const sides = [from, to].map((text) =>
    resolve(run, { branch: text, commit: text.length === 26 ? text : null, atMs: null })
  );
  const refusals = sides.filter((side) => typeof side === "string");
  if (refusals.length > 0) return checkRefused(answer, refusals);
  const [before, after] = sides as ModelCommit[];
  const { all, first } = valueOf(answer);
  checkChanges(run, all, differences(run.model.schema, before!.image, after!.image));
  assert.deepEqual([first.from.graph_commit_id, first.to.graph_commit_id], [before!.id, after!.id]);
}

/** A change as the product tells it. */
interface ShownChange {
  readonly kind: "node" | "edge";
  readonly type: { readonly id: string; readonly name: string };
  readonly id: string;
  readonly op: string;
  readonly before?: unknown;
  readonly after?: unknown;
}

/** A few changes at a time, so that pages follow each other. */
const PAGE = 3;

async function pages<
  P extends { readonly changes: readonly ShownChange[]; readonly next_page_token?: string },
>(
  ask: (page: { limit: number; pageToken?: string }) => Promise<P>,
): Promise<{ readonly all: readonly ShownChange[]; readonly first: P }> {
  const first = await ask({ limit: PAGE });
  const all = [...first.changes];
  for (let token = first.next_page_token; token !== undefined;) {
    const page = await ask({ limit: PAGE, pageToken: token });
    assert.ok(page.changes.length > 0, "a page that was promised is not empty");
    all.push(...page.changes);
    token = page.next_page_token;
  }
  return { all, first };
}

/** Nodes first, then by type id and id; content as the model has it. */
function checkChanges(run: ModelRun, found: readonly ShownChange[], expected: readonly ModelChange[]): void {
  const places = found.map(({ kind, type, id }) => JSON.stringify([kind === "node" ? 0 : 1, type.id, id]));
  assert.deepEqual(places, [...places].sort(), "the order of changes");
  const shown = found.map(({ kind, type, id, op, before, after }) =>
    `${kind} ${type.name} ${id} ${op} ${imageJson(before)} ${imageJson(after)}`
  );
  const wanted = expected.map(({ kind, type: name, id, before, after }) => {
    const type = typeOf(run.model.schema, name);
    const op = before === null ? "insert" : after === null ? "delete" : "update";
    const [was, is] = [before, after].map((row) => row === null ? undefined : shownImage(type, row));
    return `${kind} ${name} ${id} ${op} ${imageJson(was)} ${imageJson(is)}`;
  });
  assert.deepEqual([...shown].sort(), wanted.sort());
}

/** An entity as change blocks and entity reads show it. */
function shownImage(type: ModelType, row: Row): unknown {
  const properties = Object.fromEntries(type.properties.map(({ name }) => [name, row[name] ?? null]));
  return type.ends === null
    ? { properties }
    : { properties, endpoints: { from: row["src"], to: row["dst"] } };
}

/** JSON text with sorted member names. */
function imageJson(value: unknown): string {
  if (typeof value !== "object" || value === null || Array.isArray(value) || ArrayBuffer.isView(value)) {
    return value === undefined
      ? "-"
      : jsonText(ArrayBuffer.isView(value) ? Array.from(value as Float32Array) : value);
  }
  const members = Object.entries(value).filter(([, each]) => each !== undefined).sort(([a], [b]) =>
    a < b ? -1 : 1
  );
  return `{${members.map(([name, each]) => `${name}:${imageJson(each)}`).join(",")}}`;
}

function kindOf(type: ModelType): "node" | "edge" {
  return type.ends === null ? "node" : "edge";
}
