/** What random programs of the model consist of. */
import type { Line, Mode, Statement, Where } from "./graph_model_writes.ts";

/** A write of content. */
export type WriteStep =
  | {
    readonly do: "load";
    readonly branch: string;
    readonly from: string | null;
    readonly mode: Mode;
    readonly lines: readonly Line[];
  }
  | {
    readonly do: "mutate";
    readonly branch: string;
    readonly statements: readonly Statement[];
    readonly ifCommit: string | null;
  };

/** A merge of one branch into another. */
export interface MergeStep {
  readonly do: "merge";
  readonly source: string;
  readonly target: string;
  readonly drop: boolean;
}

/** Something that happens beside other things: who does it, and what. */
export interface Contender {
  readonly handle: number;
  readonly act: WriteStep | MergeStep;
}

/** What is read: the head of a branch, a commit, or a branch at a time in milliseconds. */
export interface Target {
  readonly branch: string | null;
  readonly commit: string | null;
  readonly atMs: number | null;
}

/** One step; every step is one call, or several at once. */
export type Step =
  | WriteStep
  | MergeStep
  | { readonly do: "race"; readonly contenders: readonly Contender[] }
  | { readonly do: "duel"; readonly name: string; readonly child: string; readonly write: WriteStep }
  | { readonly do: "branch"; readonly name: string; readonly from: string; readonly commit: string | null }
  | { readonly do: "drop"; readonly name: string }
  | { readonly do: "revert"; readonly commit: string; readonly branch: string }
  | {
    readonly do: "read";
    readonly target: Target;
    readonly type: string;
    readonly where: Where | null;
    /** Of an edge type: which nodes it joins, instead of the edges. */
    readonly asPairs: boolean;
  }
  | { readonly do: "entity"; readonly target: Target; readonly type: string; readonly id: string }
  | { readonly do: "snapshot"; readonly branch: string }
  | { readonly do: "export"; readonly target: Target; readonly types: readonly string[] }
  | { readonly do: "commits"; readonly branch: string }
  | { readonly do: "changes"; readonly commit: string }
  | { readonly do: "diff"; readonly from: string; readonly to: string }
  | { readonly do: "feed"; readonly branch: string; readonly limit: number }
  | { readonly do: "copy"; readonly branch: string }
  | { readonly do: "fold"; readonly branch: string }
  | { readonly do: "reopen" };

/** Steps of one kind. */
export type StepOf<K extends Step["do"]> = Extract<Step, { readonly do: K }>;
