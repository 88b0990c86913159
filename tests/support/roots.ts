/** The two kinds of storage roots, so that one test runs on both. */
import { join } from "@std/path";
import { type Env, systemEnv } from "../../core/base/ports.ts";
import { openObjectStore, openTableStore } from "../../core/storage/open.ts";
import type { ObjectStore } from "../../core/storage/object_store.ts";
import type { TableStore } from "../../core/storage/table_store.ts";
import { joinUri, parseStorageUri, showUri, type StorageUri } from "../../core/storage/uri.ts";
import { withTempDir } from "./process.ts";
import { s3ForTests } from "./s3_server.ts";

/** An empty root, for one test. */
export interface Root {
  /** What to write as `storage:`. */
  readonly address: string;
  readonly uri: StorageUri;
  /** Variables that other processes need to reach it. */
  readonly variables: Readonly<Record<string, string>>;
  readonly env: Env;
  /** An empty folder for configuration and the like, removed afterwards. */
  readonly folder: string;
  /** The objects below a key; without one all. */
  store(key?: string): ObjectStore;
  /** The tables of the graph at a key; without one at the root itself. */
  tables(key?: string): TableStore;
}

/** One kind of roots. */
export interface RootKind {
  /** `disk` or `S3`. */
  readonly name: string;
  /** Registers a test with a root of its own; ignored where the kind cannot be had. */
  test(name: string, body: (root: Root) => Promise<void>): void;
}

/** Both kinds. Call at the top of a test file: it starts the S3 server. */
export async function rootKinds(): Promise<readonly RootKind[]> {
  const s3 = await s3ForTests();
  return [
    {
      name: "disk",
      test: (name, body) =>
        Deno.test(`${name} (disk)`, () =>
          withTempDir((folder) =>
            body(rootAt({ address: join(folder, "root"), folder, variables: {} }, systemEnv))
          )),
    },
    {
      name: "S3",
      test: (name, body) =>
        s3.test(`${name} (S3)`, () =>
          withTempDir((folder) => {
            const { makeBucket, variables, env } = s3.server();
            return body(rootAt({ address: `s3://${makeBucket()}/some/root`, folder, variables }, env));
          })),
    },
  ];
}

/** The root at an address. */
export function rootAt(place: Pick<Root, "address" | "folder" | "variables">, env: Env): Root {
  const uri = parseStorageUri(place.address, "/");
  const at = (key: string | undefined) => key === undefined ? uri : joinUri(uri, key);
  return {
    ...place,
    address: showUri(uri),
    uri,
    env,
    store: (key) => openObjectStore(at(key), env),
    tables: (key) => openTableStore(at(key), env),
  };
}
