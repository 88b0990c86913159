/** One schema with every kind of type and property, for the tests of the query language. */
import { acceptSchema } from "../../core/schema/accept.ts";
import type { Catalog } from "../../core/schema/catalog.ts";

/** A botanical garden. */
export const GARDEN_SCHEMA = `
node Plant {
    label: String @key
    height: I32?
    seeds: I64?
    leaves: U32?
    weight: F32?
    acidity: F64?
    rare: Bool?
    planted: Date?
    watered: DateTime?
    tags: [String]?
    yields: [I32]?
    light: enum(shade, half, sun)?
    notes: String?
    photo: Blob?
    scent: Vector(3)? @embed("notes", model="acme/embed-2")
}
node Bed { row: I32  side: enum(left, right)  @key(row, side) }
node Gardener { name: String  bio: String?  vector: Vector(2) @embed("name") }
node Label { text: String }
edge GrowsIn: Plant -> Bed @card(0..1) { since: Date?  care: String?  map: Blob? }
edge Grafted: Plant -> Plant { on: DateTime? }
edge Tends: Gardener -> Bed { hours: F64 }
edge Label: Gardener -> Plant
`;

/** The catalog of {@linkcode GARDEN_SCHEMA}. */
export const GARDEN: Catalog = acceptSchema(
  { path: "garden.pg", text: GARDEN_SCHEMA },
  { domain: "01J8ZQ4V9S3M5T6W7X8Y9Z0A1B" },
).catalog;
