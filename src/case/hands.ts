/** Hands that run nothing which a placeholder still stands in. */
import type { Hands } from "../agent/turn.ts";
import { knownAnswers } from "../agent/known.ts";
import { type DiagnosticReply, isSlice, notRun, type Turn } from "../protocol/mod.ts";
import { placeholdersIn } from "./redaction.ts";

/** Commands whose placeholders nothing could put back are refused: a shell would read `<secret:1>` as a redirection. */
export function keptPlaceholders(hands: Hands): Hands {
  return {
    ...hands,
    runCommand: (request, options) => {
      const left = placeholdersIn(request.command);
      if (left.length === 0) return hands.runCommand(request, options);
      const refused = {
        rule: "placeholder",
        reason: reasonFor(left),
        alternative: "Ask for something that names no placeholder, or only those of hosts, users and addresses.",
      };
      return Promise.resolve(notRun(request, { refused }));
    },
  };
}

/** Hands away from the host: they start nothing, and nobody gives them anything to start. */
export const NO_HANDS: Hands = {
  startPrograms: (programs) =>
    programs.length === 0
      ? Promise.resolve({ starts: [], results: Promise.resolve({}), stop: (): void => {} })
      : Promise.reject(new Error("Programs of a case are started on its host only.")),
  runCommand: () => Promise.reject(new Error("Commands of a case are run on its host only.")),
};

/** Whether all that is asked for stands in the case already: parts of outputs, or the same commands once more. */
export function isKnown({ commands, ebpf_programs }: DiagnosticReply, turns: readonly Turn[]): boolean {
  const known = knownAnswers(turns);
  return commands.length > 0 && ebpf_programs.length === 0 &&
    commands.every((each) => isSlice(each) || known.command(each) !== undefined);
}

function reasonFor(placeholders: readonly string[]): string {
  const which = placeholders.join(", ");
  return placeholders.some((each) => each.startsWith("<secret:"))
    ? `${which}: secrets are never put back into a command.`
    : `${which}: what this stands for is not known on this host any more.`;
}
