/**
 * A life sign: an operating system's file lock that a process holds while it works in a folder of a local disk. The
 * system takes it back when the process ends, however it ends, so whoever can take it knows that its last holder is gone.
 *
 * Invariant: the file is never renamed, replaced or removed while somebody may hold it.
 */
import { LIFE_SIGN_NAME } from "./keys.ts";
import type { StorageUri } from "./uri.ts";

/** The life sign of one folder. */
export interface LifeSign {
  /** Takes it unless another process holds it; returns whether this process holds it now. */
  tryHold(): Promise<boolean>;
  /** Gives it back. */
  release(): void;
}

/** The life sign of the folder `key` under a storage root; null where there is no local disk. */
export function openLifeSign(root: StorageUri, key: string): LifeSign | null {
  return root.kind === "local" ? new FileLifeSign(`${root.path}/${key}`) : null;
}

class FileLifeSign implements LifeSign {
  readonly #folder: string;
  #file: Deno.FsFile | null = null;

  constructor(folder: string) {
    this.#folder = folder;
  }

  async tryHold(): Promise<boolean> {
    if (this.#file !== null) return true;
    await Deno.mkdir(this.#folder, { recursive: true });
    const file = await Deno.open(`${this.#folder}/${LIFE_SIGN_NAME}`, {
      create: true,
      read: true,
      write: true,
    });
    let held = false;
    try {
      held = await file.tryLock(true);
    } finally {
      if (held) this.#file = file;
      else file.close();
    }
    return held;
  }

  release(): void {
    this.#file?.close();
    this.#file = null;
  }
}
