/**
 * Permissions that only the start needs. Once the socket is open and all native code is loaded they are given up for
 * good, so that no code in this process can load a library, read a token from the environment or open a connection.
 */

/** What is given up: native libraries, environment variables, sockets. */
const START_ONLY = ["ffi", "env", "net"] as const;

/** Gives the permissions up. Open sockets and loaded libraries go on working. */
export async function giveUpStartPermissions(): Promise<void> {
  for (const name of START_ONLY) await Deno.permissions.revoke({ name });
}
