/** What an AI may send: a diagnostic reply (phase 1) or a resolution (phase 2). */
import * as z from "zod";
import { MAX_CAPTURES } from "./limits.ts";

/** Seconds that a program may trace, in a reply of the AI; 15 when it does not say. */
export const DURATION_S = { min: 1, max: 300, default: 15 } as const;

const again = z.boolean().optional().describe(
  "true: a fresh look is wanted; without it, what was asked before is answered from what is known",
);

export const commandRequest = z.looseObject({
  id: z.string().min(1).describe("unique in the reply; names the result"),
  command: z.string().min(1).describe("one shell command line that only reads"),
  description: z.string().optional().describe("what it is meant to show"),
  again,
}).describe("a shell command to run");

export const STREAMS = ["stdout", "stderr"] as const;

export const outputSlice = z.looseObject({
  id: z.string().min(1).describe("output: and the id of a command result: output:net_status"),
  lines: z.string().min(1).describe("of the output as it was kept: 200-260, 200- or 17; at most 2000"),
  stream: z.enum(STREAMS).optional().describe("stdout where it is left out"),
}).describe("a part of an output that was captured before and not sent whole; nothing is run");

export const filters = z.looseObject({
  comm: z.string().optional().describe("process name (kernel comm, 15 bytes at most): exact, or a prefix ending in *"),
  pid: z.int().positive().optional().describe("process id (tgid)"),
  tid: z.int().positive().optional().describe("thread id"),
  uid: z.int().nonnegative().optional().describe("real user id"),
}).describe("applied in the kernel; a hit must match all of them");

export const PROBE_TYPES = [
  "tracepoint",
  "kprobe",
  "kretprobe",
  "fentry",
  "fexit",
  "raw_tracepoint",
  "uprobe",
  "uretprobe",
  "profile",
  "tool",
] as const;

export const ebpfProgram = z.looseObject({
  name: z.string().min(1).describe("names the result, with the start time appended"),
  type: z.enum(PROBE_TYPES).describe("kind of probe"),
  target: z.string().min(1).describe(
    "what to probe: syscalls/sys_enter_connect or sched/sched_process_exit (tracepoint), tcp_connect (functions of the " +
      "kernel), libc:getaddrinfo, /usr/sbin/nginx:main or <pid>:symbol (functions of programs and libraries)",
  ),
  duration: z.number().min(DURATION_S.min).max(DURATION_S.max).default(DURATION_S.default).describe("seconds to trace"),
  filters: filters.optional(),
  // neither lengths nor an enum: what this version cannot do is refused in the program's result, and the others run
  capture: z.array(z.string()).optional().describe(
    `fields to read beside the arguments, at most ${MAX_CAPTURES}: sk.__sk_common.skc_dport:be16, ret, arg0:str; of a ` +
      "tracepoint the fields to show",
  ),
  aggregate: z.string().optional().describe(
    "numbers instead of events: count (who, how often) or latency (a histogram of every call, counted in the kernel)",
  ),
  description: z.string().optional().describe("what it is meant to show"),
  again,
}).describe("an eBPF program to run");

const ENTRY = 'it must have "id" and "command", or "id" and "lines" for a part of an output';

export const diagnosticReply = z.looseObject({
  response_type: z.literal("diagnostic"),
  reasoning: z.string().default("").describe("why these questions"),
  commands: z.array(z.union([commandRequest, outputSlice], ENTRY)).default([]),
  ebpf_programs: z.array(ebpfProgram).default([]),
}).describe("phase 1: what to run on the host; programs start first and trace while the commands run");

export const CONFIDENCE = ["High", "Medium", "Low"] as const;

export const finding = z.looseObject({
  claim: z.string().min(1),
  evidence: z.array(z.string()).describe("ids of commands, or keys of ebpf_results, that show it"),
});

export const resolutionReply = z.looseObject({
  response_type: z.literal("resolution"),
  root_cause: z.string().min(1).describe(
    "the cause; or that the host is healthy, or that the evidence is insufficient",
  ),
  resolution_plan: z.union([z.string(), z.array(z.string()).transform((steps) => steps.join("\n")).pipe(z.string())])
    .describe("what the operator should do, step by step"),
  confidence: z.enum(CONFIDENCE),
  ebpf_evidence: z.union([z.string(), z.array(z.string()).transform((lines) => lines.join("\n")).pipe(z.string())])
    .default("")
    .describe("what the captured kernel events show"),
  findings: z.array(finding).optional().describe("each claim with the evidence it stands on"),
}).describe("phase 2: the answer");

export const reply = z.discriminatedUnion("response_type", [diagnosticReply, resolutionReply]);

export type CommandRequest = z.infer<typeof commandRequest>;
export type OutputSlice = z.infer<typeof outputSlice>;

/** Whether an entry of `commands` asks for a part of an output instead of a command. */
export function isSlice(entry: CommandRequest | OutputSlice): entry is OutputSlice {
  return typeof entry["command"] !== "string" || entry["command"] === "";
}
export type Filters = z.infer<typeof filters>;
export type ProbeType = (typeof PROBE_TYPES)[number];
export type EbpfProgram = z.infer<typeof ebpfProgram>;
export type DiagnosticReply = z.infer<typeof diagnosticReply>;
export type Finding = z.infer<typeof finding>;
export type ResolutionReply = z.infer<typeof resolutionReply>;
export type Reply = z.infer<typeof reply>;
