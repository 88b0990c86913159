/**
 * Query parameters and bodies of the change routes. These routes refuse parameters that they do not know, and single ones
 * that are repeated: whoever misspells a filter would read another feed than the one asked for.
 */
import { z } from "zod";
import { AppError } from "../errors.ts";
import type { ChangeFilter, PageRequest, PollRequest } from "../graph/changes/change.ts";
import { branchName, optional, parseBody, parseShape, wholeText } from "./requests.ts";

const kinds = z.array(z.enum(["node", "edge"]));
const types = z.array(wholeText);
const ops = z.array(z.enum(["insert", "update", "delete"]));
const filters = { kind: kinds.optional(), type: types.optional(), op: ops.optional() };
const limit = z.string().regex(/^[0-9]{1,15}$/, "must be a whole number").transform(Number).optional();
const page = { ...filters, limit, page_token: z.string().optional() };

/** Query parameters of `commits/{commit_id}/changes`. */
const commitChanges = z.strictObject(page);

/** Query parameters of `changes`. */
const poll = z.strictObject({
  ...page,
  branch: branchName.optional(),
  cursor: z.string().optional(),
  start: z.string().optional(),
});

/** Query parameters of `diff`. */
const diff = z.strictObject({ ...page, from: branchName, to: branchName });

/** Body of `changes/baseline`. */
const baseline = z.object({
  branch: optional(branchName),
  kind: optional(kinds),
  type: optional(types),
  op: optional(ops),
});

/** Parses the query parameters of `commits/{commit_id}/changes`. Every parser here throws `AppError("invalid_input")`. */
export function parseCommitChangesParameters(search: URLSearchParams): PageRequest {
  return pageRequest(parameters(commitChanges, search));
}

/** Parses the query parameters of `changes`. */
export function parsePollParameters(search: URLSearchParams): PollRequest {
  const { branch, cursor, start, ...page } = parameters(poll, search);
  return defined({ ...pageRequest(page), branch, cursor, start });
}

/** Parses the query parameters of `diff`. */
export function parseDiffParameters(
  search: URLSearchParams,
): PageRequest & { readonly from: string; readonly to: string } {
  const { from, to, ...page } = parameters(diff, search);
  return { ...pageRequest(page), from, to };
}

/** Parses the body of `changes/baseline`. */
export function parseBaselineRequest(text: string): ChangeFilter & { readonly branch?: string } {
  const { branch, kind, type, op } = parseBody(baseline, text.trim() === "" ? "{}" : text);
  return defined({ branch, kinds: kind, types: type, ops: op });
}

const REPEATABLE: ReadonlySet<string> = new Set(["kind", "type", "op"]);

function parameters<Shape extends z.ZodType>(shape: Shape, search: URLSearchParams): z.infer<Shape> {
  const given: Record<string, string | string[]> = {};
  for (const name of new Set(search.keys())) {
    const values = search.getAll(name);
    if (REPEATABLE.has(name)) given[name] = values;
    else if (values.length === 1) given[name] = values[0]!;
    else throw new AppError("invalid_input", `invalid query parameters: \`${name}\` is given more than once`);
  }
  return parseShape(shape, given, "invalid query parameters");
}

function pageRequest(page: z.infer<typeof commitChanges>): PageRequest {
  const { kind, type, op, limit, page_token: pageToken } = page;
  return defined({ kinds: kind, types: type, ops: op, limit, pageToken });
}

/** The members that have a value. */
function defined<Members extends object>(members: Members): Given<Members> {
  return Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined)) as Given<
    Members
  >;
}

type Given<Members> = { [Name in keyof Members]?: Exclude<Members[Name], undefined> };
