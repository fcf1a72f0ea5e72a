/** Where in a text the reply is: behind the thinking, in a string, without its first brace, or in loose pieces. */
import { type Candidate, Finder, type Found } from "./find.ts";
import { isCommand, isEntry } from "./kind.ts";
import type { Fields } from "./names.ts";

export interface Sighting {
  readonly candidates: readonly Candidate[];
  /** How it was found, where that was not plain. */
  readonly notes: readonly string[];
}

/** Marks of models and their gateways between thinking and answer. */
const END_OF_THINKING =
  /<\/(?:think|thinking|reasoning|thought|scratchpad|analysis)>|\[\/THINK\]|◁\/think▷|<\|END_THINKING\|>|<\|channel\|>final[^<]{0,40}<\|message\|>/gi;

/** JSON within a string, escaped: `{\"response_type\": …`. */
const ESCAPED_OBJECT = /\{(?:\\[nrt]|\s)*\\+["']/;

/** Finds what is meant as a reply. */
export function sight(text: string, finder: Finder): Sighting {
  const behind = behindThinking(text, finder);
  if (behind.length > 0) return { candidates: behind, notes: ["Thinking before the reply was left out."] };
  const found = finder.find(text);
  const candidates = finder.candidates(text, found);
  if (candidates.length > 0) return { candidates, notes: [] };
  const escaped = withinString(text, finder);
  if (escaped.length > 0) return { candidates: escaped, notes: ["The JSON was written as a string; it was read."] };
  const headless = withoutBrace(text, finder);
  if (headless.length > 0) return { candidates: headless, notes: ["The first brace was missing."] };
  const pieces = fromPieces(found, finder);
  return pieces === undefined
    ? { candidates: [], notes: [] }
    : { candidates: [pieces], notes: ["Commands and programs stood alone; they were read as a diagnostic reply."] };
}

/** The replies behind the last end of thinking; none where that mark stands within the reply itself. */
function behindThinking(text: string, finder: Finder): readonly Candidate[] {
  const mark = [...text.matchAll(END_OF_THINKING)].at(-1);
  return mark === undefined ? [] : finder.candidates(text.slice(mark.index + mark[0].length));
}

function withinString(text: string, finder: Finder): readonly Candidate[] {
  let level = text;
  for (let times = 0; times < 2 && ESCAPED_OBJECT.test(level); times++) {
    level = unescaped(level);
    const candidates = finder.candidates(level);
    if (candidates.length > 0) return candidates;
  }
  return [];
}

const WRITTEN: Readonly<Record<string, string>> = { n: "\n", r: "\r", t: "\t" };

function unescaped(text: string): string {
  return text.replaceAll(
    /\\(?:u([0-9a-f]{4})|(["'\\/nrt]))/gi,
    (_, hex: string | undefined, char: string) =>
      hex === undefined ? WRITTEN[char] ?? char : String.fromCharCode(Number.parseInt(hex, 16)),
  );
}

/** A gateway that begins the model's answer with a brace may forget to hand it on. */
function withoutBrace(text: string, finder: Finder): readonly Candidate[] {
  if (!/^\s*(?:```\w*\s*)?["'](?:response_type|reasoning|commands|root_cause)["']\s*:/.test(text)) return [];
  return finder.candidates(`{${text.replace(/^\s*```\w*/, "")}`);
}

/** Commands and programs one after the other, or in a list, without the reply around them. */
function fromPieces(found: readonly Found[], { partial }: Finder): Candidate | undefined {
  const entries: readonly Fields[] = found.flatMap(({ value }) => Array.isArray(value) ? value : [value]).filter(
    isEntry,
  );
  if (entries.length === 0) return undefined;
  const object = {
    response_type: "diagnostic",
    commands: entries.filter(isCommand),
    ebpf_programs: entries.filter((entry) => !isCommand(entry)),
  };
  const cut = found.some((each) => each.cut);
  if (cut) partial.add(object);
  return { object, cut, mends: new Set(found.flatMap(({ mends }) => [...mends])), wrapped: false, lead: "" };
}
