/** Standard input as messages. */
import type { DataCallback, Message, MessageReader } from "vscode-languageserver/node";

/**
 * A reader whose `initialize` names no client process. The library would ask the system every few seconds whether that
 * process lives, which takes the permission to signal processes; the end of the input says the same without it.
 */
export function withoutClientProcess(reader: MessageReader): MessageReader {
  return {
    onError: reader.onError,
    onClose: reader.onClose,
    onPartialMessage: reader.onPartialMessage,
    listen: (callback: DataCallback) => reader.listen((message) => callback(withoutProcessId(message))),
    dispose: () => reader.dispose(),
  };
}

function withoutProcessId(message: Message): Message {
  if (!("method" in message) || message.method !== "initialize") return message;
  const { params } = message as Message & { readonly params?: unknown };
  if (typeof params !== "object" || params === null) return message;
  const changed: Message & { readonly params: unknown } = {
    ...message,
    params: { ...params, processId: null },
  };
  return changed;
}
