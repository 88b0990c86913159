/** Commands of the whole command line that this version does not have: they are not called unknown. */

const LATER: readonly string[] = [
  "alias",
  "blob get",
  "blob stat",
  "cleanup",
  "cluster blame",
  "cluster diff",
  "cluster history",
  "cluster init",
  "cluster log",
  "cluster rollback",
  "cluster show",
  "embed",
  "github approve",
  "github comment",
  "login",
  "logout",
  "optimize",
  "policy explain",
  "policy test",
  "policy validate",
  "profile list",
  "profile show",
  "queries list",
  "queries validate",
  "repair",
];

/** The command, or family of commands, that these words name; null when they name none of a later version. */
export function laterCommand(words: readonly string[]): string | null {
  for (let length = Math.min(words.length, 2); length > 0; length--) {
    const name = words.slice(0, length).join(" ");
    if (LATER.some((later) => later === name || (words.length === 1 && later.startsWith(`${name} `)))) {
      return name;
    }
  }
  return null;
}
