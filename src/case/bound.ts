/** Keeps a case within its size. */
import { fitResults } from "../agent/budget/fit_results.ts";
import { parse, results, type Turn } from "../protocol/mod.ts";
import { CaseError } from "./error.ts";
import { sealed } from "./file.ts";
import type { CaseContent } from "./text.ts";

/** Shares of the room that is left which are tried for new results: a document with line breaks is longer than one without. */
const SHARES = [1, 0.7, 0.5, 0.35, 0.2, 0.1, 0.05, 0.02];

/**
 * The text of a case in which the newest turns are cut until it has at most `max_bytes`. What was cut is said in the
 * turn's notes and where it was cut; earlier turns stay, for the model has seen them.
 *
 * @param fresh how many turns are new, and may be cut
 * @throws {CaseError} not even the least of them has room
 */
export function boundedCase(
  content: CaseContent,
  { fresh, net }: { readonly fresh: number; readonly net: (text: string) => string },
): ReturnType<typeof sealed> {
  const whole = sealed(content, net);
  const { max_bytes, turns } = content;
  if (bytesOf(whole.text) <= max_bytes) return whole;
  const kept = turns.slice(0, turns.length - fresh);
  const cut = turns.slice(turns.length - fresh);
  const room = max_bytes - bytesOf(sealed({ ...content, turns: kept }).text);
  for (const share of room > 0 ? SHARES : []) {
    const some = cut.map((turn) => cutTurn(turn, Math.floor(room * share / fresh)));
    const smaller = sealed({ ...content, turns: [...kept, ...some] }, net);
    if (bytesOf(smaller.text) <= max_bytes) return smaller;
  }
  throw new CaseError(
    `Cannot keep the case within ${max_bytes} bytes: ${bytesOf(whole.text)} would be needed.`,
    "Allow more with --max-bytes.",
  );
}

function cutTurn(turn: Turn, max_bytes: number): Turn {
  const { command_results, ebpf_results } = turn;
  const text = fitResults({ schema: "ktriage.results/1", command_results, ebpf_results }, { max_bytes });
  const cut = results.parse(parse(text));
  const notes = [...turn.notes ?? [], ...cut.notes ?? []];
  return {
    ...turn,
    command_results: cut.command_results,
    ebpf_results: cut.ebpf_results,
    ...(notes.length === 0 ? {} : { notes }),
  };
}

/** Size in UTF-8. */
export function bytesOf(text: string): number {
  return new TextEncoder().encode(text).length;
}
