/** Collects what an apply does and turns it into its result, however far it came. */
import { isOk } from "./findings.ts";
import type { Diagnostic } from "../base/diagnostic.ts";
import type { Clock } from "../base/ports.ts";
import { changeOutput, type PlannedChange } from "./change.ts";
import { exitCodeOf } from "./exit.ts";
import type { LoadedConfig } from "./load.ts";
import { ledgerMembers, NOTHING_OBSERVED, type Observed, stateObservations } from "./observations.ts";
import type { ReadOrigin } from "./origin.ts";
import { type ApplyResult, diagnosticOutputs, EXIT, type Outcome } from "./results.ts";

/** What an apply that ran to its end reports. */
export interface ApplyEnd {
  readonly converged: boolean;
  readonly written: boolean;
  /** Whether a recovery record could not be settled. */
  readonly unrecovered: boolean;
}

/** The report of one apply. */
export class ApplyReport {
  readonly diagnostics: Diagnostic[] = [];
  origin: ReadOrigin | null = null;
  observed: Observed = NOTHING_OBSERVED;
  changes: readonly PlannedChange[] = [];
  planDigest: string | null = null;
  /** null while the run has not reached its end. */
  end: ApplyEnd | null = null;
  readonly #loaded: LoadedConfig;
  readonly #clock: Clock;

  constructor(loaded: LoadedConfig, clock: Clock) {
    this.#loaded = loaded;
    this.#clock = clock;
    this.diagnostics.push(...loaded.diagnostics);
  }

  /** The outcome; `exitCode` overrides the one that follows from the findings. */
  outcome(exitCode: number | null = null): Outcome<ApplyResult> {
    const { diagnostics, changes, end, origin } = this;
    const { desired, place } = this.#loaded;
    const count = (...dispositions: readonly string[]) =>
      end === null ? 0 : changes.filter(({ disposition }) => dispositions.includes(disposition)).length;
    const ok = isOk(diagnostics);
    const actor = origin?.actor ?? null;
    const result: ApplyResult = {
      ok,
      config_dir: place.absolute,
      ...(actor === null ? {} : { actor }),
      desired_revision: desired === null ? {} : { config_digest: desired.configDigest },
      state_observations: stateObservations(this.observed, this.#clock),
      changes: changes.map(changeOutput),
      applied_count: count("applied"),
      deferred_count: count("deferred", "blocked"),
      converged: end?.converged ?? false,
      state_written: end?.written ?? false,
      resource_statuses: ledgerMembers(this.observed).resource_statuses,
      ...(this.planDigest === null ? {} : { plan_digest: this.planDigest }),
      provenance: origin?.provenance ?? null,
      diagnostics: diagnosticOutputs(diagnostics),
    };
    return { exitCode: exitCode ?? this.#exitCode(), result, diagnostics };
  }

  #exitCode(): number {
    const { end } = this;
    if (end === null) return exitCodeOf(this.diagnostics);
    return exitCodeOf(
      this.diagnostics,
      end.unrecovered ? EXIT.unrecovered : end.converged ? EXIT.done : EXIT.notConverged,
    );
  }
}
