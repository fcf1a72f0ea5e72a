/** What a language model is told, put together from `prompts/`: each file says a thing once. */
import contract from "../../prompts/contract.md" with { type: "text" };
import evidence from "../../prompts/evidence.md" with { type: "text" };
import fileIo from "../../prompts/guides/file_io.md" with { type: "text" };
import memory from "../../prompts/guides/memory.md" with { type: "text" };
import network from "../../prompts/guides/network.md" with { type: "text" };
import performance from "../../prompts/guides/performance.md" with { type: "text" };
import process from "../../prompts/guides/process.md" with { type: "text" };
import probes from "../../prompts/probes.md" with { type: "text" };
import results from "../../prompts/results.md" with { type: "text" };
import role from "../../prompts/role.md" with { type: "text" };
import tools from "../../prompts/tools.md" with { type: "text" };

/** How replies and results look: part of the first user message, for a gateway's own template may replace the system's. */
export const CONTRACT: string = contract.trim();

const GUIDES = ["# What to trace", network, process, fileIo, performance, memory];

interface Part {
  readonly text: string;
  /** What is left out first where room is short has the highest. */
  readonly rank: number;
}

/** In the order in which they are read. */
const PARTS: readonly Part[] = [
  { text: role, rank: 0 },
  { text: GUIDES.map((guide) => guide.trim()).join("\n\n"), rank: 3 },
  { text: tools, rank: 5 },
  { text: probes, rank: 4 },
  { text: results, rank: 2 },
  { text: evidence, rank: 1 },
].map(({ text, rank }) => ({ text: text.trim(), rank }));

/** Every word of ours that a model is told, but for what is said of a host. */
export const OWN_TEXT: string = [CONTRACT, ...PARTS.map(({ text }) => text)].join("\n");

/**
 * The system message: the model's part, what to trace for which kind of problem, how to read results, what counts as
 * evidence. Whole parts are left out where they do not fit, the least needed first; the model's part is always there.
 *
 * @param max_tokens bound on its size, as {@link tokensOf} counts; none by default
 */
export function systemPrompt(max_tokens = Infinity): string {
  let room = max_tokens;
  const kept = new Set<Part>();
  for (const part of PARTS.toSorted((a, b) => a.rank - b.rank)) {
    room -= tokensOf(part.text);
    if (room < 0 && part.rank > 0) break;
    kept.add(part);
  }
  return PARTS.filter((part) => kept.has(part)).map(({ text }) => text).join("\n\n");
}

/** Of English and JSON, about. */
export const BYTES_PER_PROMPT_TOKEN = 4;

/** About how many tokens a text takes: models differ, four bytes of UTF-8 each is what English and JSON come to. */
export function tokensOf(text: string): number {
  return Math.ceil(new TextEncoder().encode(text).length / BYTES_PER_PROMPT_TOKEN);
}
