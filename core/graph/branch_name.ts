/** Names of branches: what is allowed, which may live side by side, and how they are spelled in storage. */
import { BRANCH_FILE_NAME_CHARS_MAX } from "../base/limits.ts";
import { AppError } from "../errors.ts";

/** The branch every graph starts with. */
export const MAIN = "main";

const SEGMENT = /^[A-Za-z0-9._-]+$/;

/**
 * The trimmed name.
 *
 * @throws AppError `invalid_input` unless it is made of segments of letters, digits, `.`, `-`, `_` joined by single `/`,
 * without `..` and other than `.`, not ending in `.lock`, not starting with `__`.
 */
export function parseBranchName(text: string): string {
  const name = text.trim();
  const fault = faultOf(name);
  if (fault !== null) throw new AppError("invalid_input", `branch name '${name}': ${fault}`);
  return name;
}

/** Like {@linkcode parseBranchName} for a branch to create or delete: `main` is reserved. */
export function parseOwnBranchName(text: string): string {
  const name = parseBranchName(text);
  if (name === MAIN) {
    throw new AppError(
      "invalid_input",
      `branch name '${name}': reserved, every graph has it from the start to the end`,
    );
  }
  return name;
}

function faultOf(name: string): string | null {
  if (name === "") return "must not be empty";
  if (name.startsWith("__")) return "names starting with `__` are reserved";
  // No URL can have it as a segment.
  if (name === ".") return "must not be a single dot";
  if (name.includes("..")) return "must not contain `..`";
  if (name.endsWith(".lock")) return "must not end in `.lock`";
  if (!name.split("/").every((segment) => SEGMENT.test(segment))) {
    return "must be made of letters, digits, `.`, `-` and `_`, with single `/` between parts";
  }
  if (encodeBranchName(name).length > BRANCH_FILE_NAME_CHARS_MAX) return "is too long";
  return null;
}

/** The other name that cannot live beside `name` because one is a path ancestor of the other, or null. */
export function findPathConflict(name: string, others: Iterable<string>): string | null {
  for (const other of others) {
    if (other.startsWith(`${name}/`) || name.startsWith(`${other}/`)) return other;
  }
  return null;
}

/** The name as one path segment: `/` and capitals percent-encoded, because some file systems ignore case. */
export function encodeBranchName(name: string): string {
  return name.replace(/[/A-Z]/g, (char) => `%${char.charCodeAt(0).toString(16)}`);
}

/** The inverse of {@linkcode encodeBranchName}. */
export function decodeBranchName(encoded: string): string {
  return encoded.replace(/%([0-9a-f]{2})/g, (_, hex: string) => String.fromCharCode(parseInt(hex, 16)));
}
