/** Changes as text for people. */
import { jsonText } from "../../core/base/lossless_json.ts";
import type { ChangeCause, EntityChange } from "../../core/graph/changes/change.ts";
import type { EntityImage } from "../../core/graph/entity_json.ts";

/** The commit that made changes: `key: value` lines. */
export function causeLines(cause: ChangeCause): string {
  const lines: readonly (readonly [string, string | number | undefined])[] = [
    ["commit", cause.graph_commit_id],
    ["branch", cause.authored_branch],
    ["parent", cause.parent_commit_id],
    ["merged_parent", cause.merged_parent_commit_id],
    ["actor", cause.actor_id],
    ["authored_at", cause.authored_at],
  ];
  return lines.map(([name, value]) => value === undefined ? "" : `${name}: ${value}\n`).join("");
}

/**
 * One change:
 *
 *   update edge Directed e-1
 *     ines-vidal -> harbour-1931
 *     credit: <null> -> co
 */
export function changeLines(change: EntityChange): string {
  const { op, kind, type, id } = change;
  const lines = [`${op} ${kind} ${type.name} ${id}`, ...endpointLines(change), ...propertyLines(change)];
  return lines.map((line) => line.replaceAll("\n", "\\n") + "\n").join("");
}

function endpointLines({ before, after }: EntityChange): string[] {
  const [old, now] = [ends(before), ends(after)];
  if (old === null && now === null) return [];
  return [`  ${old === null || now === null || old === now ? now ?? old : `${old} => ${now}`}`];
}

function ends(image: EntityImage | undefined): string | null {
  const { from, to } = image?.endpoints ?? {};
  return from === undefined ? null : `${from} -> ${to}`;
}

function propertyLines({ op, before, after }: EntityChange): string[] {
  const [old, now] = [before?.properties ?? {}, after?.properties ?? {}];
  if (op !== "update") {
    const sign = op === "insert" ? "+" : "-";
    const image = op === "insert" ? now : old;
    return Object.keys(image).sort().map((name) => `  ${sign} ${name}: ${shown(image, name)}`);
  }
  return [...new Set([...Object.keys(old), ...Object.keys(now)])].sort()
    .map((name) => [name, shown(old, name), shown(now, name)] as const)
    .filter(([, was, is]) => was !== is)
    .map(([name, was, is]) => `  ${name}: ${was} -> ${is}`);
}

function shown(properties: EntityImage["properties"], name: string): string {
  if (!Object.hasOwn(properties, name)) return "<absent>";
  const value = properties[name];
  return value === null ? "<null>" : typeof value === "string" ? value : jsonText(value);
}
