/** The first look at `cluster.yaml`: keys written twice and keys kept for later, before anything else is judged. */
import { isAlias, isMap, isScalar, isSeq, type Node } from "@std/yaml";
import type { Diagnostic } from "../base/diagnostic.ts";
import { DIAGNOSTICS_MAX, NESTING_MAX } from "../base/limits.ts";
import { LineIndex, type SourceText, type Span } from "../base/span.ts";
import { finding } from "./findings.ts";

/** Top-level keys that no version of the file uses yet. */
const RESERVED_KEYS = ["apply", "env_file", "pipelines", "embeddings", "ui", "aliases", "bindings"];

/** Repeated keys at any depth (path `a.b[].c`) and reserved top-level keys, in document order. */
export function checkKeys(root: Node | null, source: SourceText): Diagnostic[] {
  const findings: Diagnostic[] = [];
  scan(root, "", 0, { source, lines: new LineIndex(source.text), findings });
  if (isMap(root)) {
    for (const pair of root.items) {
      const key = keyText(pair.key);
      if (key === null || !RESERVED_KEYS.includes(key)) continue;
      const message = `\`${key}\` is reserved for a later version of the file`;
      findings.push(
        finding("future_phase_field", key, message, { ...place(pair.key, source), help: "remove the key" }),
      );
    }
  }
  return findings;
}

interface Scan {
  readonly source: SourceText;
  readonly lines: LineIndex;
  readonly findings: Diagnostic[];
}

function scan(node: unknown, path: string, depth: number, context: Scan): void {
  const { source, lines, findings } = context;
  // An alias repeats what stands at its anchor, which is looked at there.
  if (depth > NESTING_MAX || isAlias(node)) return;
  if (isSeq(node)) {
    for (const item of node.items) scan(item, `${path}[]`, depth + 1, context);
  }
  if (!isMap(node)) return;
  const firstLine = new Map<string, number>();
  for (const pair of node.items) {
    const key = keyText(pair.key);
    if (key === null) continue;
    const keyPath = path === "" ? key : `${path}.${key}`;
    const at = place(pair.key, source);
    const line = lines.lineOf(at.span?.start ?? 0);
    const first = firstLine.get(key);
    if (first === undefined) firstLine.set(key, line);
    else if (findings.length < DIAGNOSTICS_MAX) {
      const message = `key \`${key}\` on line ${line} is a duplicate: it stands on line ${first} already`;
      findings.push(finding("duplicate_yaml_key", keyPath, message, { ...at, help: "keep one of the two" }));
    }
    scan(pair.value, keyPath, depth + 1, context);
  }
}

/** The key as text; numbers and the like count as what is written, so that `1` and `"1"` are one key. */
function keyText(key: unknown): string | null {
  return isScalar(key) ? String(key.value) : null;
}

function place(key: unknown, source: SourceText): { span?: Span; source: SourceText } {
  const range = isScalar(key) ? key.range : null;
  return range ? { span: { start: range[0], end: range[1] }, source } : { source };
}
