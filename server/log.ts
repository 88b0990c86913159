/** Structured logs: one JSON record per line. */
import type { Clock } from "../core/base/ports.ts";

/** Levels, least important first. */
export const LEVELS = ["debug", "info", "warn", "error"] as const;

/** One level. */
export type Level = (typeof LEVELS)[number];

/** Members of a record beside time, level and message. Never tokens, credentials or bodies. */
export type LogFields = Readonly<Record<string, string | number | boolean | null>>;

/** Where finished lines go. `urgent` lines should reach their reader before this returns. */
export type LogSink = (line: string, urgent: boolean) => void;

/** Writes records of a level and above. */
export class Log {
  readonly #rank: number;
  readonly #clock: Clock;
  readonly #sink: LogSink;
  #lastMs = -1;
  #lastTime = "";

  constructor(options: { readonly level: Level; readonly clock: Clock; readonly sink: LogSink }) {
    this.#rank = LEVELS.indexOf(options.level);
    this.#clock = options.clock;
    this.#sink = options.sink;
  }

  debug(message: string, fields: LogFields = {}): void {
    this.#write("debug", 0, message, fields);
  }

  info(message: string, fields: LogFields = {}): void {
    this.#write("info", 1, message, fields);
  }

  warn(message: string, fields: LogFields = {}): void {
    this.#write("warn", 2, message, fields);
  }

  error(message: string, fields: LogFields = {}): void {
    this.#write("error", 3, message, fields);
  }

  #write(level: Level, rank: number, message: string, fields: LogFields): void {
    if (rank < this.#rank) return;
    const head = `{"time":"${this.#time()}","level":"${level}","message":${JSON.stringify(message)}`;
    const members = JSON.stringify(fields).slice(1, -1);
    this.#sink(members === "" ? `${head}}\n` : `${head},${members}}\n`, rank >= 2);
  }

  /** Formatting a time costs more than the rest of a record, so it is done once per millisecond. */
  #time(): string {
    const nowMs = this.#clock.nowMs();
    if (nowMs !== this.#lastMs) {
      this.#lastMs = nowMs;
      this.#lastTime = new Date(nowMs).toISOString();
    }
    return this.#lastTime;
  }
}

/** Lines wait this long at most, milliseconds. */
const FLUSH_MS = 5;
/** Characters that wait at most. */
const FLUSH_CHARS = 32 * 1024;

/**
 * A sink that gathers lines and writes them together: a busy server logs several lines per request, and one system call
 * per line would cost more than the request. Urgent lines are written at once, with everything before them. Lines that
 * cannot be written are dropped: a server outlives whoever reads its log.
 */
export function batchedSink(
  write: (bytes: Uint8Array) => number,
): { readonly sink: LogSink; readonly flush: () => void } {
  const encoder = new TextEncoder();
  let waiting = "";
  let timer: ReturnType<typeof setTimeout> | null = null;
  const flush = () => {
    if (timer !== null) clearTimeout(timer);
    timer = null;
    let bytes = encoder.encode(waiting);
    waiting = "";
    try {
      while (bytes.length > 0) bytes = bytes.subarray(write(bytes));
    } catch {
      // the reader is gone or the disk is full
    }
  };
  const sink: LogSink = (line, urgent) => {
    waiting += line;
    if (urgent || waiting.length >= FLUSH_CHARS) flush();
    else timer ??= setTimeout(flush, FLUSH_MS);
  };
  return { sink, flush };
}
