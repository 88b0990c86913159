/** One stored graph that several "processes" have open at once, in memory or on disk, and a reader that only looks. */
import { must } from "../../core/base/assert.ts";
import { ulidFactory } from "../../core/base/ids.ts";
import { noFailpoint, type Random } from "../../core/base/ports.ts";
import type { EmbeddedGraph } from "../../core/graph/embedded.ts";
import type { Ports } from "../../core/graph/graph_ports.ts";
import type { LoggedState } from "../../core/graph/logged_state.ts";
import { createGraph, openGraph } from "../../core/graph/open.ts";
import { OpenBranches } from "../../core/graph/open_branches.ts";
import { planFold } from "../../core/graph/plan_commit.ts";
import { createTableCache, type TableCache } from "../../core/graph/read/table_cache.ts";
import { SchemaStore } from "../../core/graph/schemas.ts";
import { writeTables } from "../../core/graph/table_commits.ts";
import type { Cell } from "../../core/schema/value_type.ts";
import { LanceTables } from "../../core/storage/lance_tables.ts";
import { createLocalStore } from "../../core/storage/local_store.ts";
import { createMemoryStore } from "../../core/storage/memory_store.ts";
import type { ObjectStore } from "../../core/storage/object_store.ts";
import type { TablePin, TableStore } from "../../core/storage/table_store.ts";
import type { Image, Row } from "./graph_model_rules.ts";
import { columnsOf, type ModelSchema, schemaText, typeKey, type Value } from "./graph_model_schema.ts";
import { createMemoryTables } from "./memory_tables.ts";

/** "Processes" that write. Their clocks differ: the second one is behind. */
export const HANDLES = 2;
const SKEW_MS = [0, -40];

/** A stored graph and those who have it open. */
export class ModelWorld {
  readonly schema: ModelSchema;
  readonly errors: unknown[] = [];
  readonly #root: string | null;
  readonly #store: ObjectStore;
  readonly #memoryTables: TableStore | null;
  readonly #graphs: EmbeddedGraph[] = [];
  readonly #cache: TableCache;
  readonly #observer: OpenBranches;
  readonly #seed: number;
  readonly #dice: Random;
  #isRacing = false;
  #nowMs = 1_750_000_000_000;
  #opened = 0;

  private constructor(schema: ModelSchema, seed: number, root: string | null) {
    this.schema = schema;
    this.#seed = seed;
    this.#dice = seededRandom(seed);
    this.#root = root;
    this.#store = root === null ? this.#hesitant(createMemoryStore()) : createLocalStore(root);
    this.#memoryTables = root === null ? this.#hesitant<TableStore>(createMemoryTables()) : null;
    const tables = this.#tables();
    this.#cache = createTableCache({ tables });
    this.#observer = new OpenBranches({
      store: this.#store,
      tables,
      cache: this.#cache,
      schemas: new SchemaStore(this.#store),
      ports: this.#ports(0),
      onBackgroundError: (error) => void this.errors.push(error),
    });
  }

  /** Creates the graph and opens it {@linkcode HANDLES} times. The same seed makes the same ids. */
  static async create(schema: ModelSchema, seed: number, onDisk: boolean): Promise<ModelWorld> {
    const world = new ModelWorld(schema, seed, onDisk ? await Deno.makeTempDir() : null);
    await world.#createGraph(world.#store);
    for (let n = 0; n < HANDLES; n++) world.#graphs.push(await world.#open(n));
    return world;
  }

  /** One of the open graphs. */
  graph(handle: number): EmbeddedGraph {
    return must(this.#graphs[handle], `handle ${handle} is open`);
  }

  /** The time of the next call of anybody, milliseconds. */
  get nowMs(): number {
    return this.#nowMs;
  }

  /** Runs things at once; a store in memory answers late and in a random order meanwhile. */
  async racing<T>(things: () => Promise<T>): Promise<T> {
    this.#isRacing = true;
    try {
      return await things();
    } finally {
      this.#isRacing = false;
    }
  }

  /** Closes one of the open graphs and opens it again, with nothing in memory. */
  async reopen(handle: number): Promise<void> {
    await this.graph(handle).close();
    this.#graphs[handle] = await this.#open(handle);
  }

  /** Moves what lies in the log of a branch into its tables, as a process of its own. */
  async fold(branch: string): Promise<void> {
    const { writer } = await this.#observer.get(branch);
    await writer.writeAlone("fold", async (turn) => {
      const state = await turn.latest();
      const due = [...state.tables].filter(([, { deltas }]) => deltas.length > 0);
      if (due.length === 0) return;
      const written = await writeTables(state, due.map(([key]) => [key, null] as const), turn.tableCommits);
      const pins = new Map<string, TablePin>();
      for (const [key, pin] of written) pins.set(key, must(pin, "nobody else writes meanwhile"));
      await turn.append(planFold(state, state.slot + 1, state.slot, pins));
    });
  }

  /** Everything at the head of a branch, read below the product's interface. */
  async content(branch: string): Promise<Image> {
    return await this.#image(await (await this.#observer.get(branch)).head.latest());
  }

  /** Everything at a commit. */
  async contentAt(commit: string): Promise<Image> {
    return await this.#image(await this.#observer.snapshot(commit));
  }

  /** Another graph with the same schema, open once. */
  async openEmpty(): Promise<EmbeddedGraph> {
    const store = createMemoryStore();
    await this.#createGraph(store);
    return await openGraph({ store, tables: createMemoryTables(), uri: "copy", ports: this.#ports(0) });
  }

  /** Closes everything and removes the files. */
  async close(): Promise<void> {
    for (const graph of this.#graphs) await graph.close();
    await this.#observer.settle();
    this.#cache.close();
    if (this.#root !== null) await Deno.remove(this.#root, { recursive: true });
  }

  #createGraph(store: ObjectStore): Promise<unknown> {
    const schema = { path: "model.pg", text: schemaText(this.schema) };
    return createGraph({ store, schema, ports: this.#ports(0) });
  }

  #open(handle: number): Promise<EmbeddedGraph> {
    return openGraph({
      store: this.#root === null ? this.#store : createLocalStore(this.#root),
      tables: this.#tables(),
      uri: "model",
      ports: this.#ports(SKEW_MS[handle]!),
      onBackgroundError: (error) => void this.errors.push(error),
    });
  }

  #tables(): TableStore {
    return this.#root === null ? must(this.#memoryTables, "memory has tables") : new LanceTables(this.#root);
  }

  /** A store that waits before and after everything it does in a race. */
  #hesitant<S extends object>(store: S): S {
    const pause = async () => {
      const turns = new Uint8Array(1);
      this.#dice.fill(turns);
      for (let left = this.#isRacing ? turns[0]! % 4 : 0; left > 0; left--) {
        await new Promise<void>((resolve) => setImmediate(resolve));
      }
    };
    return new Proxy(store, {
      get: (target, name) => {
        const member = Reflect.get(target, name);
        if (typeof member !== "function") return member;
        if (name === "under" || !this.#isRacing) return member.bind(target);
        return async (...given: unknown[]) => {
          await pause();
          const result = await Reflect.apply(member, target, given);
          await pause();
          return result;
        };
      },
    });
  }

  #ports(skewMs: number): Ports {
    const clock = { nowMs: () => this.#nowMs++ + skewMs };
    const random = seededRandom(this.#seed * 31 + this.#opened++);
    return { clock, newId: ulidFactory(clock, random), random, failpoint: noFailpoint };
  }

  async #image(state: LoggedState): Promise<Image> {
    const view = this.#cache.view(state);
    await view.prepare(
      this.schema.types.map((type) => ({ table: typeKey(type), columns: [...columnsOf(type)] })),
    );
    return new Map(this.schema.types.map((type) => {
      const table = type.ends === null ? view.node(type.name) : view.edge(type.name);
      const rows = new Map<string, Row>();
      for (const row of table.liveRows()) {
        const cells = columnsOf(type).map((name) => [name, valueOf(table.cell(row, name))] as const);
        rows.set(table.idOf(row), Object.fromEntries(cells));
      }
      return [type.name, rows];
    }));
  }
}

function valueOf(cell: Cell | null): Value {
  if (typeof cell === "bigint") return Number.isSafeInteger(Number(cell)) ? Number(cell) : cell;
  if (typeof cell === "object" && cell !== null) return Array.from(cell as ArrayLike<string | number>);
  return cell;
}

function seededRandom(seed: number): Random {
  let state = (seed * 2654435761 + 1) >>> 0;
  return {
    fill: (target) => {
      for (let i = 0; i < target.length; i++) {
        state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
        target[i] = state >>> 24;
      }
    },
  };
}
