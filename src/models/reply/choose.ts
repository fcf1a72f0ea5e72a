/** One reply out of several in the same text. */
import { type Reply, stringify } from "../../protocol/mod.ts";

/** A candidate that was read: a reply, or what is wrong with it. */
export type Outcome =
  | { readonly reply: Reply; readonly notes: readonly string[]; readonly cut: boolean; readonly lead: string }
  | { readonly problem: string };

export type Chosen =
  | { readonly reply: Reply; readonly notes: readonly string[] }
  | { readonly problem: string };

type Usable = Extract<Outcome, { readonly reply: Reply }>;

/** Words before an object that take back what was said before. */
const FINAL = /\b(?:final|finally|corrected|correction|revised|updated|improved|fixed|instead|actually|wait)\b/i;

/**
 * Chooses where that is sensible: the same object again counts once, a last one that is called final, or that holds all
 * of the earlier ones, stands for them, and one that is usable stands for those that are not.
 */
export function choose(outcomes: readonly Outcome[]): Chosen {
  const readable = outcomes.filter((outcome): outcome is Usable => "reply" in outcome);
  const whole = readable.filter(({ cut }) => !cut);
  const usable = distinct(whole.length > 0 ? whole : readable);
  const last = usable.at(-1);
  if (last === undefined) {
    // The last of several is the one that the model meant.
    return { problem: outcomes.map((outcome) => "problem" in outcome ? outcome.problem : "").at(-1) ?? NO_OBJECT };
  }
  const { reply, notes } = last;
  if (usable.length === 1) return { reply, notes: [...notes, ...countNote(outcomes, last)] };
  const earlier = usable.slice(0, -1);
  const is_one_kind = earlier.every((other) => other.reply.response_type === reply.response_type);
  if (is_one_kind && !last.cut && (FINAL.test(last.lead) || earlier.every((other) => covers(reply, other.reply)))) {
    return {
      reply,
      notes: [...notes, `The reply held ${usable.length} JSON objects; the last one was taken, the earlier as drafts.`],
    };
  }
  return { problem: severalProblem(usable, is_one_kind) };
}

export const NO_OBJECT = "The reply holds no JSON object of the contract.";

function distinct(outcomes: readonly Usable[]): readonly Usable[] {
  const by_reply = new Map<string, Usable>();
  for (const outcome of outcomes) {
    const key = stringify(outcome.reply);
    if (!by_reply.has(key)) by_reply.set(key, outcome);
  }
  return [...by_reply.values()];
}

function countNote(outcomes: readonly Outcome[], taken: Usable): readonly string[] {
  const unusable = outcomes.filter((outcome) => "problem" in outcome || outcome.cut !== taken.cut).length;
  const same = outcomes.length - unusable - 1;
  return [
    ...(same > 0 ? [`The reply held the same JSON object ${same + 1} times; it counts once.`] : []),
    ...(unusable > 0
      ? ["The reply held other JSON objects, which are not whole or break the contract; the usable one was taken."]
      : []),
  ];
}

/** Whether a diagnostic asks for all that another one asks for. */
function covers(reply: Reply, other: Reply): boolean {
  if (reply.response_type !== "diagnostic" || other.response_type !== "diagnostic") return false;
  const all = new Set(requestsOf(reply));
  return requestsOf(other).every((request) => all.has(request));
}

function requestsOf(reply: Extract<Reply, { response_type: "diagnostic" }>): readonly string[] {
  return [
    ...reply.commands.map((entry) => stringify(["command", entry["command"], entry["lines"]])),
    ...reply.ebpf_programs.map(({ type, target, filters }) => stringify([type, target, filters])),
  ];
}

function severalProblem(usable: readonly Usable[], is_one_kind: boolean): string {
  const counted = `The reply holds ${usable.length} different JSON objects; exactly one is wanted.`;
  return is_one_kind
    ? `${counted} Put everything into one object.`
    : `${counted} Ask in a diagnostic reply, or conclude in a resolution: results come only after your reply.`;
}
