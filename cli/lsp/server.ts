/** The language server of one connection: protocol requests to questions for the language service, and back. */
import {
  type Connection,
  DidChangeWatchedFilesNotification,
  type InitializeParams,
  type InitializeResult,
  LSPErrorCodes,
  ResponseError,
  type TextDocumentPositionParams,
  TextDocuments,
  TextDocumentSyncKind,
} from "vscode-languageserver/node";
import { TextDocument } from "vscode-languageserver-textdocument";
import { AppError } from "../../core/errors.ts";
import { completeAt } from "../../core/language/completion.ts";
import { definitionAt } from "../../core/language/definition.ts";
import { diagnose } from "../../core/language/diagnose.ts";
import type { LanguageDocument } from "../../core/language/document.ts";
import { formatChange } from "../../core/language/format.ts";
import { hoverAt } from "../../core/language/hover.ts";
import { renamableAt, renameAt } from "../../core/language/rename.ts";
import { VERSION } from "../../core/version.ts";
import { completionOf, diagnosticOf, editOf, rangeOf } from "./convert.ts";
import { Publisher } from "./publisher.ts";
import { Workspace } from "./workspace.ts";

const WATCHED = ["**/*.pg", "**/*.gq", "**/cluster.yaml"];

const CAPABILITIES: InitializeResult = {
  capabilities: {
    positionEncoding: "utf-16",
    textDocumentSync: { openClose: true, change: TextDocumentSyncKind.Incremental },
    hoverProvider: true,
    completionProvider: { triggerCharacters: ["$", ".", ":", "@", "<", "(", "[", '"'] },
    definitionProvider: true,
    renameProvider: { prepareProvider: true },
    documentFormattingProvider: true,
  },
  serverInfo: { name: "omnigraph", version: VERSION },
};

/** A document with the means to turn its offsets into positions. */
interface Question {
  readonly document: LanguageDocument;
  readonly text: TextDocument;
}

/** Answers everything that comes over a connection. */
export function serve(connection: Connection): void {
  const documents = new TextDocuments(TextDocument);
  const workspace = new Workspace(documents);
  const question = (uri: string): Question | null => {
    const document = workspace.document(uri);
    return document === null ? null : { document, text: textOf(uri, document.source.text) };
  };
  const publisher = new Publisher({
    checked: () => workspace.checked(),
    check: (uri) => {
      const asked = question(uri);
      return asked && diagnose(asked.document).map((one) => diagnosticOf(asked.text, one));
    },
    send: (uri, diagnostics) => void connection.sendDiagnostics({ uri, diagnostics: [...diagnostics] }),
    failed: (error) => connection.console.error(`checking failed: ${error}`),
  });
  announce(connection, publisher);
  documents.onDidOpen(({ document }) => publisher.forget(document.uri));
  documents.onDidChangeContent(() => publisher.schedule());
  documents.onDidClose(() => publisher.schedule());
  answer(connection, workspace, question);
  documents.listen(connection);
}

/** Start and end of the connection, and changes of files outside the editor. */
function announce(connection: Connection, publisher: Publisher): void {
  let watches = false;
  connection.onInitialize(({ capabilities }: InitializeParams) => {
    watches = capabilities.workspace?.didChangeWatchedFiles?.dynamicRegistration === true;
    return CAPABILITIES;
  });
  connection.onInitialized(() => {
    if (!watches) return;
    const watchers = WATCHED.map((globPattern) => ({ globPattern }));
    return connection.client.register(DidChangeWatchedFilesNotification.type, { watchers }).then(() => {});
  });
  connection.onDidChangeWatchedFiles(() => publisher.schedule());
  connection.onShutdown(() => publisher.stop());
}

/** The requests about a place in a document. */
function answer(
  connection: Connection,
  workspace: Workspace,
  question: (uri: string) => Question | null,
): void {
  /** Runs `use` with the document and the offset of a request. */
  const at = <T>(
    { textDocument, position }: TextDocumentPositionParams,
    use: (asked: Question, offset: number) => T | null,
  ): T | null => {
    const asked = question(textDocument.uri);
    return asked === null ? null : use(asked, asked.text.offsetAt(position));
  };
  connection.onHover((params) =>
    at(params, ({ document, text }, offset) => {
      const hover = hoverAt(document, offset);
      return hover && { contents: { kind: "markdown", value: hover.markdown }, range: rangeOf(text, hover) };
    })
  );
  connection.onCompletion((params) =>
    at(params, ({ document, text }, offset) => completionOf(text, completeAt(document, offset)))
  );
  connection.onDefinition((params) =>
    at(params, ({ document }, offset) => {
      const place = definitionAt(document, offset);
      if (place === null) return null;
      const uri = workspace.uriOf(place.source.path);
      return { uri, range: rangeOf(textOf(uri, place.source.text), place) };
    })
  );
  connection.onPrepareRename((params) =>
    at(params, ({ document, text }, offset) => {
      const name = renamableAt(document, offset);
      return name && { range: rangeOf(text, name), placeholder: name.name };
    })
  );
  connection.onRenameRequest((params) =>
    at(params, ({ document, text }, offset) => {
      const changes = failingRequest(() => renameAt(document, offset, params.newName));
      return changes && { changes: { [params.textDocument.uri]: changes.map((one) => editOf(text, one)) } };
    })
  );
  connection.onDocumentFormatting(({ textDocument }) => {
    const asked = question(textDocument.uri);
    const change = asked && formatChange(asked.document);
    return asked && change ? [editOf(asked.text, change)] : [];
  });
}

function textOf(uri: string, text: string): TextDocument {
  return TextDocument.create(uri, "", 0, text);
}

/** An expected failure becomes the failure of the request, so that the editor shows its message. */
function failingRequest<T>(run: () => T): T {
  try {
    return run();
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    throw new ResponseError(LSPErrorCodes.RequestFailed, error.message);
  }
}
