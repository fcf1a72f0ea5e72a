import assert from "node:assert/strict";
import { readReply } from "../../../src/models/reply/mod.ts";
import { parse, type Reply, reply, stringify } from "../../../src/protocol/mod.ts";
import { type Random, randomFrom } from "./random.ts";
import { recordedReplies } from "./recorded.ts";
import { saidIn } from "./said_in.ts";

const CORRUPTIONS = 100_000;

/** Good replies, of both kinds and in several dresses. */
const GOOD = [
  "fenced_json",
  "fenced_without_language",
  "kind_missing_diagnostic",
  "slice_of_output",
  "tool_calls",
  "comments",
];

/** What models put where it does not belong. */
const JUNK = [
  ...[
    '"',
    "'",
    "`",
    "{",
    "}",
    "[",
    "]",
    ",",
    ":",
    "\\",
    "\n",
    "//",
    "/*",
    "*/",
    "#",
    "“",
    "”",
    "\0",
    "\ud800",
    "\ufeff",
  ],
  ...'``` ```json null NaN ... … <think> </think> \\" \\u00 \\n true 1e999 -0 undefined __proto__ {} [] [[ }} ","'
    .split(" "),
  ...['"command":"rm -rf /"', '{"response_type":"diagnostic"}', '"commands":', " + ", '"""', '"id":'],
];

type Corrupt = (text: string, random: Random) => string;

const part = (text: string, random: Random): { start: number; end: number } => {
  const start = random.below(text.length + 1);
  return { start, end: Math.min(start + random.below(random.of([2, 8, 40, 400])), text.length) };
};

const CORRUPTIONS_OF_A_TEXT: Readonly<Record<string, Corrupt>> = {
  deleted(text, random) {
    const { start, end } = part(text, random);
    return text.slice(0, start) + text.slice(end);
  },
  inserted(text, random) {
    const { start } = part(text, random);
    return text.slice(0, start) + random.of(JUNK) + text.slice(start);
  },
  replaced(text, random) {
    const { start, end } = part(text, random);
    return text.slice(0, start) + random.of(JUNK) + text.slice(end);
  },
  truncated: (text, random) => text.slice(0, random.below(text.length + 1)),
  beheaded: (text, random) => text.slice(random.below(Math.min(text.length, 60) + 1)),
  swapped(text, random) {
    const [a, b] = [part(text, random), part(text, random)].sort((x, y) => x.start - y.start);
    const second = Math.max(a!.end, b!.start);
    const end = Math.max(second, b!.end);
    return text.slice(0, a!.start) + text.slice(second, end) + text.slice(a!.end, second) +
      text.slice(a!.start, a!.end) + text.slice(end);
  },
  duplicated(text, random) {
    const { start, end } = part(text, random);
    return text.slice(0, end) + text.slice(start, end) + text.slice(end);
  },
  encoded(text, random) {
    return random.of([
      (): string => JSON.stringify(text),
      (): string => JSON.stringify(text).slice(1, -1),
      (): string => new TextDecoder("latin1").decode(new TextEncoder().encode(text)),
      (): string => [...text].join("\0"),
      (): string => text.replaceAll('"', "&quot;"),
      (): string => text.replaceAll("\\n", "\n"),
      (): string => text.replaceAll("\\", ""),
      (): string => text.replaceAll('"', random.of(["'", "“", "`"])),
    ])();
  },
  repeated: (text, random) => text + random.of(["", "\n", ",", "\nFinal:\n"]) + text,
};

function corrupted(text: string, random: Random): string {
  let result = text;
  for (let times = 1 + random.below(3); times > 0; times--) {
    result = random.of(Object.values(CORRUPTIONS_OF_A_TEXT))(result, random);
  }
  return result;
}

Deno.test(`readReply() survives ${CORRUPTIONS} corruptions of good replies, and makes nothing up`, () => {
  const random = randomFrom(20_260_611);
  const good = recordedReplies().filter(({ kind }) => GOOD.includes(kind)).map(({ text }) => text);
  assert.equal(good.length, GOOD.length);
  const counts = { usable: 0, mended: 0, refused: 0 };
  for (let i = 0; i < CORRUPTIONS; i++) {
    const text = corrupted(random.of(good), random);
    try {
      const read = readReply(text);
      if (!read.ok) {
        assert.ok(read.problem.length > 20 && read.problem.length < 3000, read.problem);
      } else {
        assertSaid(text, read.reply);
        // That the schema holds is a matter of types, not of texts: every tenth is enough.
        if (i % 10 === 0) assert.deepEqual(parse(stringify(reply.parse(read.reply))), parse(stringify(read.reply)));
      }
      counts[!read.ok ? "refused" : read.notes.length > 0 ? "mended" : "usable"]++;
    } catch (error) {
      throw new Error(`corruption ${i}: ${JSON.stringify(text)}`, { cause: error });
    }
  }
  // The corruptions must be neither harmless nor hopeless, or nothing is shown by them.
  for (const count of Object.values(counts)) assert.ok(count > CORRUPTIONS / 20, JSON.stringify(counts));
});

/** Everything that would run stands in the text. */
function assertSaid(text: string, checked: Reply): void {
  if (checked.response_type !== "diagnostic") return;
  let said: ((part: string) => boolean) | undefined;
  const isSaid = (part: string): boolean => text.includes(part) || (said ??= saidIn(text))(part);
  for (const { command } of checked.commands) assert.ok(command === undefined || isSaid(String(command)), `${command}`);
  for (const { target, duration } of checked.ebpf_programs) {
    assert.ok(isSaid(target), target);
    assert.ok(duration >= 10 && duration <= 30, `${duration}`);
  }
}
