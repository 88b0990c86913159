/** Crash points of the control plane, for tests. */
import type { Failpoint } from "../base/ports.ts";
import { ClusterFailure } from "./failure.ts";
import { causeText, finding } from "./findings.ts";

/** A failpoint that fired: ends the run the way a crash does, with everything left as it is. */
export class InjectedCrash extends ClusterFailure {
  constructor(name: string, cause: unknown) {
    super(finding("injected_failpoint", name, `the failpoint \`${name}\` fired: ${causeText(cause)}`), cause);
  }
}

/** Passes a crash point of the control plane. */
export async function passFailpoint(failpoint: Failpoint, name: string): Promise<void> {
  try {
    await failpoint(`cluster_apply.${name}`);
  } catch (error) {
    throw new InjectedCrash(`cluster_apply.${name}`, error);
  }
}
