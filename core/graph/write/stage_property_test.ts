/**
 * Loads and mutations against the model: a random history runs through both; they must accept the same writes and hold
 * the same content after each.
 */
import assert from "node:assert/strict";
import fc from "fast-check";
import { AppError } from "../../errors.ts";
import { compileQuery } from "../../query/compile.ts";
import { applied, type Content, countingIds, memoryView } from "../../../tests/support/memory_view.ts";
import { createMemoryTables, emptyPin } from "../../../tests/support/memory_tables.ts";
import {
  body,
  COLUMNS,
  contentRows,
  lineText,
  load,
  type Model,
  MODEL_CATALOG as CATALOG,
  modelLoad,
  modelMutation,
  Refused,
  shown,
  START,
  statementText,
  type Step,
} from "../../../tests/support/write_model.ts";
import type { Commit } from "../commit.ts";
import { createTableCache } from "../read/table_cache.ts";
import type { GraphView } from "../read/view.ts";
import type { DecodedDelta } from "../snapshot_state.ts";
import { parseBatch } from "./batch.ts";
import type { ChangeSet } from "./change_set.ts";
import { stageLoad } from "./stage_load.ts";
import { stageMutation } from "./stage_mutation.ts";

/** A graph that takes writes: its content, and a way to look at it. */
interface Subject {
  readonly content: () => Content;
  /** Stages one step and takes its changes in; throws what staging throws. */
  readonly write: (step: Step) => Promise<void>;
}

/** Views over plain maps, which refuse to answer about what was not prepared. */
function mapSubject(newId: () => string): Subject {
  let content: Content = new Map();
  return {
    content: () => content,
    async write(step) {
      const changes = await stage(memoryView(CATALOG, content), step, newId);
      if (changes !== null) content = applied(CATALOG, content, changes);
    },
  };
}

/** Views of the read cache, every accepted write being one more delta over empty tables. */
function cacheSubject(newId: () => string): Subject {
  const cache = createTableCache({ tables: createMemoryTables() });
  let content: Content = new Map();
  let deltas = new Map<string, readonly DecodedDelta[]>();
  let commits = 0;

  function view(): GraphView {
    const tables = [...CATALOG.byKey].map(([key, type]) => {
      const pin = emptyPin(key.replace(":", "/"));
      return [key, { type, pin, deltas: deltas.get(key) ?? [] }] as const;
    });
    const states = tables.map(([key, { pin }]) => [key, { pin, rows: content.get(key)?.size ?? 0 }]);
    const commit = { id: `c${commits}`, tables: Object.fromEntries(states) } as unknown as Commit;
    return cache.view({ catalog: CATALOG, commit, tables: new Map(tables) });
  }

  return {
    content: () => content,
    async write(step) {
      const changes = await stage(view(), step, newId);
      if (changes === null) return;
      content = applied(CATALOG, content, changes);
      commits++;
      deltas = new Map(deltas);
      for (const [key, { upserts, deletes }] of changes) {
        deltas.set(key, [...deltas.get(key) ?? [], { commitId: `c${commits}`, upserts, deletes }]);
      }
    },
  };
}

async function stage(view: GraphView, step: Step, newId: () => string): Promise<ChangeSet | null> {
  if ("load" in step) {
    const text = step.load.lines.map(lineText).join("\n");
    const batch = parseBatch(CATALOG, new TextEncoder().encode(text));
    return await stageLoad(view, batch, step.load.mode, newId);
  }
  const query = compileQuery(CATALOG, {
    path: "q",
    text: `query q() { ${step.body.map(statementText).join(" ")} }`,
  });
  assert.ok(query.kind === "mutation");
  return (await stageMutation(view, query, new Map(), { nowMs: 0, newId })).changes;
}

/** The result, or null when the write was refused. */
async function attempt<T>(write: () => T | Promise<T>): Promise<T | null> {
  try {
    return await write();
  } catch (error) {
    if (error instanceof Refused || error instanceof AppError) return null;
    throw error;
  }
}

async function compareHistories(
  makeSubject: (newId: () => string) => Subject,
  numRuns: number,
): Promise<void> {
  const step = fc.oneof(
    load.map((value): Step => ({ load: value })),
    body.map((value): Step => ({ body: value })),
  );
  let accepted = 0;
  let refused = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 10 }), async (history) => {
      const subject = makeSubject(countingIds());
      const modelIds = countingIds();
      let model: Model = Object.fromEntries(Object.keys(COLUMNS).map((type) => [type, new Map()]));
      for (const step of [START, ...history]) {
        const expected = await attempt(() =>
          "load" in step
            ? modelLoad(model, step.load.mode, step.load.lines, modelIds)
            : modelMutation(model, step.body, modelIds)
        );
        const actual = await attempt(() => subject.write(step));
        assert.equal(actual === null, expected === null, JSON.stringify(step));
        if (expected === null) refused++;
        else {
          accepted++;
          model = expected;
        }
        assert.deepEqual(
          shown((type) => contentRows(subject.content(), type)),
          shown((type) => model[type]!),
        );
      }
    }),
    { numRuns },
  );
  assert.ok(accepted > numRuns && refused > numRuns, `accepted ${accepted}, refused ${refused}`);
}

Deno.test("loads and mutations accept what the model accepts, and change what it changes", async () => {
  await compareHistories(mapSubject, 300);
});

Deno.test("loads and mutations decide the same over the views of the read cache", async () => {
  await compareHistories(cacheSubject, 200);
});
