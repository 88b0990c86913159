/**
 * A line of writers on one machine: an OS lock on a file of its own.
 *
 * Who races for an object by create-if-absent loses against whoever is a little quicker, again and again when that one
 * has a head start. Lining up first lets each have a turn and spares the work of lost races. It is a courtesy: the lock
 * guards nothing, the OS takes it back when its holder dies, and who waits too long goes on without it.
 */
import { LINE_NAME } from "./keys.ts";
import type { Line } from "./object_store.ts";

/** The line at a folder. */
export class FileLine implements Line {
  readonly #path: string;
  #file: Deno.FsFile | null = null;
  /** The lock that was asked for and not granted yet; it may outlive the patience of who asked. */
  #pending: Promise<void> | null = null;
  #holds = false;

  constructor(folder: string) {
    this.#path = `${folder}/${LINE_NAME}`;
  }

  async enter(patienceMs: number): Promise<boolean> {
    // While an earlier wait is not over, the line stands still: somebody holds it up.
    if (this.#holds || this.#pending !== null) return false;
    try {
      this.#file ??= Deno.openSync(this.#path, { write: true, create: true });
      if (this.#file.tryLockSync(true)) {
        this.#holds = true;
        return false;
      }
    } catch {
      // A folder that is not there yet, or that takes no locks: nobody to wait for.
      this.close();
      return false;
    }
    await this.#wait(this.#file, patienceMs);
    return true;
  }

  leave(): void {
    if (!this.#holds) return;
    this.#holds = false;
    this.#file?.unlockSync();
  }

  close(): void {
    this.#holds = false;
    // A file that somebody waits with is closed when the wait is over.
    if (this.#pending === null) this.#file?.close();
    this.#file = null;
  }

  async #wait(file: Deno.FsFile, patienceMs: number): Promise<void> {
    let isPatient = true;
    const granted = file.lock(true).then(() => {
      this.#pending = null;
      const isWanted = isPatient && this.#file === file;
      if (isWanted) this.#holds = true;
      else if (this.#file === file) file.unlockSync();
      else file.close();
    }, () => {
      this.#pending = null;
    });
    this.#pending = granted;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const patience = new Promise<void>((resolve) => timer = setTimeout(resolve, patienceMs));
    await Promise.race([granted, patience]);
    clearTimeout(timer);
    isPatient = false;
  }
}
