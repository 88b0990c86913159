/** The sandboxed server over a storage root on S3: what it may reach, and where its credentials may come from. */
import assert from "node:assert/strict";
import { join } from "@std/path";
import { serverArguments } from "../../server/launch.ts";
import { readSettings } from "../../server/settings.ts";
import { omnigraph, withTempDir } from "../support/process.ts";
import { envOf, s3ForTests } from "../support/s3_server.ts";
import { FLEET_QUERIES, FLEET_SCHEMA } from "../support/served_cluster.ts";
import { startServer, tryServer } from "../support/server_process.ts";

const s3 = await s3ForTests();

async function flagsFor(cluster: string, variables: Readonly<Record<string, string>>): Promise<string[]> {
  const env = envOf(variables);
  const outcome = readSettings(["--cluster", cluster], env);
  assert.ok(outcome.kind === "settings");
  const args = await serverArguments(outcome.settings, env);
  return args.slice(1, args.findIndex((arg) => arg.endsWith("/server/main.ts")));
}

const KEYS = { AWS_ACCESS_KEY_ID: "id", AWS_SECRET_ACCESS_KEY: "secret" };

Deno.test("a server on S3 with keys may reach the bucket's host and its socket, and write no file", async () => {
  const flags = await flagsFor("s3://quay/north", { AWS_REGION: "eu-west-1", ...KEYS });
  assert.ok(flags.includes("--allow-net=127.0.0.1:8080,quay.s3.eu-west-1.amazonaws.com:443"));
  assert.ok(!flags.some((flag) => /^--allow-(write|sys|run)/.test(flag)));
  const variables = flags.find((flag) => flag.startsWith("--allow-env="))!.slice("--allow-env=".length).split(
    ",",
  );
  assert.ok(variables.includes("AWS_SECRET_ACCESS_KEY"));
  assert.ok(!variables.includes("HOME") && !variables.some((name) => name.includes("*")));
  const read = flags.find((flag) => flag.startsWith("--allow-read="))!;
  assert.ok(!read.includes(".aws"));
});

Deno.test("a server on S3 without keys may also reach the one source of credentials that applies", async () => {
  const base = { AWS_REGION: "eu-west-1", HOME: "/home/ops" };
  const netOf = async (variables: Record<string, string>) => {
    const flags = await flagsFor("s3://quay/north", { ...base, ...variables });
    return {
      net: flags.find((flag) => flag.startsWith("--allow-net="))!.split(",").slice(2),
      read: flags.find((flag) => flag.startsWith("--allow-read="))!.split(",").slice(1),
    };
  };
  assert.deepEqual(await netOf({}), {
    net: ["169.254.169.254:80"],
    read: ["/home/ops/.aws/credentials", "/home/ops/.aws/config"],
  });
  assert.deepEqual(await netOf({ AWS_PROFILE: "ops", AWS_SHARED_CREDENTIALS_FILE: "/etc/keys" }), {
    net: ["sts.eu-west-1.amazonaws.com:443"],
    read: ["/etc/keys", "/home/ops/.aws/config"],
  });
  assert.deepEqual(
    (await netOf({ AWS_WEB_IDENTITY_TOKEN_FILE: "/var/run/token" })).read[0],
    "/var/run/token",
  );
  const container = await netOf({
    AWS_CONTAINER_CREDENTIALS_FULL_URI: "http://169.254.170.23/v1/credentials",
  });
  assert.deepEqual(container.net, ["169.254.170.23:80"]);
});

s3.test("a server on S3 serves and writes with keys of a profile, and says what is missing without", () =>
  withTempDir(async (folder) => {
    const { variables, makeBucket } = s3.server();
    const files = {
      "cluster.yaml":
        `version: 1\nstorage: s3://${makeBucket()}/root\ngraphs:\n  fleet: { schema: fleet.pg, queries: fleet.gq }\n`,
      "fleet.pg": FLEET_SCHEMA,
      "fleet.gq": FLEET_QUERIES,
      "keys": `[ops]\naws_access_key_id = ${variables["AWS_ACCESS_KEY_ID"]}\n` +
        `aws_secret_access_key = ${variables["AWS_SECRET_ACCESS_KEY"]}\n`,
    };
    for (const [name, text] of Object.entries(files)) Deno.writeTextFileSync(join(folder, name), text);
    const { AWS_ENDPOINT_URL, AWS_REGION } = variables;
    const withoutKeys = {
      AWS_ENDPOINT_URL: AWS_ENDPOINT_URL!,
      AWS_REGION: AWS_REGION!,
      // Nobody is asked on the network.
      AWS_EC2_METADATA_DISABLED: "true",
      HOME: folder,
    };
    const profile = {
      ...withoutKeys,
      AWS_PROFILE: "ops",
      AWS_SHARED_CREDENTIALS_FILE: join(folder, "keys"),
    };
    const applied = await omnigraph(["cluster", "apply", "--config", folder], { env: profile });
    assert.equal(applied.code, 0, applied.stderr + applied.stdout);
    const server = await startServer(["--cluster", folder, "--unauthenticated"], profile);
    for (let round = 0; round < 3; round++) {
      const json = { params: { name: `Boat ${round}` } };
      const launched = await server.ask("POST", "/graphs/fleet/queries/launch", { json });
      assert.equal(launched.status, 200, launched.text + server.stderr());
    }
    assert.equal(await server.stop(), 0);
    const refused = await tryServer(["--cluster", folder, "--unauthenticated"], withoutKeys);
    assert.ok(!("port" in refused));
    assert.match(refused.stderr, /no credentials were found, set AWS_ACCESS_KEY_ID/);
  }));

s3.test("wrong buckets, keys and addresses are named, with what to do", () =>
  withTempDir(async (folder) => {
    const { variables, makeBucket } = s3.server();
    const bucket = makeBucket();
    const cases: [string, Record<string, string>, RegExp][] = [
      ["no-such-bucket", {}, /there is no bucket `no-such-bucket`/],
      [bucket, { AWS_SECRET_ACCESS_KEY: "wrong" }, /the secret key is wrong, check AWS_SECRET_ACCESS_KEY/],
      [
        bucket,
        { AWS_ACCESS_KEY_ID: "nobody" },
        /the access key is not known there|answered XAdminUserNotFound \(404\)/,
      ],
      [bucket, { AWS_ENDPOINT_URL: "nonsense" }, /AWS_ENDPOINT_URL: write it as/],
      [bucket, { AWS_ENDPOINT_URL: "", AWS_REGION: "" }, /the region is unknown, set AWS_REGION/],
    ];
    for (const [name, changed, message] of cases) {
      Deno.writeTextFileSync(
        join(folder, "cluster.yaml"),
        `version: 1\nstorage: s3://${name}/root\ngraphs:\n  fleet: { schema: fleet.pg }\n`,
      );
      Deno.writeTextFileSync(join(folder, "fleet.pg"), FLEET_SCHEMA);
      for (const command of ["plan", "apply", "status"]) {
        const { code, stdout, stderr } = await omnigraph(["cluster", command, "--config", folder], {
          env: { ...variables, ...changed },
        });
        assert.notEqual(code, 0, `${command} ${message}`);
        assert.match(stdout + stderr, message, `${command}: ${stdout}${stderr}`);
        assert.ok(!(stdout + stderr).includes("test-secret-key"));
      }
    }
  }));
