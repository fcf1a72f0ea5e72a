/** How a claim names its evidence: a command by its id, a program by the key of its result or by its name. */
import type { CommandResult, EbpfResult } from "./result.ts";
import type { Turn } from "./run.ts";

export type Cited =
  | { readonly kind: "command"; readonly id: string; readonly result: CommandResult }
  | { readonly kind: "program"; readonly id: string; readonly result: EbpfResult };

/** Results of the run that an id names, the newest first; a program's name may stand for several. */
export function citedResults(id: string, turns: readonly Turn[]): readonly Cited[] {
  const name = plainId(id);
  return allResults(turns).filter((cited) =>
    cited.id === name || cited.kind === "program" && cited.result.program_name === name
  ).reverse();
}

/** Every result of the run under its own id or key, in the order in which they came. */
export function allResults(turns: readonly Turn[]): readonly Cited[] {
  return turns.flatMap(({ command_results, ebpf_results }): Cited[] => [
    ...command_results.map((result): Cited => ({ kind: "command", id: result.id, result })),
    ...Object.entries(ebpf_results).map(([id, result]): Cited => ({ kind: "program", id, result })),
  ]);
}

/** Ids of commands, keys of eBPF results, and the programs' names. */
export function evidenceIds(turns: readonly Turn[]): ReadonlySet<string> {
  return new Set(
    allResults(turns).flatMap(({ kind, id, result }) => kind === "program" ? [id, result.program_name] : [id]),
  );
}

/** The id without what models write around it: quotes, and the name of the list that holds the result. */
function plainId(id: string): string {
  return id.trim().replace(/^["'`]+|["'`]+$/g, "").replace(/^(command_results|ebpf_results)[.:]/, "");
}
