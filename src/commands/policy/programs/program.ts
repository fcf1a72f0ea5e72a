/** What the allowlist says about one program. */
import type { Needs } from "../../needs.ts";
import type { Rule } from "../arguments.ts";
import type { Rewrite } from "../rewrites.ts";
import type { Refusal } from "../verdict.ts";

export interface Program {
  /** Undefined: none of its arguments can do harm. */
  readonly rule?: Rule;
  /** The arguments that name files it reads. */
  readonly files?: (args: readonly string[]) => readonly string[];
  /** Arguments that are known only when the line runs may stand anywhere, options included. */
  readonly anyArguments?: true;
  /** The command line that it runs itself, judged as well; or why that cannot be told. */
  readonly runs?: (args: readonly string[]) => Inner;
  /** What the sandbox must leave it with these arguments; nothing when it is left out. */
  readonly needs?: (args: readonly string[]) => Partial<Needs>;
  /** Why an operator must say yes first; asked only when nothing refuses the line. */
  readonly approval?: Rule;
  /** The bound it gets with arguments that would make it run or print without end. */
  readonly bound?: (args: readonly string[]) => Bound | undefined;
  /** A small change without which it would fail, or change something. */
  readonly rewrite?: (args: readonly string[]) => Rewrite | undefined;
  /** With these arguments it passes a known question on to a service of this host and prints the answer. */
  readonly asks?: (args: readonly string[]) => boolean;
  /** With these arguments it passes its input on: it may only run with an empty one (`</dev/null`, `echo |`, none). */
  readonly sendsInput?: (args: readonly string[]) => boolean;
}

/** A limit that is put around one program of the line, and the rule that says why. */
export interface Bound extends Refusal {
  /** It is ended after so many seconds. */
  readonly seconds: number;
  /** Of its output only so many bytes are read, then it is ended. */
  readonly bytes?: number;
}

export interface Inner {
  /** Name and arguments; empty when it runs nothing. */
  readonly command: readonly string[];
  /** `NAME=value` words that it puts into the environment. */
  readonly assignments?: readonly string[];
}

export type Programs = Readonly<Record<string, Program>>;
