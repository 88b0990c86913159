/** An editor's side of the Language Server Protocol, speaking to a real `omnigraph lsp` process over stdio. */
import { type ChildProcess, spawn } from "node:child_process";
import type { Buffer } from "node:buffer";
import { PassThrough } from "node:stream";
import { join } from "@std/path";
import {
  createProtocolConnection,
  type Diagnostic,
  type InitializeResult,
  type Position,
  type ProtocolConnection,
  type PublishDiagnosticsParams,
  StreamMessageReader,
  StreamMessageWriter,
} from "vscode-languageserver/node";
import { PROJECT } from "./process.ts";

/** Longest wait for diagnostics. */
const WAIT_MS_MAX = 60_000;
/** What the server needs: it reads files and its library reads the environment. */
const FLAGS = ["run", "--no-prompt", "--quiet", "--allow-read", "--allow-env"];

/** A diagnostic whose message is plain text. */
export interface PlainDiagnostic extends Diagnostic {
  readonly message: string;
}

/** See the head of this file. */
export class LanguageClient {
  readonly connection: ProtocolConnection;
  /** The exit code, once the process has ended. */
  readonly exited: Promise<number | null>;
  readonly #process: ChildProcess;
  readonly #chunks: Buffer[] = [];
  readonly #published: PublishDiagnosticsParams[] = [];
  readonly #waiting = new Set<() => void>();
  #gone = false;

  constructor() {
    this.#process = spawn(Deno.execPath(), [...FLAGS, join(PROJECT, "cli", "main.ts"), "lsp", "--stdio"], {
      stdio: ["pipe", "pipe", "inherit"],
    });
    const output = new PassThrough();
    this.#process.stdout!.on("data", (chunk: Buffer) => {
      this.#chunks.push(chunk);
      output.write(chunk);
    });
    this.#process.stdout!.on("end", () => output.end());
    this.exited = new Promise((resolve) =>
      this.#process.on("close", (code) => {
        this.#gone = true;
        this.#wake();
        resolve(code);
      })
    );
    this.connection = createProtocolConnection(
      new StreamMessageReader(output),
      new StreamMessageWriter(this.#process.stdin!),
    );
    this.connection.onNotification("textDocument/publishDiagnostics", (params: PublishDiagnosticsParams) => {
      this.#published.push(params);
      this.#wake();
    });
    this.connection.listen();
  }

  async initialize(capabilities: object = {}): Promise<InitializeResult> {
    const result = await this.connection.sendRequest<InitializeResult>("initialize", {
      processId: Deno.pid,
      rootUri: null,
      capabilities,
    });
    await this.connection.sendNotification("initialized", {});
    return result;
  }

  open(uri: string, text: string, languageId = "omnigraph"): Promise<void> {
    const textDocument = { uri, languageId, version: 1, text };
    return this.connection.sendNotification("textDocument/didOpen", { textDocument });
  }

  /** Replaces the whole text. */
  change(uri: string, version: number, text: string): Promise<void> {
    const params = { textDocument: { uri, version }, contentChanges: [{ text }] };
    return this.connection.sendNotification("textDocument/didChange", params);
  }

  /** Asks about a place; the answer has the shape that the protocol says. */
  ask<T>(method: string, uri: string, position?: Position, more: object = {}): Promise<T> {
    return this.connection.sendRequest<T>(method, { textDocument: { uri }, position, ...more });
  }

  /**
   * Waits until the newest diagnostics of a document have these codes, in any order; gives them. Throws when they have
   * not come after a minute, or the process is gone.
   */
  async diagnostics(uri: string, codes: readonly string[]): Promise<PlainDiagnostic[]> {
    const wanted = codes.toSorted().join();
    const deadline = Date.now() + WAIT_MS_MAX;
    for (;;) {
      const newest = this.#published.findLast((one) => one.uri === uri)?.diagnostics;
      if (newest?.map(({ code }) => String(code)).sort().join() === wanted) {
        return newest.map((one) => ({ ...one, message: String(one.message) }));
      }
      if (this.#gone || Date.now() >= deadline) {
        throw new Error(
          `waited for [${wanted}] on ${uri}, the newest diagnostics are ${JSON.stringify(newest)}`,
        );
      }
      await this.#news(deadline);
    }
  }

  /** Until the server publishes something, ends, or the time is up. */
  async #news(deadline: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#waiting.add(resolve);
    const timer = setTimeout(resolve, deadline - Date.now());
    await promise;
    clearTimeout(timer);
    this.#waiting.delete(resolve);
  }

  /** Everything the process has written to its standard output. */
  output(): Uint8Array {
    const total = this.#chunks.reduce((length, chunk) => length + chunk.length, 0);
    const bytes = new Uint8Array(total);
    let at = 0;
    for (const chunk of this.#chunks) {
      bytes.set(chunk, at);
      at += chunk.length;
    }
    return bytes;
  }

  /** Says goodbye the way editors do; gives the exit code. */
  async shutdown(): Promise<number | null> {
    await this.connection.sendRequest("shutdown");
    await this.connection.sendNotification("exit");
    return await this.#ended();
  }

  /** Goes away without a word; gives the exit code. */
  vanish(): Promise<number | null> {
    this.#process.stdin!.end();
    return this.#ended();
  }

  #wake(): void {
    for (const resolve of this.#waiting) resolve();
  }

  async #ended(): Promise<number | null> {
    const code = await this.exited;
    this.connection.dispose();
    return code;
  }
}

/** Reads bytes as messages of the protocol; throws when anything stands between them. */
export function messagesIn(bytes: Uint8Array): unknown[] {
  const messages: unknown[] = [];
  const decoder = new TextDecoder();
  for (let at = 0; at < bytes.length;) {
    const head = /^Content-Length: (\d+)\r\n\r\n/.exec(decoder.decode(bytes.subarray(at, at + 64)));
    if (head === null) throw new Error(`no message at byte ${at}`);
    const start = at + head[0].length;
    at = start + Number(head[1]);
    messages.push(JSON.parse(decoder.decode(bytes.subarray(start, at))));
  }
  return messages;
}
