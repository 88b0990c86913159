/**
 * A process that applies one config directory: `cluster_applier.ts <config dir> [hold | die:<step>]`.
 *
 * Prints `ready`, waits for a line, applies, prints the exit code. With `hold` it stops before the ledger is written,
 * prints `holding` and waits for another line. With `die:` it kills itself at that step.
 */
import { clusterApply } from "../../core/cluster/commands.ts";
import { systemPorts } from "../../core/graph/graph_ports.ts";

const [configDir = ".", mode] = Deno.args;
const input = Deno.stdin.readable.getReader();
const say = (line: string) => void Deno.stdout.writeSync(new TextEncoder().encode(`${line}\n`));

// Load everything first, so that the moment of a kill falls into the work and not into the loading.
await Promise.all([
  import("../../core/cluster/apply.ts"),
  import("../../core/graph/open.ts"),
  import("../../core/policy/gate.ts"),
]);
say("ready");
await input.read();
const failpoint = async (name: string) => {
  if (mode === `die:${name}`) Deno.kill(Deno.pid, "SIGKILL");
  if (mode !== "hold" || name !== "cluster_apply.before_state_write") return;
  say("holding");
  await input.read();
};
const { exitCode } = await clusterApply({ configDir, ports: { ...systemPorts(), failpoint } });
say(String(exitCode));
Deno.exit(exitCode);
