/** A finding that ends the command it happens in. */
import type { Diagnostic } from "../base/diagnostic.ts";
import { AppError } from "../errors.ts";

/** Carries one finding out of the depth of a command; the command turns it into a diagnostic of its result. */
export class ClusterFailure extends AppError {
  readonly diagnostic: Diagnostic;

  constructor(diagnostic: Diagnostic, cause?: unknown) {
    super("storage_error", `[${diagnostic.code}] ${diagnostic.path}: ${diagnostic.message}`, {
      diagnostics: [diagnostic],
      cause,
    });
    this.diagnostic = diagnostic;
  }
}

/** Runs `action`; a finding that ends it joins the others. */
export async function collectFailure(diagnostics: Diagnostic[], action: () => Promise<void>): Promise<void> {
  try {
    await action();
  } catch (error) {
    if (!(error instanceof ClusterFailure)) throw error;
    diagnostics.push(error.diagnostic);
  }
}
