/**
 * Request bodies and query parameters as typed values. Shapes parse once, at the edge: branch names come out trimmed,
 * null means absent, unknown members are dropped, and 64-bit parameters keep their digits.
 */
import { z } from "zod";
import { parseJson } from "../base/lossless_json.ts";
import { AppError } from "../errors.ts";

/** Text that every part of the product can hold: without half surrogate pairs, which UTF-8 cannot express. */
export const wholeText = z.string().refine((text) => text.isWellFormed(), "holds half of a surrogate pair");

/** A branch name, trimmed. */
export const branchName = wholeText.transform((text, context) => {
  const name = text.trim();
  if (name === "") context.addIssue({ code: "custom", message: "must not be empty" });
  return name;
});

/** Parameter values: any JSON object; the query's declarations judge its members. */
const params = z.custom<Readonly<Record<string, unknown>>>(
  (value) => typeof value === "object" && value !== null && !Array.isArray(value),
  { message: "is not valid: params must be a JSON object" },
);

const mode = z.enum(["merge", "append", "overwrite"]);

/** A member that may be absent or null; undefined either way. */
export function optional<Shape extends z.ZodType>(shape: Shape) {
  return shape.nullish().transform((value) => value ?? undefined);
}

const target = {
  branch: optional(branchName),
  snapshot: optional(z.string()),
  as_of: optional(z.string()),
};

/** Body of `query`. */
const query = z.object({
  query: z.string(),
  name: optional(z.string()),
  params: optional(params),
  ...target,
});

/** Body of the deprecated `read`. */
const read = z.object({
  query_source: z.string(),
  query_name: optional(z.string()),
  params: optional(params),
  ...target,
});

/** Body of `mutate`, `mutate/if-graph-commit` and `change`. */
const change = z.object({
  query: optional(z.string()),
  query_source: optional(z.string()),
  name: optional(z.string()),
  query_name: optional(z.string()),
  params: optional(params),
  branch: optional(branchName),
});

/** Body of `queries/{name}` and its conditional twin. */
const invocation = z.object({
  params: optional(params),
  ...target,
  expect_mutation: optional(z.boolean()),
});

/** Body of `load` and `ingest`. */
const load = z.object({
  branch: optional(branchName),
  from: optional(branchName),
  mode: optional(mode),
  data: wholeText,
});

/** Body of `schema/apply`. */
const schemaApply = z.object({ schema_source: z.string(), allow_data_loss: optional(z.boolean()) });

/** Body of `branches`. */
const branchCreate = z.object({
  name: branchName,
  from: optional(branchName),
  from_commit: optional(z.string()),
}).refine(({ from, from_commit }) => from === undefined || from_commit === undefined, {
  message: "takes `from` or `from_commit`, not both",
});

/** Body of `branches/merge`. */
const merge = z.object({
  source: branchName,
  target: optional(branchName),
  delete_branch: optional(z.boolean()),
});

/** Body of `commits/{commit_id}/revert`. */
const revert = z.object({ branch: optional(branchName) });

/** Body of `export`: the one body that refuses members it does not know. */
const exported = z.strictObject({ ...target, type_names: optional(z.array(wholeText)) });

/** Query parameters of `entity`. */
const selector = z.object({
  entity: z.enum(["node", "edge"]),
  type: wholeText,
  id: wholeText,
  ...target,
});

/** Query parameters of routes that read a target. */
const targetParameters = z.object(target);

/** Query parameters of `load/ndjson`. */
const loadParameters = z.object({
  branch: optional(branchName),
  from: optional(branchName),
  mode: optional(mode),
});

/** Query parameters of routes that read a branch. */
const branchParameters = z.object({ branch: optional(branchName) });

/** An inline query to run. */
export interface InlineRead {
  readonly source: string;
  readonly name: string | undefined;
  readonly params: Readonly<Record<string, unknown>> | undefined;
  readonly branch: string | undefined;
  readonly snapshot: string | undefined;
  readonly as_of: string | undefined;
}

/** An inline mutation to run. */
export type InlineChange = Omit<InlineRead, "snapshot" | "as_of">;

/** An invocation of a stored query. */
export type Invocation = z.infer<typeof invocation>;

/** A branch to make. */
export type BranchCreateBody = z.infer<typeof branchCreate>;

/** A load with its data inside. */
export type LoadRequest = z.infer<typeof load>;

/** Parses the body of `query`. Every parser here throws `AppError("invalid_input")`. */
export function parseQueryRequest(text: string): InlineRead {
  const { query: source, ...rest } = parseBody(query, text);
  return { source, ...rest };
}

/** Parses the body of the deprecated `read`. */
export function parseReadRequest(text: string): InlineRead {
  const { query_source: source, query_name: name, ...rest } = parseBody(read, text);
  return { source, name, ...rest };
}

/** Parses the body of `mutate` and `change`: either spelling of source and name. */
export function parseChangeRequest(text: string): InlineChange {
  const body = parseBody(change, text);
  const source = body.query ?? body.query_source;
  if (source === undefined) throw new AppError("invalid_input", "invalid request body: `query` is missing");
  return { source, name: body.name ?? body.query_name, params: body.params, branch: body.branch };
}

/** Parses the body of a stored-query invocation: empty, `null` or an object. */
export function parseInvocation(text: string): Invocation {
  const what = "invalid stored-query invocation body";
  if (text.trim() === "") return NO_INVOCATION;
  let value: unknown;
  try {
    value = parseJson(text);
  } catch (error) {
    if (error instanceof AppError) {
      throw new AppError(error.code, `${what}: ${error.message}`, { cause: error });
    }
    throw error;
  }
  return value === null ? NO_INVOCATION : parseShape(invocation, value, what);
}

/** Parses the body of `load` and `ingest`. */
export function parseLoadRequest(text: string): LoadRequest {
  return parseBody(load, text);
}

/** Parses the body of `branches/merge`. */
export function parseMergeRequest(text: string): z.infer<typeof merge> {
  return parseBody(merge, text);
}

/** Parses the body of `branches`. */
export function parseBranchCreateRequest(text: string): BranchCreateBody {
  return parseBody(branchCreate, text);
}

/** The branch that a path segment names. */
export function parseBranchSegment(segment: string): string {
  return parseShape(branchName, segment, "branch name");
}

/** Parses the body of `commits/{commit_id}/revert`; it may be empty. */
export function parseRevertRequest(text: string): z.infer<typeof revert> {
  return parseBody(revert, text.trim() === "" ? "{}" : text);
}

/** Parses the body of `schema/apply`. */
export function parseSchemaApplyRequest(text: string): z.infer<typeof schemaApply> {
  return parseBody(schemaApply, text);
}

/** Parses the query parameters of `load/ndjson`; others are ignored. */
export function parseLoadParameters(search: URLSearchParams): z.infer<typeof loadParameters> {
  return parseShape(loadParameters, Object.fromEntries(search), "invalid query parameters");
}

/** Parses the body of `export`. */
export function parseExportRequest(text: string): z.infer<typeof exported> {
  return parseBody(exported, text);
}

/** Parses the query parameters of `entity`; others are ignored. */
export function parseEntityParameters(search: URLSearchParams): z.infer<typeof selector> {
  return parseShape(selector, Object.fromEntries(search), "invalid query parameters");
}

/** Parses the query parameters of routes that read a branch, a snapshot or a time; others are ignored. */
export function parseTargetParameters(search: URLSearchParams): z.infer<typeof targetParameters> {
  return parseShape(targetParameters, Object.fromEntries(search), "invalid query parameters");
}

/** The trimmed `branch` query parameter; undefined when absent. */
export function parseBranchParameter(search: URLSearchParams): string | undefined {
  const given = Object.fromEntries(search);
  return parseShape(branchParameters, given, "invalid query parameters").branch;
}

const NO_INVOCATION: Invocation = {
  params: undefined,
  branch: undefined,
  snapshot: undefined,
  as_of: undefined,
  expect_mutation: undefined,
};

/** Parses a JSON body. */
export function parseBody<Shape extends z.ZodType>(shape: Shape, text: string): z.infer<Shape> {
  return parseShape(shape, parseJson(text), "invalid request body");
}

/** Parses a value that came from outside; `what` names it in complaints. */
export function parseShape<Shape extends z.ZodType>(
  shape: Shape,
  value: unknown,
  what: string,
): z.infer<Shape> {
  const result = shape.safeParse(value, { reportInput: true });
  if (result.success) return result.data;
  const problems = result.error.issues.map((issue) => {
    const subject = issue.path.length === 0 ? "it" : `\`${issue.path.join(".")}\``;
    return `${subject} ${problemText(issue)}`;
  });
  throw new AppError("invalid_input", `${what}: ${problems.join("; ")}`);
}

function problemText(issue: z.core.$ZodIssue): string {
  switch (issue.code) {
    case "invalid_type":
      return issue.input === undefined ? "is missing" : `must be ${article(issue.expected)}`;
    case "invalid_value":
      return `must be one of ${issue.values.map((value) => `'${String(value)}'`).join(", ")}`;
    case "unrecognized_keys":
      return `has unknown members: ${issue.keys.map((key) => `\`${key}\``).join(", ")}`;
    default:
      return issue.message;
  }
}

function article(noun: string): string {
  return /^[aeiou]/.test(noun) ? `an ${noun}` : `a ${noun}`;
}
