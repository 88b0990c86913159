/** The effects a graph asks for. */
import { ulidFactory } from "../base/ids.ts";
import {
  type Clock,
  type Failpoint,
  type NewId,
  noFailpoint,
  type Random,
  systemClock,
  systemRandom,
} from "../base/ports.ts";

/** Clock, ids, randomness and crash points of one graph. */
export interface Ports {
  readonly clock: Clock;
  readonly newId: NewId;
  readonly random: Random;
  readonly failpoint: Failpoint;
}

/** Ports of this machine. */
export function systemPorts(): Ports {
  return {
    clock: systemClock,
    newId: ulidFactory(systemClock, systemRandom),
    random: systemRandom,
    failpoint: noFailpoint,
  };
}
