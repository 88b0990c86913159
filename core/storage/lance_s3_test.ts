import { testTables } from "../../tests/suites/table_suite.ts";
import type { TablePlace } from "../../tests/suites/table_suite.ts";
import { s3ForTests } from "../../tests/support/s3_server.ts";
import { lanceRoot } from "./lance_root.ts";
import { LanceTables } from "./lance_tables.ts";
import { openObjectStore } from "./open.ts";
import { showUri } from "./uri.ts";

const s3 = await s3ForTests();

/** A graph root in a bucket of its own. */
function bucketPlace(): Promise<TablePlace> {
  const { env, variables, makeBucket } = s3.server();
  const uri = { kind: "s3", bucket: makeBucket(), prefix: "some/graph.omni" } as const;
  return Promise.resolve({
    address: showUri(uri),
    variables,
    open: () => new LanceTables(lanceRoot(uri, env)),
    clear: () => openObjectStore(uri, env).deletePrefix(""),
    another: bucketPlace,
  });
}

testTables("lance tables on S3:", bucketPlace, { ignore: s3.ignore });
