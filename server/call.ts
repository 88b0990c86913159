/** One request to one served graph, as the routes see it. */
import { CONDITION_HEADER } from "../core/api/routes.ts";
import type { Health } from "../core/api/wire.ts";
import { HTTP_BODY_BYTES_MAX } from "../core/base/limits.ts";
import type { Clock } from "../core/base/ports.ts";
import { AppError } from "../core/errors.ts";
import type { ReadTarget } from "../core/graph/graph.ts";
import type { PolicyQuestion } from "../core/policy/actions.ts";
import { authorize } from "./authorize.ts";
import type { Log } from "./log.ts";
import type { Admission } from "./middleware/admission.ts";
import { type BodyOptions, decodeBody, readBody, requireMediaType } from "./middleware/body.ts";
import type { OpenBodies } from "./middleware/open_bodies.ts";
import type { LiveGraph, Registry } from "./registry.ts";
import type { StreamRoom } from "./stream_room.ts";
import type { TokenTable } from "./tokens.ts";

/** What the application is made of. */
export interface Services {
  readonly registry: Registry;
  /** Null in the open state. */
  readonly tokens: TokenTable | null;
  readonly admission: Admission;
  readonly bodies: OpenBodies;
  readonly streams: StreamRoom;
  readonly log: Log;
  readonly clock: Clock;
  readonly health: Health;
}

/** The target of a read as a request names it. */
export interface RequestedTarget {
  readonly branch?: string | undefined;
  readonly snapshot?: string | undefined;
  readonly as_of?: string | undefined;
}

/** A request whose actor is known and whose graph is served. */
export class Call {
  readonly request: Request;
  /** Null in the open state. */
  readonly actor: string | null;
  readonly served: LiveGraph;
  readonly log: Log;
  readonly streams: StreamRoom;
  readonly #admission: Admission;
  readonly #bodies: OpenBodies;

  constructor(services: Services, request: Request, actor: string | null, served: LiveGraph) {
    this.request = request;
    this.actor = actor;
    this.served = served;
    this.log = services.log;
    this.streams = services.streams;
    this.#admission = services.admission;
    this.#bodies = services.bodies;
  }

  /** The query parameters. */
  search(): URLSearchParams {
    const { url } = this.request;
    const at = url.indexOf("?");
    return new URLSearchParams(at === -1 ? "" : url.slice(at + 1));
  }

  /** The bytes of the body; throws 413. */
  async body(options: BodyOptions): Promise<Uint8Array> {
    const bytes = await readBody(this.request, options);
    this.#bodies.end(this.request);
    return bytes;
  }

  /** The text of a body of any media type; throws 413 or 400. */
  async textBody(limit = HTTP_BODY_BYTES_MAX): Promise<string> {
    return decodeBody(await this.body({ limit }));
  }

  /** The text of a JSON body; throws 415, 413 or 400. */
  async jsonBody(limit = HTTP_BODY_BYTES_MAX): Promise<string> {
    requireMediaType(this.request.headers, "application/json");
    return await this.textBody(limit);
  }

  /** Throws unless the actor may. */
  authorize(question: PolicyQuestion): void {
    authorize(this.served.gate, this.actor, question, this.log);
  }

  /** Authorizes a read of a branch, now or at a time, or of a snapshot, and returns the target to read. */
  async authorizeRead(target: RequestedTarget, action: "read" | "export" = "read"): Promise<ReadTarget> {
    const { branch, snapshot, as_of: asOf } = target;
    if (snapshot === undefined) {
      this.authorize({ action, branch: branch ?? "main" });
      if (asOf !== undefined) return { branch: branch ?? "main", asOf };
      return branch === undefined ? MAIN : { branch };
    }
    const other = branch !== undefined ? "branch" : asOf !== undefined ? "as_of" : null;
    if (other !== null) {
      throw new AppError(
        "invalid_input",
        `\`${other}\` and \`snapshot\` exclude each other: give one of them`,
      );
    }
    // A snapshot is judged as the branch that its commit was authored on.
    this.authorize({ action, branch: await this.served.graph.branchOfCommit(snapshot) });
    return { snapshot };
  }

  /** Authorizes reading a commit, as the branch it was written on; a denial says what an unknown commit says. */
  authorizeCommit(id: string, branch: string): void {
    try {
      this.authorize({ action: "read", branch });
    } catch (error) {
      if (!(error instanceof AppError) || error.code !== "policy_denied") throw error;
      throw new AppError("commit_not_found", `commit '${id}' not found`);
    }
  }

  /** Runs `work` within the actor's share of the process. `bytes` estimates what it holds in memory. */
  admit<T>(bytes: number, work: () => Promise<T>): Promise<T> {
    return this.#admission.run(this.actor, bytes, work);
  }

  /** Throws when an unconditional route got the condition of its twin. */
  refuseCondition(twin: string): void {
    if (this.request.headers.get(CONDITION_HEADER) === null) return;
    const text = `header '${CONDITION_HEADER}' is not accepted here: use POST ${twin}/if-graph-commit`;
    throw new AppError("invalid_input", text);
  }

  /** The commit id that a conditional route requires; only the plain id will do. */
  condition(): string {
    const value = this.request.headers.get(CONDITION_HEADER)?.trim() ?? "";
    // Repeated headers arrive joined by a comma.
    if (value !== "" && value !== "*" && !/[",]|^W\//.test(value)) return value;
    throw new AppError("invalid_input", `header '${CONDITION_HEADER}' must hold exactly one commit id`);
  }
}

const MAIN: ReadTarget = { branch: "main" };

const JSON_HEADERS = { headers: { "Content-Type": "application/json" } };

/** A successful JSON response. */
export function jsonResponse(text: string): Response {
  return new Response(text, JSON_HEADERS);
}
