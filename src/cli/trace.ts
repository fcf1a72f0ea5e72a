/** `ktriage trace`: what an AI could ask for, by hand. */
import { openTracefs } from "../kernel/tracefs.ts";
import { Collector } from "../probes/collector.ts";
import type { ProgramFilters } from "../probes/config.ts";
import { endOf } from "../probes/end_of.ts";
import { explainFailure } from "../probes/failure.ts";
import { DEFAULT_RATE_PER_S } from "../probes/mod.ts";
import { type Plan, planProgram } from "../probes/plan.ts";
import type { Program } from "../probes/program.ts";
import { Session } from "../probes/session.ts";
import { stringify } from "../protocol/json.ts";
import type { TraceEvent } from "../protocol/result.ts";
import { eventJson, eventText } from "../report/event.ts";
import { harmless } from "../report/layout.ts";
import type { Options } from "./arguments.ts";
import { CliError, UsageError } from "./errors.ts";
import { Interrupt } from "./interrupt.ts";
import { EXIT, type Invocation } from "./subcommand.ts";
import type { Writer } from "./writer.ts";

const DEFAULT_DURATION_S = 15;
const MAX_DURATION_S = 86_400;
const MAX_ID = 0xffff_ffff;
/** Lines are written in pieces of this size, or when the reader pauses. */
const FLUSH_CHARS = 64 << 10;

/** Traces one tracepoint until its duration is over, Ctrl-C, or nobody reads any more. */
export async function trace({ positionals, options, writer }: Invocation): Promise<number> {
  const [target, ...rest] = positionals;
  if (target === undefined || rest.length > 0) {
    throw new UsageError(
      "Cannot trace: exactly one tracepoint is needed.",
      "Try: ktriage trace syscalls/sys_enter_connect",
    );
  }
  const duration_s = options.number("duration", { min: 0.1, max: MAX_DURATION_S }) ?? DEFAULT_DURATION_S;
  const rate_per_s = options.integer("rate", { min: 0, max: 10_000_000 }) ?? DEFAULT_RATE_PER_S;
  const filters = filtersOf(options);
  using interrupt = new Interrupt();
  using resources = new DisposableStack();
  const { session, plan } = await prepare(target, resources);
  const lines = new Lines(writer, options.has("json") ? eventJson : eventText);
  const collector = new Collector({ max_events: 0 });
  const on_event = (event: TraceEvent): void => {
    collector.add(event);
    lines.add(event);
  };
  const start_time = session.now();
  const program = start(() => session.start(plan, { filters, rate_per_s, on_event }), target);
  if (plan.attached_as !== undefined) writer.note(plan.attached_as);
  writer.note(`Tracing ${plan.event} for ${duration_s} s; Ctrl-C ends it.`);
  await endOf(duration_s, [interrupt.signal, writer.closed, lines.failed]);
  await session.end(program);
  const duration_ns = session.now() - start_time;
  lines.flush();
  if (lines.failed.aborted) throw new CliError(`Cannot write the events: ${lines.failed.reason}.`);
  report(program, { collector, duration_ns, json: options.has("json"), target, writer });
  return EXIT.done;
}

function filtersOf(options: Options): ProgramFilters {
  return {
    comm: options.text("comm"),
    pid: options.integer("pid", { min: 1, max: MAX_ID }),
    tid: options.integer("tid", { min: 1, max: MAX_ID }),
    uid: options.integer("uid", { min: 0, max: MAX_ID }),
  };
}

async function prepare(target: string, resources: DisposableStack): Promise<{ session: Session; plan: Plan }> {
  try {
    const tracefs = resources.use(openTracefs());
    const plan = planProgram({ type: "tracepoint", target }, tracefs);
    if ("error" in plan) throw new CliError(plan.error, plan.hint);
    return { plan, session: resources.use(await Session.open(tracefs)) };
  } catch (error) {
    throw asCliError("start tracing", error);
  }
}

function start(attach: () => Program, target: string): Program {
  try {
    return attach();
  } catch (error) {
    throw asCliError(`attach tracepoint ${target}`, error);
  }
}

function asCliError(what: string, error: unknown): CliError {
  if (error instanceof CliError) return error;
  const { error: message, hint } = explainFailure(what, error);
  return new CliError(message, hint);
}

interface Reported {
  readonly collector: Collector;
  readonly duration_ns: bigint;
  readonly json: boolean;
  readonly target: string;
  readonly writer: Writer;
}

/** The last line of the stream with `--json`; a few sentences otherwise. */
function report(program: Program, { collector, duration_ns, json, target, writer }: Reported): void {
  const { events: _, sampled: __, ...result } = collector.result(program, { duration_ns });
  const sampled = program.counts.suppressed > 0;
  if (json) writer.out(`${stringify({ schema: "ktriage.trace/1", target, ...result, sampled })}\n`);
  else writer.out(`${harmless(result.summary)}\n`);
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
