/** `omnigraph lsp`. */
import process from "node:process";
import type { Context } from "../context.ts";

/**
 * Serves editors over standard input and output until the input ends. The library itself ends the process when the
 * client says `exit`.
 */
export async function runLsp(_context: Context): Promise<number> {
  const { createConnection, ProposedFeatures, StreamMessageReader, StreamMessageWriter } = await import(
    "vscode-languageserver/node"
  );
  const { serve } = await import("../lsp/server.ts");
  const { withoutClientProcess } = await import("../lsp/transport.ts");
  const reader = new StreamMessageReader(process.stdin);
  const ended = new Promise<void>((resolve) => reader.onClose(resolve));
  const connection = createConnection(
    ProposedFeatures.all,
    withoutClientProcess(reader),
    new StreamMessageWriter(process.stdout),
  );
  serve(connection);
  connection.listen();
  await ended;
  return 0;
}
