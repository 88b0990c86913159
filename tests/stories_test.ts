/**
 * Stories: a text file holds input files, commands and what each command prints. They read like a terminal session:
 *
 *   a line of prose explains
 *   == path/of/a/file        following lines are the file's content, up to the next `==` or `$`
 *   == home/config.yaml      is the story's operator config
 *   $ omnigraph …            runs the command line in the story's folder; `$ cat`, `$ rm`, `$ tree` work on that folder
 *   | text                   a line of stdout    ! text  a line of stderr    = 1  the exit code, when it is not 0
 *
 * Ids, digests, times and the folder's path are replaced by placeholders. OMNIGRAPH_UPDATE_STORIES=1 writes what the
 * commands printed into the files, to be reviewed as prose.
 */
import assert from "node:assert/strict";
import { dirname, join } from "@std/path";
import { fileURLToPath } from "node:url";
import { omnigraph, withTempDir } from "./support/process.ts";

const STORIES = fileURLToPath(new URL("./stories", import.meta.url));
const UPDATE = (Deno.env.get("OMNIGRAPH_UPDATE_STORIES") ?? "") !== "";

for (const entry of [...Deno.readDirSync(STORIES)].sort((a, b) => a.name < b.name ? -1 : 1)) {
  Deno.test(`story: ${entry.name.replace(/\.txt$/, "").replaceAll("_", " ")}`, async () => {
    const path = join(STORIES, entry.name);
    const told = Deno.readTextFileSync(path);
    const happened = await withTempDir((folder) => play(told, folder));
    if (UPDATE) Deno.writeTextFileSync(path, happened);
    else assert.equal(happened, told);
  });
}

/** Runs a story in a folder and returns its text with the outputs that really came. */
async function play(story: string, folder: string): Promise<string> {
  const lines = story.split("\n");
  const result: string[] = [];
  for (let at = 0; at < lines.length;) {
    const line = lines[at++]!;
    result.push(line);
    if (line.startsWith("== ")) {
      const content: string[] = [];
      while (at < lines.length && !/^(==|\$) /.test(lines[at]!)) content.push(lines[at++]!);
      result.push(...content);
      const path = join(folder, line.slice(3));
      Deno.mkdirSync(dirname(path), { recursive: true });
      Deno.writeTextFileSync(path, content.join("\n").trimEnd() + "\n");
    } else if (line.startsWith("$ ")) {
      while (at < lines.length && /^[|!=]( |$)/.test(lines[at]!) && !lines[at]!.startsWith("== ")) at++;
      result.push(...await run(line.slice(2), folder));
    }
  }
  return result.join("\n");
}

async function run(command: string, folder: string): Promise<string[]> {
  const [program, ...args] = [...command.matchAll(/'([^']*)'|(\S+)/g)].map((word) => word[1] ?? word[2]!);
  switch (program) {
    case "omnigraph": {
      const { code, stdout, stderr } = await omnigraph(args, {
        cwd: folder,
        env: { OMNIGRAPH_HOME: join(folder, "home") },
      });
      const exit = code === 0 ? [] : [`= ${code}`];
      return [...marked("|", stdout, folder), ...marked("!", stderr, folder), ...exit];
    }
    case "cat":
      return marked("|", Deno.readTextFileSync(join(folder, args[0]!)), folder);
    case "rm":
      Deno.removeSync(join(folder, args[0]!), { recursive: true });
      return [];
    case "tree":
      return marked("|", tree(join(folder, args[0]!), "").sort().join("\n"), folder);
    default:
      throw new Error(`a story cannot run \`${program}\``);
  }
}

function marked(mark: string, text: string, folder: string): string[] {
  const lines = normalised(text, folder).split("\n");
  if (lines.at(-1) === "") lines.pop();
  return lines.map((line) => line === "" ? mark : `${mark} ${line}`);
}

function normalised(text: string, folder: string): string {
  return text.replaceAll(folder, "<folder>")
    .replace(/\b[0-7][0-9A-HJKMNP-TV-Z]{25}\b/g, "<id>")
    .replace(/\b[0-9a-f]{64}\b/g, "<digest>")
    .replace(/\b[0-9a-f]{40}\b/g, "<commit>")
    .replace(/\beyJ[A-Za-z0-9_-]{40,}/g, "<token>")
    .replace(/\b1[0-9]{15}\b/g, "<microseconds>")
    .replace(/\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z/g, "<time>");
}

function tree(folder: string, prefix: string): string[] {
  let entries: Deno.DirEntry[];
  try {
    entries = [...Deno.readDirSync(folder)];
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return ["(nothing)"];
    throw error;
  }
  return entries.flatMap((entry) =>
    entry.isDirectory ? tree(join(folder, entry.name), `${prefix}${entry.name}/`) : [prefix + entry.name]
  );
}
