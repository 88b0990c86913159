/** Version of the product and of its storage format. */

/** Semantic version of this build; equals `version` in deno.json. */
export const VERSION = "0.1.0";

/** Number of the storage format that this build reads and writes (`internal_schema_version`). */
export const STORAGE_FORMAT = 1;
