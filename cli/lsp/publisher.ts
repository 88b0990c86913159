/** Sends diagnostics to the editor: soon after the last change, and only those that differ from what it has. */
import type { Diagnostic } from "vscode-languageserver/node";

/** Pause after a change before anything is checked. */
const PAUSE_MS = 60;

/** Where diagnostics come from and go to. */
export interface PublisherPorts {
  /** URIs of all documents to check now. */
  checked(): readonly string[];
  /** null when the document is gone. */
  check(uri: string): readonly Diagnostic[] | null;
  send(uri: string, diagnostics: readonly Diagnostic[]): void;
  /** A check failed unexpectedly; the next change checks again. */
  failed(error: unknown): void;
}

/** See the head of this file. */
export class Publisher {
  readonly #ports: PublisherPorts;
  /** What the editor shows, as JSON by URI; documents without diagnostics are left out. */
  readonly #shown = new Map<string, string>();
  #timer: ReturnType<typeof setTimeout> | null = null;

  constructor(ports: PublisherPorts) {
    this.#ports = ports;
  }

  /** Checks everything shortly. */
  schedule(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.#timer = null;
      try {
        this.#publish();
      } catch (error) {
        this.#ports.failed(error);
      }
    }, PAUSE_MS);
  }

  /** The editor may have dropped what it knew about a document. */
  forget(uri: string): void {
    this.#shown.delete(uri);
  }

  stop(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
  }

  #publish(): void {
    const checked = new Set(this.#ports.checked());
    for (const uri of checked) this.#show(uri, this.#ports.check(uri) ?? []);
    for (const uri of [...this.#shown.keys()]) if (!checked.has(uri)) this.#show(uri, []);
  }

  #show(uri: string, diagnostics: readonly Diagnostic[]): void {
    const text = JSON.stringify(diagnostics);
    if ((this.#shown.get(uri) ?? "[]") === text) return;
    if (diagnostics.length === 0) this.#shown.delete(uri);
    else this.#shown.set(uri, text);
    this.#ports.send(uri, diagnostics);
  }
}
