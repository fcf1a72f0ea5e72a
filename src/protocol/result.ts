/** What ktriage answers: results of commands and of eBPF programs. */
import * as z from "zod";
import { STREAMS } from "./request.ts";
import { toolReading } from "./tool.ts";

/** An integer of the kernel's: a Number while that is exact, a bigint beyond 2^53. */
export const integer = z.union([z.int(), z.bigint()]).meta({ type: "integer" });

const repeat_of = z.string().optional().describe(
  "it was asked for before and not run again: this is what the result of that id or key says",
);

export const commandResult = z.object({
  id: z.string(),
  command: z.string(),
  description: z.string().optional(),
  exit_code: z.int().nullable().describe("null: it did not run, or a signal ended it"),
  signal: z.string().optional().describe("the signal that ended it"),
  stdout: z.string(),
  stderr: z.string(),
  duration_ms: z.number(),
  timed_out: z.boolean().optional().describe("killed at the time limit, with everything it had started"),
  truncated: z.string().optional().describe("what was cut from the output, and where"),
  refused: z.object({
    rule: z.string().describe("stable id of the rule"),
    reason: z.string(),
    alternative: z.string().optional().describe("a line that only reads and tells the same"),
    piece: z.string().optional().describe("the part of the command that the rule is about"),
  }).optional().describe("it was not run, and why"),
  changed: z.object({ rule: z.string(), reason: z.string(), runs: z.string().describe("the line that ran") }).optional()
    .describe("a bound was added to the command"),
  approved: z.enum(["once", "always"]).optional().describe("the operator agreed: to this command, or to its rule"),
  sandbox: z.string().optional().describe("the layers that kept it from changing anything"),
  notes: z.array(z.string()).optional().describe("what the sandbox hid from the command, or left open"),
  slice: z.object({ of: z.string().describe("id of the command result"), stream: z.enum(STREAMS), lines: z.string() })
    .optional().describe("nothing was run: stdout has these lines of an earlier result's output"),
  repeat_of,
  error: z.string().optional().describe("it could not be run, and why"),
});

const hostProcess = z.literal(true).optional().describe(
  "ktriage runs in a container, and this process outside of it: its ids are the host's, not those of /proc here",
);

export const traceEvent = z.object({
  timestamp: integer.describe("nanoseconds since the epoch; of a paired system call: when it was entered"),
  process_id: z.int().describe("tgid"),
  host_process: hostProcess,
  process_name: z.string().describe("comm"),
  thread_id: z.int().optional(),
  user_id: z.int().optional(),
  event_type: z.string().describe("what fired, as <category>:<name>"),
  data: z.record(z.string(), z.unknown()).describe(
    "decoded fields; of a system call and of a function's return also ret, error, latency_ns, or pending",
  ),
});

export const processCount = z.object({
  process_id: z.int(),
  host_process: hostProcess,
  process_name: z.string(),
  count: z.int(),
});
export const valueCount = z.object({ value: z.string(), count: z.int() });

export const latencyBucket = z.object({ from_ns: z.int(), to_ns: z.int().describe("exclusive"), count: z.int() });

export const aggregates = z.object({
  by_process: z.array(processCount).describe("exact hits, counted in the kernel, most first"),
  by_key: z.object({ key: z.string(), counts: z.array(valueCount) }).optional()
    .describe("exact hits by a field of the record, counted in the kernel (system calls by name)"),
  by_field: z.record(z.string(), z.array(valueCount)).describe("most common values among the emitted events"),
  errors: z.array(valueCount).describe("errors by name among the emitted events"),
  latency: z.object({
    count: z.int(),
    mean_ns: z.number(),
    p50_ns: z.number(),
    p99_ns: z.number(),
    max_ns: z.number(),
    histogram: z.array(latencyBucket).optional()
      .describe("every call, counted in the kernel; the other figures then come from it and are right within 13%"),
  }).optional().describe("of the emitted, finished calls; with a histogram of all finished calls"),
});

export const ebpfResult = z.object({
  program_name: z.string(),
  type: z.string(),
  target: z.string(),
  attached_as: z.string().optional().describe(
    "what it was really attached to, and why when that is not what was asked for",
  ),
  start_time: integer.describe("nanoseconds since the epoch"),
  end_time: integer.describe("nanoseconds since the epoch"),
  event_count: z.int().describe("exact number of hits, counted in the kernel"),
  lost_events: z.int().describe("hits that should have been emitted and could not be"),
  missed_hits: z.int().optional().describe(
    "times the kernel skipped the program: nested on the same CPU, or more calls under way than it keeps; not counted",
  ),
  pending_calls: z.int().optional().describe(
    "calls of the function that were under way when tracing ended; as they have not returned, not in event_count",
  ),
  unseen_returns: z.int().optional().describe(
    "calls of the function that are over without a return that the kernel showed: left by exit or longjmp, or " +
      "deeper in each other than it follows (64 in a program); not in event_count",
  ),
  sampled: z.boolean().describe("true: events holds only a part of event_count hits, bounded by the rate limit"),
  events: z.array(traceEvent),
  events_omitted: z.int().optional().describe(
    "emitted events left out here, from the middle, to keep the document small",
  ),
  aggregates: aggregates.optional(),
  reading: toolReading.optional().describe("what a curated tool counted (type tool)"),
  summary: z.string(),
  repeat_of,
  error: z.string().optional(),
  hint: z.string().optional(),
});

/** Results of one turn by key `<name>_<unix start>`. */
export const ebpfResults = z.record(z.string(), ebpfResult);

export const results = z.object({
  schema: z.literal("ktriage.results/1"),
  command_results: z.array(commandResult),
  ebpf_results: ebpfResults,
  notes: z.array(z.string()).optional().describe("what was cut to fit, and what the reader must know"),
  rounds_left: z.int().optional().describe("answers that the AI may still give; at 1 it must be a resolution"),
}).describe("what goes back to the AI, and what `ktriage run` prints");

export type CommandResult = z.infer<typeof commandResult>;
export type TraceEvent = z.infer<typeof traceEvent>;
export type ValueCount = z.infer<typeof valueCount>;
export type LatencyBucket = z.infer<typeof latencyBucket>;
export type Aggregates = z.infer<typeof aggregates>;
export type EbpfResult = z.infer<typeof ebpfResult>;
export type EbpfResults = z.infer<typeof ebpfResults>;
export type Results = z.infer<typeof results>;
