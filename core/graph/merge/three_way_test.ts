import assert from "node:assert/strict";
import fc from "fast-check";
import type { TypeKey } from "../../schema/catalog.ts";
import type { Cell } from "../../schema/value_type.ts";
import { columnNames } from "../../storage/columns.ts";
import {
  applied,
  catalogFrom,
  type Content,
  type Entity,
  memoryView,
} from "../../../tests/support/memory_view.ts";
import type { TableView } from "../read/view.ts";
import { mergeThreeWay, type TableSides, type ThreeWayResult } from "./three_way.ts";

const CATALOG = catalogFrom(`
  node Film { title: String?  tags: [String]?  year: I64?  score: F64?  at: Vector(2)? }
  edge Link: Film -> Film { note: String? }
`);

/** Images by id, by type key; every image names all columns but the id. */
type Rows = Readonly<Record<TypeKey, Readonly<Record<string, Readonly<Record<string, Cell | null>>>>>>;

function contentOf(rows: Rows): Content {
  return new Map(
    Object.entries(rows).map(([key, images]) => {
      const names = columnNames(CATALOG.byKey.get(key)!);
      const entities = Object.entries(images).map(([id, image]): [string, Entity] => [
        id,
        new Map(names.map((name) => [name, name === "id" ? id : image[name] ?? null])),
      ]);
      return [key, new Map(entities)];
    }),
  );
}

/** Merges whole contents; `candidates` are all ids unless a test chooses them. */
async function merge(
  [base, source, target]: readonly [Content, Content, Content],
  candidates: (key: TypeKey) => Iterable<string> | "all" = () => "all",
): Promise<ThreeWayResult> {
  const views = [base, source, target].map((content) => memoryView(CATALOG, content));
  const tables: TableSides[] = [];
  for (const type of CATALOG.byKey.values()) {
    const sides: TableView[] = [];
    for (const view of views) {
      await view.prepare([{ table: type.key, columns: columnNames(type) }]);
      sides.push(type.kind === "node" ? view.node(type.name) : view.edge(type.name));
    }
    const [b, s, t] = sides as [TableView, TableView, TableView];
    tables.push({ type, base: b, source: s, target: t, candidates: candidates(type.key) });
  }
  return mergeThreeWay(tables);
}

const FILM = "node:Film";

/** The outcome for one film with these images: `keep`, the verdict of a divergence, or what the target has then. */
async function outcome(
  b: Readonly<Record<string, Cell | null>> | null,
  s: Readonly<Record<string, Cell | null>> | null,
  t: Readonly<Record<string, Cell | null>> | null,
): Promise<string> {
  const side = (image: Readonly<Record<string, Cell | null>> | null) =>
    contentOf({ [FILM]: image === null ? {} : { f: image }, "edge:Link": {} });
  const target = side(t);
  const { changes, divergences } = await merge([side(b), side(s), target]);
  if (divergences.length > 0) return divergences.map(({ kind }) => kind).join();
  if (changes.size === 0) return "keep";
  const film = applied(CATALOG, target, changes).get(FILM)!.get("f");
  return film === undefined ? "gone" : String(film.get("title"));
}

Deno.test("28: every row of the truth table", async () => {
  const [b, x, y] = [{ title: "b" }, { title: "x" }, { title: "y" }];
  assert.equal(await outcome(null, x, null), "x");
  assert.equal(await outcome(null, null, y), "keep");
  assert.equal(await outcome(null, x, x), "keep");
  assert.equal(await outcome(null, x, y), "divergent_insert");
  assert.equal(await outcome(b, b, y), "keep");
  assert.equal(await outcome(b, b, b), "keep");
  assert.equal(await outcome(b, b, null), "keep");
  assert.equal(await outcome(b, x, b), "x");
  assert.equal(await outcome(b, null, b), "gone");
  assert.equal(await outcome(b, null, null), "keep");
  assert.equal(await outcome(b, x, x), "keep");
  assert.equal(await outcome(b, x, y), "divergent_update");
  assert.equal(await outcome(b, null, y), "delete_vs_update");
  assert.equal(await outcome(b, x, null), "delete_vs_update");
  assert.equal(await outcome(null, null, null), "keep");
});

Deno.test("changes of different properties of one entity diverge, too", async () => {
  const b = { title: "b", year: 1n };
  assert.equal(await outcome(b, { title: "x", year: 1n }, { title: "b", year: 2n }), "divergent_update");
});

Deno.test("33: null, empty text and empty list differ, and so do one item with a comma and two items", async () => {
  assert.equal(await outcome({ title: null }, { title: "" }, { title: null }), "");
  assert.equal(await outcome({ tags: null }, { tags: [] }, { tags: ["a"] }), "divergent_update");
  assert.equal(await outcome(null, { tags: ["a, b"] }, { tags: ["a", "b"] }), "divergent_insert");
  assert.equal(await outcome(null, { tags: ["a", "b"] }, { tags: ["a", "b"] }), "keep");
});

Deno.test("wide integers, NaN and vectors are compared by value", async () => {
  const wide = 9007199254740993n;
  assert.equal(await outcome(null, { year: wide }, { year: wide - 1n }), "divergent_insert");
  assert.equal(await outcome(null, { score: NaN }, { score: NaN }), "keep");
  const at = (x: number) => ({ at: Float32Array.of(x, 0) });
  assert.equal(await outcome(null, at(1), at(1)), "keep");
  assert.equal(await outcome(null, at(1), at(2)), "divergent_insert");
});

Deno.test("an edge whose end moved is changed", async () => {
  const side = (dst: string) => contentOf({ [FILM]: {}, "edge:Link": { l: { src: "a", dst } } });
  const { divergences } = await merge([side("b"), side("c"), side("d")]);
  assert.deepEqual(divergences.map(({ kind, type, entityId }) => [kind, type.key, entityId]), [
    ["divergent_update", "edge:Link", "l"],
  ]);
});

Deno.test("all divergences come, by type key and then by id", async () => {
  const side = (title: string) =>
    contentOf({
      [FILM]: { z: { title }, a: { title }, m: { title: "same" } },
      "edge:Link": { z: { src: "a", dst: "z", note: title }, b: { src: "z", dst: "a", note: title } },
    });
  const { divergences } = await merge([side("b"), side("s"), side("t")]);
  assert.deepEqual(divergences.map(({ type, entityId }) => `${type.key} ${entityId}`), [
    "edge:Link b",
    "edge:Link z",
    "node:Film a",
    "node:Film z",
  ]);
});

const image = fc.option(fc.constantFrom("x", "y", "z"), { nil: null, freq: 2 });
const ids = ["a", "b", "c", "d"];
const films = fc.record(Object.fromEntries(ids.map((id) => [id, image])));
const triple = fc.tuple(films, films, films);

Deno.test("any three contents merge as a naive reading of the table says, whatever superset of ids is asked about", async () => {
  await fc.assert(
    fc.asyncProperty(triple, fc.boolean(), fc.subarray(ids), async ([b, s, t], whole, more) => {
      const side = (titles: Readonly<Record<string, string | null>>) =>
        contentOf({
          [FILM]: Object.fromEntries(
            Object.entries(titles).flatMap(([id, title]) => title === null ? [] : [[id, { title }]]),
          ),
          "edge:Link": {},
        });
      const changed = ids.filter((id) => b[id] !== s[id]);
      const target = side(t);
      const { changes, divergences } = await merge(
        [side(b), side(s), target],
        () => whole ? "all" : [...changed, ...more],
      );
      const conflicts = changed.filter((id) => t[id] !== b[id] && t[id] !== s[id]);
      assert.deepEqual(divergences.map(({ entityId }) => entityId), conflicts.sort());
      if (conflicts.length > 0) return;
      const merged = applied(CATALOG, target, changes).get(FILM)!;
      for (const id of ids) {
        const expected = changed.includes(id) ? s[id] : t[id];
        assert.equal(merged.get(id)?.get("title") ?? null, expected);
      }
    }),
    { numRuns: 300 },
  );
});
