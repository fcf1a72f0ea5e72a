/** `ktriage tool`: curated tools, listed or run by hand. */
import { endOf } from "../probes/end_of.ts";
import { Ground } from "../probes/ground.ts";
import { allTools, toolNamed } from "../probes/tools/registry.ts";
import { startToolRequest } from "../probes/tools/request.ts";
import { refusedFilter } from "../probes/tools/run.ts";
import { stringify } from "../protocol/json.ts";
import type { ToolList, ToolRunDocument } from "../protocol/tool_run.ts";
import { eventText } from "../report/event.ts";
import { harmless, indent, wrap } from "../report/layout.ts";
import { readingText, toolListText } from "../report/tool.ts";
import { wordOf } from "./arguments.ts";
import { durationFrom } from "./duration.ts";
import { CliError, UsageError } from "./errors.ts";
import { Interrupt } from "./interrupt.ts";
import { EXIT, type Invocation } from "./subcommand.ts";
import type { Writer } from "./writer.ts";
import { TOOL_ACTIONS } from "./words.ts";

const DEFAULT_DURATION_MS = 10_000;
const DURATION = { min_ms: 100, max_ms: 86_400_000 };
const MAX_ID = 0xffff_ffff;
const MAX_EVENTS = 20;

/** `list` or `run NAME`. */
export function toolSubcommand(invocation: Invocation): Promise<number> {
  const [action, ...operands] = invocation.positionals;
  const rest = { ...invocation, positionals: operands };
  if (action === undefined) {
    throw new UsageError(
      `Cannot use tools: say what. There are ${TOOL_ACTIONS.join(" and ")}.`,
      "Try: ktriage tool list",
    );
  }
  return wordOf(action, TOOL_ACTIONS, `Cannot ${action} tools`) === "list" ? list(rest) : run(rest);
}

async function list({ positionals, options, writer }: Invocation): Promise<number> {
  if (positionals.length > 0) {
    throw new UsageError(`Cannot list "${positionals[0]}": tool list takes no operands.`, "Try: ktriage tool list");
  }
  const tools = await allTools();
  const document: ToolList = {
    schema: "ktriage.tools/1",
    tools: tools.map(({ name, summary, needs, filters, ways, in_snapshot }) => ({
      name,
      summary,
      needs,
      filters: [...filters],
      ways: ways.map(({ source }) => source),
      in_snapshot,
    })),
  };
  writer.out(options.has("json") ? `${stringify(document, 2)}\n` : toolListText(tools, writer.layout));
  return EXIT.done;
}

async function run({ positionals, options, writer }: Invocation): Promise<number> {
  const [name, ...rest] = positionals;
  if (name === undefined || rest.length > 0) {
    throw new UsageError("Cannot run: exactly one tool is needed.", "ktriage tool list shows them.");
  }
  const tool = await toolNamed(name);
  if ("error" in tool) throw new UsageError(tool.error, tool.hint);
  const duration_ms = durationFrom(options, "duration", DURATION) ?? DEFAULT_DURATION_MS;
  const filters = {
    comm: options.text("comm"),
    pid: options.integer("pid", { min: 1, max: MAX_ID }),
    tid: options.integer("tid", { min: 1, max: MAX_ID }),
    uid: options.integer("uid", { min: 0, max: MAX_ID }),
  };
  const refusal = refusedFilter(tool, filters);
  if (refusal !== undefined) throw new UsageError(refusal.error, refusal.hint);
  using interrupt = new Interrupt();
  using resources = new DisposableStack();
  const ground = await Ground.open({ btf_file: options.text("btf") });
  if (!("error" in ground)) resources.use(ground);
  const started = await startToolRequest(tool.name, { ground, filters, max_events: MAX_EVENTS });
  if ("error" in started) throw new CliError(started.error, started.hint);
  resources.use(started.disposable);
  const { attached_as, start_time } = started;
  if (attached_as !== undefined) writer.note(`By ${attached_as}.`);
  writer.note(`Counting ${tool.name} for ${duration_ms / 1000} s; Ctrl-C ends it.`);
  await endOf(duration_ms / 1000, [interrupt.signal, writer.closed]);
  const { reading, ...told } = await started.end();
  if (reading === undefined) throw new TypeError(`the tool ${tool.name} has no reading`);
  const document: ToolRunDocument = {
    schema: "ktriage.tool/1",
    tool: tool.name,
    ...(attached_as === undefined ? {} : { attached_as }),
    start_time,
    ...told,
    reading,
  };
  print(document, { json: options.has("json"), writer });
  return interrupt.exitCode(EXIT.done);
}

function print(document: ToolRunDocument, { json, writer }: { readonly json: boolean; readonly writer: Writer }): void {
  if (json) return writer.out(`${stringify(document, 2)}\n`);
  const { layout } = writer, { reading, events, summary } = document;
  const parts = [
    layout.paint("bold", wrap(harmless(summary), layout.width)),
    layout.paint("dim", indent(wrap(`By ${harmless(reading.source)}.`, layout.width - 2))),
    readingText(reading, layout),
    events.length === 0
      ? ""
      : [layout.paint("bold", "Examples"), ...events.map((event) => `  ${eventText(event)}`)].join("\n"),
  ];
  writer.out(`${parts.filter((part) => part !== "").join("\n\n")}\n`);
}
