/**
 * Puts a baseline into a file so that whoever sees its cursor has the whole file, also after a power loss:
 *
 *   lock `<out>.lock`, write a temporary file beside it, sync, rename, sync the folder, look whether it is there
 *
 * The last line of the stream, which holds the cursor, stays out of the file; a stream without it is broken. On failure
 * the old file stays as it was, and nothing is left behind.
 */
import { dirname, join, resolve } from "@std/path";
import { AppError } from "../core/errors.ts";
import { removeQuietly, syncFolder } from "../core/storage/local_files.ts";

/** What a baseline's last line says. */
export interface BaselineEnd {
  readonly snapshot_commit_id: string;
  readonly resume_cursor: string;
}

/** Takes the pieces of a stream. */
export type TakeChunk = (chunk: Uint8Array) => Promise<void>;

/**
 * Installs what `write` writes as the file `out`. Throws `AppError`, and what `write` throws.
 */
export async function installBaseline(
  cwd: string,
  out: string,
  write: (take: TakeChunk) => Promise<void>,
): Promise<BaselineEnd & { readonly path: string }> {
  if (Deno.build.os === "windows") {
    throw new AppError(
      "unsupported",
      "baselines cannot be installed durably on this system: use a POSIX one",
    );
  }
  const path = resolve(cwd, out);
  const unlock = await onFile(path, () => takeLock(path));
  try {
    return { ...await install(path, write), path };
  } finally {
    unlock();
  }
}

async function install(path: string, write: (take: TakeChunk) => Promise<void>): Promise<BaselineEnd> {
  const folder = dirname(path);
  const temporary = join(folder, `.omnigraph-baseline-${crypto.randomUUID()}`);
  const file = await onFile(path, () => Deno.open(temporary, { write: true, createNew: true }));
  try {
    let end: BaselineEnd;
    let written: Deno.FileInfo;
    try {
      const lines = new LastLine(file);
      await write((chunk) => onFile(path, () => lines.take(chunk)));
      end = lines.end();
      written = await onFile(path, async () => {
        await file.sync();
        return await file.stat();
      });
    } finally {
      file.close();
    }
    await onFile(path, () => replace(temporary, path, written));
    return end;
  } catch (error) {
    removeQuietly(temporary);
    throw error;
  }
}

/** Gives a synced file its name, durably. */
async function replace(temporary: string, path: string, written: Deno.FileInfo): Promise<void> {
  await Deno.rename(temporary, path);
  await syncFolder(dirname(path), false);
  const there = await Deno.stat(path);
  if (there.ino === written.ino && there.dev === written.dev) return;
  throw new AppError(
    "storage_error",
    `\`${path}\` was replaced by somebody else at once: take the baseline again`,
  );
}

/** Runs work on the file; what the system says comes out as an error that names it. */
async function onFile<T>(path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    if (cause instanceof AppError) throw cause;
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new AppError("storage_error", `\`${path}\` cannot be written: ${reason}`, { cause });
  }
}

/** Writes a stream of lines to a file, all but the last one. */
class LastLine {
  readonly #file: Deno.FsFile;
  /** The newest line, as far as it is known. */
  #line: Uint8Array[] = [];

  constructor(file: Deno.FsFile) {
    this.#file = file;
  }

  async take(chunk: Uint8Array): Promise<void> {
    // A line break that ends the chunk may end the last line; any other one is followed by a newer line.
    const at = chunk.length < 2 ? -1 : chunk.lastIndexOf(LINE_BREAK, chunk.length - 2);
    const endsOlder = this.#line.at(-1)?.at(-1) === LINE_BREAK;
    if (chunk.length === 0) return;
    if (at !== -1 || endsOlder) {
      for (const part of this.#line) await this.#write(part);
      this.#line = [];
    }
    if (at !== -1) await this.#write(chunk.subarray(0, at + 1));
    this.#line.push(chunk.slice(at + 1));
  }

  /** What the last line says. */
  end(): BaselineEnd {
    const text = new TextDecoder().decode(joined(this.#line));
    const match = /^\{"baseline":\{"snapshot_commit_id":"([^"\\]+)","resume_cursor":"([^"\\]+)"\}\}\n$/.exec(
      text,
    );
    if (match !== null) return { snapshot_commit_id: match[1]!, resume_cursor: match[2]! };
    throw new AppError("storage_error", "the baseline broke off before its last line: take it again");
  }

  async #write(bytes: Uint8Array): Promise<void> {
    for (let at = 0; at < bytes.length;) at += await this.#file.write(bytes.subarray(at));
  }
}

const LINE_BREAK = 0x0a;

function joined(parts: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

/** Keeps others from writing the same file; a lock that a dead process left is no obstacle. Returns how to let go. */
async function takeLock(path: string): Promise<() => void> {
  const lock = `${path}.lock`;
  while (true) {
    const file = await Deno.open(lock, { write: true, create: true });
    if (!await file.tryLock(true)) {
      file.close();
      throw new AppError(
        "invalid_input",
        `\`${path}\` is being written by another process: wait until it is done`,
      );
    }
    // The one before us removed its lock when it was done, perhaps after we had opened it.
    const [held, there] = [await file.stat(), await Deno.stat(lock).catch(() => null)];
    if (there?.ino === held.ino && there.dev === held.dev) {
      return () => {
        removeQuietly(lock);
        file.close();
      };
    }
    file.close();
  }
}
