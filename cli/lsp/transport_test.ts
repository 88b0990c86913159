import assert from "node:assert/strict";
import type { DataCallback, Message, MessageReader } from "vscode-languageserver/node";
import { withoutClientProcess } from "./transport.ts";

Deno.test("withoutClientProcess() hides the client process of `initialize` and changes no other message", () => {
  const nothing = () => ({ dispose: () => {} });
  let deliver: DataCallback = () => {};
  const source: MessageReader = {
    onError: nothing,
    onClose: nothing,
    onPartialMessage: nothing,
    listen: (callback) => {
      deliver = callback;
      return nothing();
    },
    dispose: () => {},
  };
  const received: Message[] = [];
  withoutClientProcess(source).listen((message) => void received.push(message));
  const initialize = {
    jsonrpc: "2.0",
    id: 1,
    method: "initialize",
    params: { processId: 42, rootUri: null },
  };
  const others: Message[] = [
    { jsonrpc: "2.0", id: 2, method: "other", params: { processId: 42 } } as Message,
    { jsonrpc: "2.0", id: 3, method: "initialize" } as Message,
    { jsonrpc: "2.0", id: 4, result: null } as Message,
  ];
  for (const message of [initialize, ...others]) deliver(message);
  assert.deepEqual(received[0], { ...initialize, params: { processId: null, rootUri: null } });
  assert.deepEqual(received.slice(1), others);
});
