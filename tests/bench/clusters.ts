/** The control plane at scale: planning and applying a cluster of 10 graphs with 300 stored queries each, on disk. */
import assert from "node:assert/strict";
import { join } from "@std/path";
import { clusterApply, clusterPlan } from "../../core/cluster/commands.ts";
import { medianOver, once, type Row } from "./measure.ts";

const GRAPHS = 10;
const QUERIES = 300;
const SCHEMA = `node Ship { name: String @key
  tons: I32? }
node Port { code: String @key }
edge Calls: Ship -> Port
`;

/** Plan and apply inside one process; whole processes are measured by `cold.ts`. */
export async function measureClusters(work: string): Promise<Row[]> {
  const configDir = join(work, "cluster");
  writeConfig(configDir);
  const apply = async () => {
    const { exitCode, result } = await clusterApply({ configDir });
    assert.deepEqual([exitCode, result.converged], [0, true]);
  };
  const first = await once(apply);
  const rounds = Array.from({ length: 7 }, (_, i) => i);
  const plan = await medianOver(rounds, async () => {
    assert.deepEqual((await clusterPlan({ configDir })).result.changes, []);
  }, { rounds: 1 });
  const small = await medianOver(rounds, async (round) => {
    Deno.writeTextFileSync(join(configDir, "g0", "q0.gq"), query(0, `// ${round}, ${performance.now()}\n`));
    await apply();
  }, { rounds: 1 });
  const size = `${GRAPHS} graphs, ${(GRAPHS * QUERIES).toLocaleString("en")} queries`;
  return [
    { workload: `cluster plan without changes: ${size}`, ours: plan },
    { workload: `cluster apply of one changed query: ${size}`, ours: small, note: "all blobs verified" },
    { workload: `first cluster apply: ${size}`, ours: first, note: "all blobs synced" },
  ];
}

function query(number: number, remark = ""): string {
  return `${remark}query q${number}($code: String) {
  match { $s: Ship $p: Port { code: $code } $s calls $p $s.tons > ${number} }
  return { $s.name, $s.tons }
}
`;
}

function writeConfig(folder: string): void {
  const ids = Array.from({ length: GRAPHS }, (_, i) => `g${i}`);
  const graphs = ids.map((id) => `  ${id}: { schema: ships.pg, queries: ${id}/ }\n`).join("");
  for (const id of ids) {
    Deno.mkdirSync(join(folder, id), { recursive: true });
    for (let i = 0; i < QUERIES; i++) Deno.writeTextFileSync(join(folder, id, `q${i}.gq`), query(i));
  }
  Deno.writeTextFileSync(join(folder, "ships.pg"), SCHEMA);
  Deno.writeTextFileSync(join(folder, "cluster.yaml"), `version: 1\ngraphs:\n${graphs}`);
}
