/** Failures as text for people. */
import { errorMessage } from "../core/api/wire.ts";
import { ReadinessError } from "../core/cluster/serving.ts";
import { AppError } from "../core/errors.ts";

/** The message of anything thrown; of an expected failure with its places in source text. */
export function textOf(error: unknown): string {
  if (error instanceof ReadinessError) return error.message; // it lists its findings itself
  if (error instanceof AppError) return errorMessage(error);
  return error instanceof Error ? error.message : String(error);
}
