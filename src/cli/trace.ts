/** `ktriage trace`: what an AI could ask for, by hand. */
import { type Attached, startProgram } from "../probes/attach.ts";
import { Collector } from "../probes/result/collector.ts";
import { endOf } from "../probes/end_of.ts";
import { Ground } from "../probes/ground.ts";
import { DEFAULT_RATE_PER_S } from "../probes/mod.ts";
import type { Refusal } from "../probes/plan/tracepoint.ts";
import { type ProgramRequest, understand } from "../probes/request.ts";
import { parseTarget } from "../probes/target.ts";
import { stringify } from "../protocol/json.ts";
import { AGGREGATES } from "../protocol/limits.ts";
import type { TraceEvent } from "../protocol/result.ts";
import { eventJson, eventText } from "../report/event.ts";
import { harmless } from "../report/layout.ts";
import type { Options } from "./arguments.ts";
import { CliError, UsageError } from "./errors.ts";
import { Interrupt } from "./interrupt.ts";
import { maxCpuFrom } from "./max_cpu.ts";
import { EXIT, type Invocation } from "./subcommand.ts";
import type { Writer } from "./writer.ts";

const DEFAULT_DURATION_S = 15;
const MAX_DURATION_S = 86_400;
const MAX_ID = 0xffff_ffff;
/** Lines are written in pieces of this size, or when the reader pauses. */
const FLUSH_CHARS = 64 << 10;

/** Traces one target until its duration is over, Ctrl-C, or nobody reads any more. */
export async function trace({ positionals, options, writer }: Invocation): Promise<number> {
  const [target, ...rest] = positionals;
  if (target === undefined || rest.length > 0) {
    throw new UsageError(
      "Cannot trace: exactly one target is needed.",
      "Try: ktriage trace syscalls/sys_enter_connect",
    );
  }
  const duration_s = options.number("duration", { min: 0.1, max: MAX_DURATION_S }) ?? DEFAULT_DURATION_S;
  const rate_per_s = options.integer("rate", { min: 0, max: 10_000_000 }) ?? DEFAULT_RATE_PER_S;
  const request = requestOf(target, options);
  const max_cpu_percent = maxCpuFrom(options, writer);
  using interrupt = new Interrupt();
  using ground = orThrow(await Ground.open({ btf_file: options.text("btf"), max_cpu_percent }));
  const { session } = ground;
  const lines = new Lines(writer, options.has("json") ? eventJson : eventText);
  const collector = new Collector({ max_events: 0, capture: request.capture });
  const on_event = (event: TraceEvent): void => {
    collector.add(event);
    lines.add(event);
  };
  const attached = orThrow(await startProgram(request, ground, { rate_per_s, on_event }));
  const { program, start_time, attached_as } = attached;
  if (attached_as !== undefined) writer.note(harmless(attached_as));
  writer.note(`Tracing ${program.plan.event} for ${duration_s} s; Ctrl-C ends it.`);
  await endOf(duration_s, [interrupt.signal, writer.closed, lines.failed]);
  await session.end(program);
  const duration_ns = session.now() - start_time;
  lines.flush();
  if (lines.failed.aborted) throw new CliError(`Cannot write the events: ${lines.failed.reason}.`);
  await report(attached, { collector, duration_ns, json: options.has("json"), target, writer });
  return interrupt.exitCode(EXIT.done);
}

function requestOf(target: string, options: Options): ProgramRequest {
  const aggregate = options.word("aggregate", AGGREGATES);
  const request: ProgramRequest = {
    ...parseTarget(target),
    filters: {
      comm: options.text("comm"),
      pid: options.integer("pid", { min: 1, max: MAX_ID }),
      tid: options.integer("tid", { min: 1, max: MAX_ID }),
      uid: options.integer("uid", { min: 0, max: MAX_ID }),
    },
    capture: [...options.texts("capture")],
    ...(aggregate === undefined ? {} : { aggregate }),
  };
  const wish = understand(request);
  if ("error" in wish) throw new UsageError(wish.error, wish.hint);
  return request;
}

function orThrow<T extends object>(outcome: T | Refusal): T {
  if ("error" in outcome) throw new CliError(outcome.error, outcome.hint);
  return outcome;
}

interface Reported {
  readonly collector: Collector;
  readonly duration_ns: bigint;
  readonly json: boolean;
  readonly target: string;
  readonly writer: Writer;
}

/** The last line of the stream with `--json`; otherwise a histogram, where one was asked for, and a few sentences. */
async function report(
  { program, attached_as }: Attached,
  { collector, duration_ns, json, target, writer }: Reported,
): Promise<void> {
  const { events: _, sampled: __, ...result } = collector.result(program, { duration_ns });
  const sampled = program.counts.suppressed > 0;
  if (json) return writer.out(`${stringify({ schema: "ktriage.trace/1", target, attached_as, ...result, sampled })}\n`);
  const histogram = result.aggregates?.latency?.histogram;
  if (histogram !== undefined) {
    const { histogramText } = await import("../report/histogram.ts");
    writer.out(`${histogramText(histogram, writer.layout)}\n`);
  }
  writer.out(`${harmless(result.summary)}\n`);
}

/** Events on their way to standard output, many a write. */
class Lines {
  #text = "";
  #flushing = false;
  readonly #failure = new AbortController();

  constructor(readonly writer: Writer, readonly format: (event: TraceEvent) => string) {}

  /** Aborted when standard output takes no more, a full disk for example; the reason says why. */
  get failed(): AbortSignal {
    return this.#failure.signal;
  }

  add(event: TraceEvent): void {
    if (this.failed.aborted) return;
    this.#text += `${this.format(event)}\n`;
    if (this.#text.length >= FLUSH_CHARS) this.flush();
    else if (!this.#flushing) {
      this.#flushing = true;
      queueMicrotask(() => this.flush()); // after the batch of events that this one came in
    }
  }

  flush(): void {
    this.#flushing = false;
    const text = this.#text;
    this.#text = "";
    if (text === "") return;
    try {
      this.writer.out(text);
    } catch (error) {
      // events come from the reader's timer, where nobody catches
      this.#failure.abort(error instanceof Error ? error.message : error);
    }
  }
}
