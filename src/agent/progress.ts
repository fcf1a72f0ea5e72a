/** What a diagnosis tells while it runs, for whoever shows it or keeps it. */
import type { ProgramStart } from "../probes/mod.ts";
import type { CommandRequest, CommandResult, EbpfResults, Reply, Turn } from "../protocol/mod.ts";

export type Progress =
  /** The model is asked; `round` counts from 1 to `max_rounds`. */
  | { readonly kind: "asking"; readonly round: number; readonly max_rounds: number }
  /** A part of the answer's text as it comes, where the model gives it in parts. */
  | { readonly kind: "text"; readonly part: string }
  | { readonly kind: "reply"; readonly round: number; readonly reply: Reply }
  /** All programs of the turn were started, or failed to (`error` and `hint`). */
  | { readonly kind: "programs_started"; readonly starts: readonly ProgramStart[] }
  | { readonly kind: "command_started"; readonly command: CommandRequest }
  | { readonly kind: "command_ended"; readonly result: CommandResult }
  | { readonly kind: "programs_ended"; readonly results: EbpfResults }
  /** A turn is complete, with its notes; `index` counts from 0 over the whole run, those it began with included. */
  | { readonly kind: "turn"; readonly turn: Turn; readonly index: number }
  /** The model is asked on behind its answer, in the operator's words. */
  | { readonly kind: "follow_up"; readonly question: string };

export type OnProgress = (progress: Progress) => void;
