/** What the search for a function of a program or a library gives back. */

/** A place in a file, as perf_event_open(2) takes it for a uprobe. */
export interface UserFunction {
  readonly ok: true;
  /** As this process sees it: `/proc/<pid>/root/…` for a file of another mount namespace. */
  readonly path: string;
  /** The same file as the processes that run it would name it. */
  readonly shown: string;
  /** In the file, in bytes. */
  readonly offset: bigint;
  /** `malloc`, `malloc+0x10`; `0x1234` where no symbol covers the offset. */
  readonly symbol: string;
  /** Size of the function's code in bytes; 0 when the file does not say. */
  readonly size: number;
  /** The target or the options name a process: only it is traced. */
  readonly pid?: number;
  /** What was found and where, when the target did not say exactly that. */
  readonly note?: string;
}

/** Why there is nothing to probe, as sentences for people. */
export interface NoUserFunction {
  readonly ok: false;
  readonly error: string;
  readonly hint: string;
}

export interface ResolveOptions {
  /** The one process that the program will look at, by the number that this process sees in its /proc. */
  readonly pid?: number;
  /** `return`: only the start of a function is a good answer. Default `entry`. */
  readonly at?: "entry" | "return";
}

export interface UserSymbol {
  readonly name: string;
  /** In bytes; 0 when the file does not say. */
  readonly size: number;
}

export type SymbolList =
  | { readonly ok: true; readonly path: string; readonly symbols: readonly UserSymbol[]; readonly truncated: boolean }
  | NoUserFunction;
