/**
 * Permissions that only the start needs. Once the socket is open and all native code is loaded they are given up for
 * good, so that no code in this process can load a library, read a token or open a connection.
 */
import { dirname, resolve } from "@std/path";

/** What is given up as a whole: native libraries, environment variables, sockets. */
const START_ONLY = ["ffi", "env", "net"] as const;

/**
 * Gives the permissions up, and that to read `file`. Open sockets and loaded libraries go on working. A file in a folder
 * that may be read as a whole stays readable: revoking it would revoke the folder.
 */
export async function giveUpStartPermissions(file: string | null): Promise<void> {
  for (const name of START_ONLY) await Deno.permissions.revoke({ name });
  if (file === null) return;
  const path = resolve(file);
  const folder = await Deno.permissions.query({ name: "read", path: dirname(path) });
  if (folder.state !== "granted") await Deno.permissions.revoke({ name: "read", path });
}
