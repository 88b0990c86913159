/** `omnigraph init`. */
import { AppError } from "../../core/errors.ts";
import { refuseClusterManaged } from "../cluster_managed.ts";
import type { Context } from "../context.ts";
import { readInput } from "../source.ts";

/** Creates an empty graph; refused inside a cluster, whose graphs only `cluster apply` creates. */
export async function runInit(context: Context): Promise<number> {
  const { parseStorageUri, showUri } = await import("../../core/storage/uri.ts");
  const { openObjectStore } = await import("../../core/storage/open.ts");
  const { createGraph } = await import("../../core/graph/open.ts");
  const { renderDiagnostic } = await import("../../core/base/report.ts");
  const uri = context.args.positionals[0]!;
  if (/^https?:/i.test(uri)) {
    throw new AppError(
      "usage",
      `\`init\` is a direct (storage-native) command and needs direct storage access: \`${uri}\` is a remote server`,
    );
  }
  const root = parseStorageUri(uri, context.cwd);
  await refuseClusterManaged(root);
  const path = context.args.values.get("schema")!;
  const schema = { path, text: readInput(context, path) };
  const { actorOf } = await import("../operator.ts");
  await createGraph({
    store: openObjectStore(root),
    schema,
    actor: actorOf(context),
    force: context.args.switches.has("force"),
    onWarning: (warning) => context.output.note(renderDiagnostic(warning)),
  });
  context.output.out(`initialized ${showUri(root)}\n`);
  return 0;
}
