/**
 * The accepted contract: a schema's source with its IR, the unit that a graph stores and commits pin.
 *
 *   { "format_version": 1, "ir": { … see ir.ts … }, "source": "node …" }      canonical JSON, keys sorted, no spaces
 *
 *   digest     over                                             answers
 *   source     the bytes of the `.pg` file, bare hex            is this the same file?
 *   shape      `sha256:`, the IR without ids and domain         does it mean the same?
 *   contract   `sha256:`, the whole text above                  is it the same acceptance?
 */
import { sha256Hex } from "../base/digest.ts";
import { canonicalJson } from "../base/json.ts";
import { buildCatalog } from "./build_catalog.ts";
import type { Catalog } from "./catalog.ts";
import { type Contract, decodeContract } from "./contract_decode.ts";
import { verifyIr } from "./contract_verify.ts";
import { brokenContract } from "./contract_fault.ts";
import type { Ir } from "./ir.ts";

export type { Contract } from "./contract_decode.ts";

/** A schema that passed every check and has its identities. */
export interface AcceptedSchema {
  /** The `.pg` text. */
  readonly source: string;
  readonly contract: Contract;
  readonly catalog: Catalog;
  readonly digests: {
    /** Bare lower-case hex of the `.pg` bytes. */
    readonly source: string;
    /** `sha256:` + hex; equal for equal meaning. */
    readonly shape: string;
    /** `sha256:` + hex of {@linkcode writeContract}. */
    readonly contract: string;
  };
}

/** Derives catalog and digests from a consistent contract. */
export function sealContract(contract: Contract): AcceptedSchema {
  const contractDigest = `sha256:${sha256Hex(canonicalJson(contract))}`;
  return {
    source: contract.source,
    contract,
    catalog: buildCatalog(contract.ir, contractDigest),
    digests: {
      source: sha256Hex(contract.source),
      shape: shapeDigest(contract.ir),
      contract: contractDigest,
    },
  };
}

/** The stored text. Its SHA-256 is the contract digest. */
export function writeContract(accepted: AcceptedSchema): string {
  return canonicalJson(accepted.contract);
}

/**
 * Reads a stored contract and verifies it: version, members, order, references, identities. Throws
 * `AppError("integrity_error")` when the text is not exactly what {@linkcode writeContract} writes, and
 * `AppError("unsupported")` when a newer format wrote it.
 */
export function readContract(text: string): AcceptedSchema {
  const contract = decodeContract(text);
  // Catches what decoding passes over: unknown or repeated members, spaces, unsorted keys.
  if (canonicalJson(contract) !== text) brokenContract("", "is not in canonical form");
  verifyIr(contract.ir);
  return sealContract(contract);
}

/** `sha256:` + hex over the meaning of a schema: names, types, annotations and constraints, without identities. */
export function shapeDigest(ir: Ir): string {
  return `sha256:${sha256Hex(canonicalJson(withoutIdentities(ir)))}`;
}

const IDENTITY_MEMBERS = new Set([
  "schema_identity_domain",
  "next_identity_id",
  "type_id",
  "table_incarnation_id",
  "property_id",
  "owner_type_id",
]);

function withoutIdentities(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutIdentities);
  if (value === null || typeof value !== "object") return value;
  const kept = Object.entries(value).filter(([key]) => !IDENTITY_MEMBERS.has(key));
  // Named arguments of annotations are the user's own words, which may be spelled like ours.
  return Object.fromEntries(
    kept.map(([key, child]) => [key, key === "kwargs" ? child : withoutIdentities(child)]),
  );
}
