/** Documentation pages as values: fenced blocks, links and headings of Markdown files, and shell lines as words. */
import { dirname, join, relative } from "@std/path";
import { PROJECT } from "./process.ts";

/** One fenced block. */
export interface Block {
  /** Path of the page, relative to the project. */
  readonly page: string;
  /** 1-based line of the opening fence. */
  readonly line: number;
  /** First word behind the fence; empty when there is none. */
  readonly language: string;
  /** The words behind it. */
  readonly marks: readonly string[];
  readonly text: string;
  /** Page-relative file of a comment `<!-- schema: FILE -->` right above the block; null without one. */
  readonly schema: string | null;
}

/** One page. */
export interface Page {
  /** Path relative to the project. */
  readonly path: string;
  readonly blocks: readonly Block[];
  /** Link targets outside code. */
  readonly links: readonly string[];
  /** Anchors that links can name. */
  readonly anchors: ReadonlySet<string>;
}

/** The README and every page below `docs`. */
export function readPages(): Page[] {
  return ["README.md", ...markdownBelow(join(PROJECT, "docs"))].sort().map(readPage);
}

/** Reads one page by its path relative to the project. */
export function readPage(path: string): Page {
  const lines = Deno.readTextFileSync(join(PROJECT, path)).split("\n");
  const blocks: Block[] = [];
  const prose: string[] = [];
  for (let at = 0; at < lines.length; at++) {
    const fence = /^\s*```(\S*)\s*(.*)$/.exec(lines[at]!);
    if (fence === null) {
      prose.push(lines[at]!);
      continue;
    }
    const end = lines.findIndex((line, index) => index > at && line.trim() === "```");
    if (end === -1) throw new Error(`${path}:${at + 1}: the block is not closed`);
    blocks.push({
      page: path,
      line: at + 1,
      language: fence[1]!,
      marks: fence[2]!.split(" ").filter((word) => word !== ""),
      text: lines.slice(at + 1, end).join("\n") + "\n",
      schema: schemaComment(prose),
    });
    at = end;
  }
  const withoutCode = prose.map((line) => line.replace(/`[^`]*`/g, "code"));
  return {
    path,
    blocks,
    links: withoutCode.flatMap((line) => [...line.matchAll(/\]\(([^)\s]+)\)/g)].map((match) => match[1]!)),
    anchors: new Set(prose.flatMap((line) => anchorOf(line) ?? [])),
  };
}

/** Shell commands of a block: one per line, with continued lines joined. */
export function shellLines(text: string): string[] {
  return text.replace(/\\\n\s*/g, "").split("\n").map((line) => line.trim()).filter((line) => line !== "");
}

/** Words of a shell command in the simple cases that pages use: quotes, no expansion; a comment ends it. */
export function shellWords(line: string): string[] {
  const words: string[] = [];
  for (const match of line.matchAll(/(#.*)|((?:'[^']*'|"[^"]*"|[^\s'"])+)/g)) {
    if (match[1] !== undefined || match[2] === ">") break; // what follows is a file
    words.push(match[2]!.replace(/'([^']*)'|"([^"]*)"/g, (_, single, double) => single ?? double));
  }
  return words;
}

function schemaComment(prose: readonly string[]): string | null {
  const above = prose.findLast((line) => line.trim() !== "") ?? "";
  return /^<!-- schema: (\S+) -->$/.exec(above.trim())?.[1] ?? null;
}

/** The anchor that a heading gets: lower case, blanks to hyphens, other signs left out. */
function anchorOf(line: string): string | null {
  const heading = /^#+ (.*)$/.exec(line)?.[1];
  if (heading === undefined) return null;
  return heading.toLowerCase().replace(/[^\p{L}\p{N} _-]/gu, "").replaceAll(" ", "-");
}

function markdownBelow(folder: string): string[] {
  return [...Deno.readDirSync(folder)].flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory) return markdownBelow(path);
    return entry.name.endsWith(".md") ? [relative(PROJECT, path).replaceAll("\\", "/")] : [];
  });
}

/** The project-relative file that a page-relative reference means. */
export function fileBeside(page: string, reference: string): string {
  return join(dirname(page), reference).replaceAll("\\", "/");
}
