/**
 * Permissions that only the start needs. Once the socket is open and all native code is loaded they are given up for
 * good, so that no code in this process can load a library, read a token or open a connection, but to the storage.
 */
import { dirname, resolve } from "@std/path";
import { SERVER_VARIABLES } from "./permissions.ts";

/**
 * Gives the permissions up, and that to read `tokensFile`. Open sockets and loaded libraries go on working. A file in a
 * folder that may be read as a whole stays readable: revoking it would revoke the folder. `bind` is the address it
 * listens on.
 *
 * With a storage root that is reached over the network, its hosts and its variables stay.
 */
export async function giveUpStartPermissions(
  tokensFile: string | null,
  remote: { readonly bind: string } | null = null,
): Promise<void> {
  await Deno.permissions.revoke({ name: "ffi" });
  if (remote === null) {
    for (const name of ["env", "net"] as const) await Deno.permissions.revoke({ name });
  } else {
    await Deno.permissions.revoke({ name: "net", host: remote.bind });
    for (const variable of SERVER_VARIABLES) await Deno.permissions.revoke({ name: "env", variable });
  }
  if (tokensFile === null) return;
  const path = resolve(tokensFile);
  const folder = await Deno.permissions.query({ name: "read", path: dirname(path) });
  if (folder.state !== "granted") await Deno.permissions.revoke({ name: "read", path });
}
