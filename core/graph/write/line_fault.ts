/** Puts into words why a line is not strict JSON. Only read when a batch is refused, so it may look twice. */

const CONTROL_ESCAPES: Readonly<Record<number, string>> = {
  0x08: "\\b",
  0x09: "\\t",
  0x0c: "\\f",
  0x0d: "\\r",
};

/**
 * What is wrong with the line `bytes[start .. end)`. `reason` and `at` are what the scanner found: for a string its
 * opening quote.
 */
export function explainFault(
  bytes: Uint8Array,
  start: number,
  end: number,
  reason: string,
  at: number,
): string {
  return byteOrderFault(bytes, start) ??
    `${reason === "bad string" ? stringFault(bytes, at, end) : reason} at byte ${at - start + 1}`;
}

/** Files that other programs saved in another encoding show it in their first bytes. */
function byteOrderFault(bytes: Uint8Array, start: number): string | null {
  if (start !== 0) return null;
  const [a, b, c] = bytes;
  if (a === 0xef && b === 0xbb && c === 0xbf) {
    return "the file starts with a byte order mark: save it as UTF-8 without one";
  }
  const isUtf16 = (a === 0xff && b === 0xfe) || (a === 0xfe && b === 0xff);
  return isUtf16 ? "the file is UTF-16 text: save it as UTF-8" : null;
}

function stringFault(bytes: Uint8Array, quote: number, end: number): string {
  for (let at = quote + 1; at < end; at++) {
    const byte = bytes[at]!;
    if (byte === 0x22) return `a string that is not UTF-8 text or holds half of a surrogate pair`;
    if (byte < 0x20) {
      const escape = CONTROL_ESCAPES[byte] ?? `\\u${byte.toString(16).padStart(4, "0")}`;
      return `a string with a raw control character, to be written as ${escape},`;
    }
    if (byte !== 0x5c) continue;
    at++;
    const escaped = String.fromCharCode(bytes[at] ?? 0);
    const isUnicode = escaped === "u" &&
      /^[0-9A-Fa-f]{4}$/.test(String.fromCharCode(...bytes.subarray(at + 1, Math.min(at + 5, end))));
    if (at < end && !'"\\/bfnrt'.includes(escaped) && !isUnicode) return "a string with an unknown escape";
  }
  return "a string that does not end";
}
