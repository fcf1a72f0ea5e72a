/** What `ktriage probes` prints: what can be probed here, and what a request would be attached to. */
import * as z from "zod";
import { PROBE_TYPES } from "./request.ts";
import { integer } from "./result.ts";

export const probeArgument = z.object({ name: z.string(), type: z.string().describe("as C writes it") });

export const listedProbe = z.object({
  type: z.enum(PROBE_TYPES),
  target: z.string().describe("as a request names it: tcp_connect, sock:inet_sock_set_state, libc:malloc"),
  arguments: z.array(probeArgument).optional().describe("absent where this kernel does not tell"),
  returns: z.string().optional().describe(
    "C type of what a function returns; absent for void and for what does not return",
  ),
});

export const probes = z.object({
  schema: z.literal("ktriage.probes/1"),
  pattern: z.string(),
  probes: z.array(listedProbe),
}).describe("what can be probed here: `ktriage probes list --json`");

const verdict = z.union([
  z.object({ may: z.literal(true) }),
  z.object({ may: z.literal(false), why: z.string() }),
]);

/** Which function of this kernel a request means. */
const resolution = z.discriminatedUnion("kind", [
  z.object({
    kind: z.literal("function"),
    asked: z.string(),
    name: z.string().describe("as kallsyms has it, with a compiler's suffix"),
    base_name: z.string().describe("without the suffix"),
    address: integer.optional().describe("absent where the kernel hides addresses"),
    module: z.string().optional(),
    note: z.string().optional().describe("why it is not what was asked for, and what else to know"),
    fentry: verdict,
    kprobe: verdict,
  }),
  z.object({
    kind: z.literal("syscall"),
    asked: z.string(),
    call: z.string().describe("the system call behind the function"),
    note: z.string(),
  }),
  z.object({
    kind: z.enum(["unknown", "pattern"]),
    asked: z.string(),
    name: z.string(),
    error: z.string(),
    hint: z.string(),
  }),
]);

export const step = z.object({
  kind: z.string().describe("of attachment: fentry, kprobe, tracepoint, …"),
  outcome: z.enum(["taken", "refused", "spare", "untried"]).describe(
    "spare: not needed, for one before it was taken; untried: this user may not try",
  ),
  event: z.string().optional().describe("what it attaches to; a way that is closed from the start has none"),
  why: z.string().optional().describe("why it was refused, or what differs from what was asked for"),
}).describe("one way, in the order in which a request goes through them");

export const resolved = z.object({
  schema: z.literal("ktriage.resolved/1"),
  asked: z.string().describe("for example kprobe:do_fork"),
  resolution: resolution.optional().describe("of a request for a function of the kernel"),
  signature: z.string().optional().describe("as C declares the function: int tcp_connect(struct sock *sk)"),
  steps: z.array(step),
  event: z.string().optional().describe("of the step that was taken"),
  attached_as: z.string().optional().describe("absent where it is exactly what was asked for"),
  error: z.string().optional().describe("why no step can be taken"),
  hint: z.string().optional(),
}).describe("how a request for one program ends here: `ktriage probes resolve --json`");

export type ListedProbe = z.infer<typeof listedProbe>;
export type Probes = z.infer<typeof probes>;
export type Step = z.infer<typeof step>;
export type Resolved = z.infer<typeof resolved>;
/** What was found out about one request. */
export type Rehearsal = Omit<Resolved, "schema">;
