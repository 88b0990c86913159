/**
 * Whether the head of a branch behaved like one register: every operation took effect at one moment between its call and
 * its return.
 *
 * The log is the witness: it tells the order of all values. An operation stands at the place of the commit that it wrote
 * or read. Operations then have such moments, in the order of the log, if and only if none of them stands before one that
 * had returned when it was called; a write must stand strictly behind those.
 */

/** One operation on the head of a branch that came back. Times are of one clock for all processes. */
export interface HeadOperation {
  /** A write published `commit`; a read saw it as the head. */
  readonly kind: "write" | "read";
  readonly commit: string;
  /** The commit that a conditional write named. */
  readonly ifCommit?: string;
  readonly called: number;
  readonly returned: number;
}

/** A commit as the log tells it. */
export interface LoggedCommit {
  readonly id: string;
  readonly parent: string | null;
}

/** What is wrong with a history; empty when it is linearizable. `log` is the whole branch, oldest first. */
export function headViolations(log: readonly LoggedCommit[], history: readonly HeadOperation[]): string[] {
  const places = new Map(log.map(({ id }, place) => [id, place]));
  const violations: string[] = [];
  log.forEach(({ id, parent }, place) => {
    if (parent !== (log[place - 1]?.id ?? null)) {
      violations.push(`${id} does not follow the commit before it`);
    }
  });
  const written = new Set<string>();
  for (const { kind, commit, ifCommit } of history) {
    const place = places.get(commit);
    if (place === undefined) violations.push(`${kind} of ${commit}: the log does not have it`);
    if (kind !== "write") continue;
    if (written.has(commit)) violations.push(`${commit} was acknowledged to two writers`);
    written.add(commit);
    if (ifCommit !== undefined && place !== undefined && log[place]!.parent !== ifCommit) {
      violations.push(`${commit} was to follow ${ifCommit} and does not`);
    }
  }
  return [...violations, ...orderViolations(places, history)];
}

/** Sweeps through time: nothing that is called may stand before what has returned. */
function orderViolations(
  places: ReadonlyMap<string, number>,
  history: readonly HeadOperation[],
): string[] {
  const violations: string[] = [];
  const known = history.filter(({ commit }) => places.has(commit));
  const byReturn = known.toSorted((a, b) => a.returned - b.returned);
  let reached = -1;
  let next = 0;
  for (const operation of known.toSorted((a, b) => a.called - b.called)) {
    const { kind, commit, called } = operation;
    for (; next < byReturn.length && byReturn[next]!.returned < called; next++) {
      reached = Math.max(reached, places.get(byReturn[next]!.commit)!);
    }
    const place = places.get(commit)!;
    if (place < reached || (kind === "write" && place === reached)) {
      violations.push(
        `${kind} of ${commit} (place ${place}) was called after an operation at place ${reached} had returned`,
      );
    }
  }
  return violations;
}
