/**
 * A race of real processes for the objects of one store. As a module it starts the processes; as a program it is one of
 * them: `race.ts <address> <racer> <rounds>`, waits for a line on its input, races, prints its wins as JSON.
 */
import { openObjectStore } from "../../core/storage/open.ts";
import { parseStorageUri } from "../../core/storage/uri.ts";
import type { ObjectStore } from "../../core/storage/object_store.ts";

/** What one process won: rounds of put-if-absent, and values it put into the counter by put-if-match. */
export interface Wins {
  readonly absent: readonly number[];
  readonly match: readonly number[];
}

/** Lets `count` processes race and returns the wins of each. The store must hold `counter` with the text `0`. */
export async function raceOfProcesses(
  count: number,
  options: { address: string; rounds: number; variables?: Readonly<Record<string, string>> },
): Promise<Wins[]> {
  const children = Array.from({ length: count }, (_, racer) =>
    new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", import.meta.url, options.address, String(racer), String(options.rounds)],
      env: options.variables ?? {},
      stdin: "piped",
      stdout: "piped",
    }).spawn());
  const outputs = children.map((child) => child.stdout.pipeThrough(new TextDecoderStream()).getReader());
  // Start together: wait until all are loaded.
  for (const output of outputs) await output.read();
  for (const child of children) {
    const input = child.stdin.getWriter();
    await input.write(new TextEncoder().encode("go\n"));
    await input.close();
  }
  const wins: Wins[] = [];
  for (const [racer, output] of outputs.entries()) {
    let report = "";
    for (let chunk = await output.read(); !chunk.done; chunk = await output.read()) report += chunk.value;
    const status = await children[racer]!.status;
    if (!status.success) throw new Error(`racer ${racer} failed with code ${status.code}`);
    wins.push(JSON.parse(report) as Wins);
  }
  return wins;
}

/** All racers that lost a round see its object and go on to the next one at about the same time. */
async function raceForAbsent(store: ObjectStore, racer: number, rounds: number): Promise<number[]> {
  const won: number[] = [];
  for (let round = 0; round < rounds; round++) {
    const bytes = new TextEncoder().encode(`racer ${racer}`);
    if (await store.putIfAbsent(`absent/${round}`, bytes) !== null) won.push(round);
  }
  return won;
}

async function raceForMatch(store: ObjectStore, rounds: number): Promise<number[]> {
  const won: number[] = [];
  while (true) {
    const current = await store.get("counter");
    if (current === null) throw new Error("the counter vanished");
    const next = Number(new TextDecoder().decode(current.bytes)) + 1;
    if (next > rounds) return won;
    const result = await store.putIfMatch("counter", new TextEncoder().encode(String(next)), current.version);
    if (result !== null) won.push(next);
  }
}

if (import.meta.main) {
  const [address = "", racer = "", rounds = ""] = Deno.args;
  const store = openObjectStore(parseStorageUri(address, Deno.cwd()));
  console.log("ready");
  await Deno.stdin.read(new Uint8Array(8));
  const absent = await raceForAbsent(store, Number(racer), Number(rounds));
  const match = await raceForMatch(store, Number(rounds));
  console.log(JSON.stringify({ absent, match } satisfies Wins));
}
