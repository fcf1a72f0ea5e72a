/** What a diagnosis tells while it runs, for whoever shows it. */
import type { CommandRequest, CommandResult, EbpfResults, Reply } from "../protocol/mod.ts";
import type { ProgramStart } from "../probes/mod.ts";

export type Progress =
  /** The model is asked; `round` counts from 1 to `max_rounds`. */
  | { readonly kind: "asking"; readonly round: number; readonly max_rounds: number }
  | { readonly kind: "reply"; readonly round: number; readonly reply: Reply }
  /** All programs of the turn were started, or failed to (`error` and `hint`). */
  | { readonly kind: "programs_started"; readonly starts: readonly ProgramStart[] }
  | { readonly kind: "command_started"; readonly command: CommandRequest }
  | { readonly kind: "command_ended"; readonly result: CommandResult }
  | { readonly kind: "programs_ended"; readonly results: EbpfResults };

export type OnProgress = (progress: Progress) => void;
