/** Every ceiling of the product: its unit, its reason. */

const MIB = 1 << 20;

/** A commit whose encoded rows stay at or under this many bytes is published inline, touching no table. */
export const INLINE_COMMIT_BYTES_MAX = 64 * 1024;
/**
 * The same for merges and reverts: writing tables takes longer the larger the tables are, and a merge must cost what it
 * changes. A fold takes the rows into the tables soon after.
 */
export const INLINE_MERGE_BYTES_MAX = MIB;
/** Unfolded commits per table before a background fold. */
export const FOLD_COMMITS_MAX = 32;
/** Unfolded rows per table before a background fold. */
export const FOLD_ROWS_MAX = 4096;
/** Unfolded encoded bytes per table before a background fold. */
export const FOLD_BYTES_MAX = MIB;
/** Slots that a table's oldest unfolded delta may lag behind the head before a fold: what opening a branch reads. */
export const FOLD_LAG_SLOTS_MAX = 128;
/** Commits of one grouped publish. */
export const GROUP_COMMITS_MAX = 256;
/** Encoded rows of one grouped publish, bytes; the last commit may exceed it. */
export const GROUP_BYTES_MAX = MIB;
/** How long a writer waits in the line of its machine before it goes on without, milliseconds: who holds it may be stopped. */
export const LINE_PATIENCE_MS = 2_000;
/** Attempts of a write that may be retried after a lost race. */
export const WRITE_ATTEMPTS_MAX = 32;

/** Length of a branch name as encoded for its object, characters: file systems allow 255 with the ending. */
export const BRANCH_FILE_NAME_CHARS_MAX = 240;

/** What a request that makes, deletes or lists branches counts as in its actor's share of a server, bytes. */
export const BRANCH_OPERATION_BYTES = 256;
/** Body limit of an ordinary HTTP request, bytes. */
export const HTTP_BODY_BYTES_MAX = MIB;
/** Body limit of a load over HTTP, bytes. */
export const LOAD_BODY_BYTES_MAX = 32 * MIB;
/** One NDJSON line, bytes. */
export const BATCH_LINE_BYTES_MAX = 33_554_432;
/** Structural characters outside strings in one NDJSON line. */
export const BATCH_LINE_STRUCTURE_MAX = 131_072;
/** Entities of one type in one keyed request (append, merge, mutation). */
export const KEYED_ENTITIES_MAX = 8_192;
/** Estimated column bytes of one type in one keyed request. */
export const KEYED_BYTES_MAX = 32 * MIB;
/** Managed Blob bytes of one type in one write, decoded. */
export const BLOB_BYTES_MAX = 32 * MIB;

/** A source text of either language, characters. */
export const SOURCE_CHARS_MAX = 4 * MIB;
/** Errors reported for one source text; behind them nobody reads on. */
export const DIAGNOSTICS_MAX = 200;
/** Properties of all types of a schema, inherited ones counted in each type: short texts can ask for very many. */
export const SCHEMA_PROPERTIES_MAX = 100_000;
/** Characters of one source line shown in a report, so that a file of one line stays readable. */
export const LINE_CHARS_SHOWN_MAX = 240;
/** Characters of a word for which near names are looked for; nobody misspells longer ones. */
export const SUGGEST_CHARS_MAX = 64;
/** Nesting depth of blocks and lists in either language, and in YAML. */
export const NESTING_MAX = 64;
/** Values of a YAML document that its aliases repeat, counted with what is in them. */
export const YAML_ALIASED_NODES_MAX = 100_000;
/** Nesting depth of arrays and objects in JSON input. */
export const JSON_NESTING_MAX = 128;

/** Decoded tables kept in memory per open graph, bytes; least recently used tables go first. */
export const READ_CACHE_BYTES_MAX = 4096 * MIB;

/** Rows of a table up to which it is read whole for the sake of a few of them: that takes a few milliseconds. */
export const WHOLE_READ_ROWS_MAX = 20_000;

/** Bindings that one read may make on its way; a second makes about a hundred million, and nothing else runs meanwhile. */
export const READ_BINDINGS_MAX = 1 << 30;

/** One piece of an export, bytes. */
export const EXPORT_CHUNK_BYTES_MAX = 64 * 1024;

/** Changes of one page, unless the reader asks for another number. */
export const CHANGES_PAGE_DEFAULT = 1_000;
/** Changes of one page at most. */
export const CHANGES_PAGE_MAX = 8_192;
/** Encoded changes of one page, bytes; one larger change makes a page of its own. */
export const CHANGES_PAGE_BYTES_MAX = 4 * MIB;
/** Commits of one poll of a change feed. */
export const FEED_COMMITS_MAX = 128;
