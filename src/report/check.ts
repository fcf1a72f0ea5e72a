/** What a host allows, and how a gateway answers, as text for people. */
import type { Check, GatewayCheck, OwnBounds } from "../protocol/mod.ts";
import { count, harmless, wrap } from "./layout.ts";
import type { TextOptions } from "./paint.ts";

/** One thing that was looked at. */
interface Row {
  readonly id: string;
  readonly available: boolean;
  readonly detail: string;
  readonly instead?: string | undefined;
  readonly fix?: string | undefined;
}

/** What the host allows, a row for each capability. */
export function checkText({ host, ready, own_bounds }: Check, options: TextOptions): string {
  const { paint } = options;
  const where = host.container === undefined ? "" : `, in a container (${host.container})`;
  const verdict = ready
    ? paint("green", "Ready: eBPF programs can run here.")
    : paint("red", "Not ready: eBPF programs cannot run here; commands and /proc still tell much.");
  return `${harmless(host.hostname)}: ${harmless(host.os)}, kernel ${host.kernel}, ${host.architecture}${where}\n\n` +
    `${rowsText(host.capabilities, options)}\n\n${
      own_bounds === undefined ? "" : boundsText(own_bounds, options)
    }${verdict}\n`;
}

/** What the host may expect of ktriage. */
function boundsText(bounds: OwnBounds, { width }: TextOptions): string {
  const { nice, io_priority, oom_score_adj, heap_bytes, computing_threads } = bounds;
  const heap = heap_bytes === undefined
    ? "no bound on its heap"
    : `a heap of ${Math.ceil(heap_bytes / 2 ** 20)} MB at most`;
  const text = `ktriage itself runs with nice ${nice}, I/O priority ${io_priority}, OOM score ${oom_score_adj}, ` +
    `${
      count(computing_threads, "thread")
    } that can compute and ${heap}; --max-cpu bounds its share of a CPU while it traces.`;
  return `${wrap(text, width)}\n\n`;
}

/** How a gateway answered one question. */
export function gatewayCheckText(check: GatewayCheck, options: TextOptions): string {
  const { paint } = options;
  const kind = check.kind === "tensorzero" ? "TensorZero's /inference" : "OpenAI-compatible";
  const verdict = check.works
    ? paint("green", "Ready: this gateway can diagnose.")
    : paint("red", "Not ready: this gateway cannot diagnose.");
  const notes = check.notes.map((note) => `${wrap(harmless(note), options.width)}\n`).join("");
  return `${harmless(check.endpoint)} (${kind}): ${harmless(check.model)}\n\n${
    rowsText(gatewayRows(check), options)
  }\n\n` +
    `${notes}${notes === "" ? "" : "\n"}${verdict}\n`;
}

function gatewayRows(check: GatewayCheck): readonly Row[] {
  const { failure, structured_output, streaming } = check;
  return [
    failure === undefined
      ? { id: "answer", available: true, detail: answerText(check) }
      : { id: "answer", available: false, detail: failure.message, fix: failure.hint },
    ...(streaming === undefined ? [] : [
      streaming
        ? { id: "streaming", available: true, detail: "answers come in parts, so progress shows" }
        : { id: "streaming", available: false, detail: "answers come only whole", instead: "progress waits for them" },
    ]),
    ...(structured_output === undefined ? [] : [structuredRow(structured_output)]),
  ];
}

function answerText({ latency_ms, first_text_ms, answered_by, usage }: GatewayCheck): string {
  const seconds = (ms: number): string => `${(ms / 1000).toFixed(1)} s`;
  const first = first_text_ms === undefined ? "" : ` (its first words after ${seconds(first_text_ms)})`;
  const by = answered_by === undefined ? "" : `, by ${answered_by}`;
  const tokens = usage === undefined ? "" : `, ${usage.input_tokens} + ${usage.output_tokens} tokens`;
  return `a reply of the contract, in ${seconds(latency_ms)}${first}${by}${tokens}`;
}

function structuredRow(level: NonNullable<GatewayCheck["structured_output"]>): Row {
  const id = "structured";
  if (level === "schema") return { id, available: true, detail: "the gateway takes the contract's schema" };
  const detail = level === "json" ? "the gateway takes no schema, but replies in JSON" : "the gateway takes no schema";
  return {
    id,
    available: false,
    detail,
    instead: "replies are repaired and checked, and sent back when they are wrong",
  };
}

const ID_WIDTH = 16;
const MARGIN = 2 + 3 + 2 + ID_WIDTH + 2;

function rowsText(rows: readonly Row[], { width, paint }: TextOptions): string {
  return rows.map(({ id, available, detail, instead, fix }) => {
    const mark = available ? paint("green", "yes") : paint("red", "no ");
    const lines = [
      detail,
      ...(instead === undefined ? [] : [`instead: ${instead}`]),
      ...(fix === undefined ? [] : [`fix: ${fix}`]),
    ];
    const [first = "", ...below] = lines.flatMap((line) => wrap(harmless(line), width - MARGIN).split("\n"));
    return [`  ${mark}  ${id.padEnd(ID_WIDTH)}  ${first}`, ...below.map((line) => " ".repeat(MARGIN) + line)].join(
      "\n",
    );
  }).join("\n");
}
