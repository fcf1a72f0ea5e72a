/** Recorded kinds of misbehaviour: what models sent, and what is to become of it. */
import type { ReadReply } from "../../../src/models/reply/mod.ts";

const FOLDER = new URL("../../data/replies/", import.meta.url);

export interface RecordedReply {
  readonly kind: string;
  readonly text: string;
  /** What reading it gives; notes and problems word by word, for people read them. */
  readonly expected: ReadReply;
}

export function recordedReplies(): readonly RecordedReply[] {
  const kinds = [...Deno.readDirSync(FOLDER)].map(({ name }) => name)
    .filter((name) => name.endsWith(".txt")).map((name) => name.slice(0, -".txt".length)).sort();
  return kinds.map((kind) => ({
    kind,
    text: Deno.readTextFileSync(new URL(`${kind}.txt`, FOLDER)),
    expected: JSON.parse(Deno.readTextFileSync(new URL(`${kind}.expected.json`, FOLDER))),
  }));
}
