/**
 * Requests whose bodies have not arrived completely. The HTTP server cuts such bodies off when it shuts down, although
 * it lets everything else finish; so a shutdown waits for them first.
 */
export class OpenBodies {
  readonly #open = new Set<Request>();
  #waiting: (() => void)[] = [];

  /** Notes a request that may bring a body. */
  begin(request: Request): void {
    this.#open.add(request);
  }

  /** Notes that the body is here, or that nobody wants it any more. */
  end(request: Request): void {
    if (!this.#open.delete(request) || this.#open.size > 0) return;
    for (const resolve of this.#waiting) resolve();
    this.#waiting = [];
  }

  /** Settles at the next moment without an unfinished body. */
  idle(): Promise<void> {
    if (this.#open.size === 0) return Promise.resolve();
    return new Promise((resolve) => this.#waiting.push(resolve));
  }
}
