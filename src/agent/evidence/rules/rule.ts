/** What a rule is: it understands one kind of claim, and says only what is sure. */
import type { Host } from "../../../protocol/mod.ts";
import type { Name } from "../atoms.ts";
import type { Clause } from "../clauses.ts";
import type { Source } from "../source.ts";

export interface View {
  readonly clause: Clause;
  /** The claim that the clause is a part of. */
  readonly claim: string;
  /** What the claim names as its evidence, as far as it ran. */
  readonly cited: readonly Source[];
  /** Everything that ran, the newest last: what contradicts a claim need not be cited. */
  readonly all: readonly Source[];
  readonly host: Host | undefined;
}

export interface Judgement {
  readonly verdict: "supported" | "contradicted";
  /** What the evidence says, a phrase without a full stop. */
  readonly says: string;
  /** The result that says it; absent where it is the host's own figures. */
  readonly source?: Source;
  /** Names that need not occur any more: it is their absence that was shown. */
  readonly covers?: readonly Name[];
}

export type Rule = (view: View) => readonly Judgement[];

/** Names of one kind in the clause. */
export function namesOf({ clause }: View, ...kinds: readonly Name["kind"][]): readonly Name[] {
  return clause.names.filter(({ kind }) => kinds.includes(kind));
}

/** True for a command line that lists everything it knows: no pipe, no pattern that it was narrowed by. */
export function isWholeList(source: Source, program: RegExp): boolean {
  const line = source.command?.command.trim() ?? "";
  return source.is_complete && source.command?.exit_code === 0 && program.test(line) && !/[|<>;&]/.test(line);
}
