import { testObjectStore } from "../../tests/suites/object_store_suite.ts";
import { s3ForTests } from "../../tests/support/s3_server.ts";
import { openObjectStore } from "./open.ts";

const s3 = await s3ForTests();

testObjectStore("S3 store:", () => {
  const { env, variables, makeBucket } = s3.server();
  const bucket = makeBucket();
  const store = openObjectStore({ kind: "s3", bucket, prefix: "some/root" }, env);
  return Promise.resolve({ store, address: store.uri, variables, dispose: () => Promise.resolve() });
}, { sharedByProcesses: true, ignore: s3.ignore, removesInOneStep: false });
