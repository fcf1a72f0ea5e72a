/** The text that a language model gives becomes a reply of the contract, or a complaint that the model can act upon. */
import { type Reply, reply as replySchema } from "../../protocol/mod.ts";
import { choose, NO_OBJECT, type Outcome } from "./choose.ts";
import type { Context } from "./context.ts";
import { mendDiagnostic } from "./diagnostic.ts";
import { type Candidate, Finder } from "./find.ts";
import { declarationOf, type Kind, kindOf } from "./kind.ts";
import type { Fields } from "./names.ts";
import { Notes, quoted } from "./notes.ts";
import { problemOf } from "./problem.ts";
import { mendResolution } from "./resolution.ts";
import { sight } from "./sight.ts";

export type ReadReply =
  | {
    readonly ok: true;
    readonly reply: Reply;
    /** What was mended, or brought into its bounds: sentences for the model and for people. */
    readonly notes: readonly string[];
  }
  /** What is wrong with it, in words for the model. */
  | { readonly ok: false; readonly problem: string };

/** Replies of one text that are looked at; more of them are a model that does not find an end. */
const MAX_CANDIDATES = 16;

/**
 * Reads a reply from what a model sent: with prose, fences and thinking around it, in JSON with the usual faults, cut
 * off, wrapped, or with values of another type. What is mended is said in the notes. Nothing is made up: every command
 * and every target stands in the text as it is.
 */
export function readReply(text: string | null): ReadReply {
  if (text === null || text.trim() === "") return { ok: false, problem: "The reply has no content." };
  const finder = new Finder();
  const { candidates, notes } = sight(text, finder);
  if (candidates.length === 0) return { ok: false, problem: withoutReply(text) };
  if (candidates.length > MAX_CANDIDATES) return { ok: false, problem: tooMany(candidates.length) };
  const chosen = choose(candidates.map((candidate) => readCandidate(candidate, finder)));
  if ("problem" in chosen) return { ok: false, problem: chosen.problem };
  return { ok: true, reply: chosen.reply, notes: [...notes, ...chosen.notes] };
}

function withoutReply(text: string): string {
  if (!text.includes("{")) return `${NO_OBJECT} Reply with one JSON object and no other text.`;
  return `${NO_OBJECT} It must hold response_type, and the fields that go with it.`;
}

function tooMany(count: number): string {
  return `The reply holds ${count} JSON objects; exactly one is wanted. Put everything into one object.`;
}

function readCandidate({ object, cut, mends, wrapped, lead }: Candidate, { partial }: Finder): Outcome {
  const notes = new Notes();
  if (mends.size > 0) notes.add(`the JSON was mended: ${[...mends].join(", ")}`);
  if (wrapped) notes.add("the reply was taken out of what was wrapped around it");
  const context: Context = { notes, partial, cut };
  const kind = kindOf(object);
  if (kind === undefined) return { problem: unclearKind(object) };
  const mend = kind === "diagnostic" ? mendDiagnostic : mendResolution;
  const mended = mend(declared(object, kind, context), context);
  if ("problem" in mended) return mended;
  if (partial.has(object)) notes.add(`the reply ${cut ? "was cut off" : "is damaged"}; what was whole of it was taken`);
  const read = replySchema.safeParse(mended.fields);
  if (!read.success) return { problem: problemOf(read.error) };
  return { reply: read.data, notes: notes.sentences(), cut, lead };
}

/** The object with its kind where the contract wants it. */
function declared(object: Fields, kind: Kind, { notes, partial }: Context): Fields {
  if (object["response_type"] === kind) return object;
  const name = declarationOf(object);
  const { [name ?? "response_type"]: word, ...others } = object;
  const given = word === undefined || word === null ? "missing" : `given as ${quoted(word)}`;
  notes.add(`${given}; what the reply says and holds makes it a ${kind}`, "response_type");
  const fields = { response_type: kind, ...others };
  if (partial.has(object)) partial.add(fields);
  return fields;
}

function unclearKind(object: Fields): string {
  const name = declarationOf(object);
  const given = name === undefined ? "is missing" : `cannot be ${quoted(object[name])}`;
  return `The reply does not follow the contract:\n- response_type: ${given}; "diagnostic" with commands and ` +
    'ebpf_programs, or "resolution" with root_cause, resolution_plan and confidence, is wanted';
}
