/** How a stored contract that is not sound is reported. */
import { AppError } from "../errors.ts";

/** Fails reading; `path` is the member the fault is in, as in `ir.nodes[2].name`, or empty for the whole text. */
export function brokenContract(path: string, fault: string): never {
  const subject = path === ""
    ? "the stored schema contract"
    : `member '${path}' of the stored schema contract`;
  throw new AppError("integrity_error", `${subject} ${fault}; restore it from a backup of the graph`);
}
