/** What a resolution says, sentence by sentence. */
import type { ResolutionReply } from "../../protocol/mod.ts";
import type { Captured, Statement } from "./claim.ts";

/** Good answers: there is no cause that could be shown. */
const NO_CAUSE =
  /^\W*(?:the host is |host is |everything is |all is )?(?:healthy|insufficient evidence)\b|\binsufficient evidence\b|\bthe evidence is (?:insufficient|not enough)\b|\b(?:host|system) is healthy\b/i;

/** The findings, then the sentences of the other two that say something new. */
export function statementsOf(
  { findings = [], root_cause, ebpf_evidence }: ResolutionReply,
  captured: Captured,
): readonly Statement[] {
  return [
    ...findings.map(({ claim, evidence }): Statement => ({ claim, evidence, part: "finding" })),
    ...(NO_CAUSE.test(root_cause) ? [] : sentencesOf(root_cause)).map((claim): Statement => ({
      claim,
      evidence: [],
      part: "root_cause",
    })),
    ...sentencesOf(ebpf_evidence).map((claim): Statement => ({
      claim,
      evidence: idsIn(claim, captured),
      part: "ebpf_evidence",
    })),
  ];
}

/** A line is several sentences, but for one that begins with an id: its sentences are about that result. */
export function sentencesOf(text: string): readonly string[] {
  return text.split("\n").flatMap((line) =>
    /^\W*[\w.-]+: /.test(line) ? [line] : line.split(/(?<=[.!?;])\s+(?=[\p{Lu}\d`"<])/u)
  )
    .map((sentence) => sentence.trim()).filter((sentence) => /[\p{L}\d]/u.test(sentence));
}

/** Results that a sentence names: keys wherever they stand, names of programs and commands before a colon. */
function idsIn(sentence: string, { vocabulary: { ids } }: Captured): readonly string[] {
  return [...ids].filter((id) =>
    new RegExp(`(?<!\\w)${RegExp.escape(id)}${/_\d+$/.test(id) ? "(?!\\w)" : "(?=\\W{0,2}: |`|\\))"}`).test(sentence)
  );
}
