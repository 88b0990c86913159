/** Keys of the object store: `/`-separated relative paths, checked at the door of every implementation. */
import { AppError } from "../errors.ts";

/** The folder lock of the local store: its name is reserved, so that no object can ever stand in its place. */
export const LOCK_NAME = ".lock~";
/** Ending of temporary files of the local store, reserved too. They start with a dot. */
export const TEMPORARY_ENDING = ".tmp~";

/** The line of writers of the local store, see `file_line.ts`; reserved as well. */
export const LINE_NAME = ".line~";

/** The life sign of a process, see `life_sign.ts`; reserved as well. */
export const LIFE_SIGN_NAME = ".alive~";

/** Whether the store keeps this file name for itself. Such files are no objects and no list shows them. */
export function isReservedName(name: string): boolean {
  return name === LOCK_NAME || name === LINE_NAME || name === LIFE_SIGN_NAME ||
    (name.startsWith(".") && name.endsWith(TEMPORARY_ENDING));
}

/** Returns `key` when it names an object inside the store; throws `AppError("invalid_input")` otherwise. */
export function checkKey(key: string): string {
  const fault = faultOf(key);
  if (fault !== null) {
    throw new AppError("invalid_input", `storage key ${JSON.stringify(key)}: ${fault}`);
  }
  return key;
}

/** Like {@linkcode checkKey}, but the empty prefix, which means the whole store, is allowed. */
export function checkPrefix(prefix: string): string {
  return prefix === "" ? prefix : checkKey(prefix);
}

/** Joins a checked prefix and a key. */
export function joinKey(prefix: string, key: string): string {
  if (prefix === "") return key;
  return key === "" ? prefix : `${prefix}/${key}`;
}

function faultOf(key: string): string | null {
  if (key === "") return "must not be empty";
  // One pass over the characters keeps this off the profile of the commit path.
  let segmentStart = 0;
  for (let at = 0; at <= key.length; at++) {
    const code = at === key.length ? 47 : key.charCodeAt(at);
    if (code === 0) return "must not contain NUL";
    if (code === 92) return "must not contain a backslash";
    if (code !== 47) continue;
    const width = at - segmentStart;
    if (width === 0) return "must not be absolute or have an empty segment";
    if (key.charCodeAt(segmentStart) === 46) {
      const segment = key.slice(segmentStart, at);
      if (segment === "." || segment === "..") return "must not contain `.` or `..`";
      if (isReservedName(segment)) return `the name \`${segment}\` is reserved`;
    }
    segmentStart = at + 1;
  }
  return null;
}
