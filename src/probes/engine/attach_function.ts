/** Which programs an attachment takes, and how each gets to its place. */
import { BpfError } from "../../ffi/libbpf.ts";
import type { BpfLink } from "../../ffi/bpf_link.ts";
import type { BpfObject } from "../../ffi/bpf_object.ts";
import type { Libc, PerfEventAttr } from "../../ffi/libc.ts";
import { ownIdOf } from "../../kernel/host/container.ts";
import type { Attachment } from "../plan/function_plan.ts";

const PMU_PATH = "/sys/bus/event_source/devices";
const ENODEV = 19;

/** Names of programs in bpf/function.bpf.c. */
export interface FunctionPrograms {
  /** Remembers a call on entry, where the return is the hit. */
  readonly entered?: string;
  readonly hit: string;
}

const PROGRAMS: Readonly<Record<Attachment["kind"], FunctionPrograms>> = {
  raw_tracepoint: { hit: "raw_hit" },
  fentry: { hit: "fentry_hit" },
  fexit: { entered: "fentry_entered", hit: "fexit_returned" },
  kprobe: { hit: "probe_hit" },
  uprobe: { hit: "probe_hit" },
  kprobe_multi: { hit: "probe_hit" },
  kretprobe: { entered: "probe_entered", hit: "probe_returned" },
  uretprobe: { entered: "probe_entered", hit: "probe_returned" },
  kprobe_session: { entered: "probe_entered", hit: "probe_returned" },
};

export function programsFor({ kind }: Attachment): FunctionPrograms {
  return PROGRAMS[kind];
}

/** What must be known of a program before it is loaded. */
export function prepareProgram(object: BpfObject, program: string, attachment: Attachment): void {
  switch (attachment.kind) {
    case "fentry":
    case "fexit":
      return object.setTarget(program, attachment.function_name);
    case "kprobe_multi":
    case "kprobe_session":
      return object.setKprobeMulti(program);
  }
}

/**
 * @param at.on whether the program sees the function's entry or its return
 * @throws {SystemError} what the kernel refused; {@link refusedKind} tells whether it would refuse all of this kind
 */
export function attachProgram(
  object: BpfObject,
  program: string,
  at: { readonly attachment: Attachment; readonly on: "entry" | "return"; readonly libc: Libc },
): BpfLink {
  const { attachment, on } = at;
  switch (attachment.kind) {
    case "raw_tracepoint":
      return object.attachRawTracepoint(program, attachment.event);
    case "fentry":
    case "fexit":
      return object.attachTrace(program);
    case "kprobe_multi":
    case "kprobe_session":
      return object.attachKprobeMulti(program, { address: attachment.address, on });
    default:
      return object.attachPerfEvent(program, openProbe(attachment, at));
  }
}

type Probe = Extract<Attachment, { readonly kind: "kprobe" | "kretprobe" | "uprobe" | "uretprobe" }>;

/** An event of the PMU for probes (perf_event_open(2), Linux 4.17): without a name in tracefs that would outlive us. */
function openProbe(probe: Probe, { on, libc }: { readonly on: "entry" | "return"; readonly libc: Libc }): number {
  const { type, retprobe } = readPmu("path" in probe ? "uprobe" : "kprobe");
  const attr = { type, config: on === "return" ? retprobe : 0n, ...placeOf(probe) };
  // one that has no id here is traced with all others that run the file: the program's own filter leaves it alone
  const pid = "path" in probe && probe.pid !== undefined ? ownIdOf(probe.pid) : undefined;
  return libc.perfEventOpen(attr, pid === undefined ? { pid: -1, cpu: 0 } : { pid, cpu: -1 });
}

function placeOf(probe: Probe): Pick<PerfEventAttr, "text" | "offset"> {
  if ("path" in probe) return { text: probe.path, offset: probe.offset };
  // kprobe_addr is taken where there is no kprobe_func
  return probe.address === undefined ? { text: probe.function_name } : { offset: probe.address };
}

interface Pmu {
  readonly type: number;
  /** Of perf_event_attr.config: a probe on the return. */
  readonly retprobe: bigint;
}

/** @throws {BpfError} ENODEV: this kernel has no probes of this kind */
function readPmu(name: "kprobe" | "uprobe"): Pmu {
  const read = (file: string): string => Deno.readTextFileSync(`${PMU_PATH}/${name}/${file}`).trim();
  try {
    const [, bit = "0"] = /^config:(\d+)$/.exec(read("format/retprobe")) ?? [];
    return { type: Number(read("type")), retprobe: 1n << BigInt(bit) };
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    throw new BpfError(`open the ${name} PMU`, ENODEV, `${PMU_PATH}/${name} is not there`);
  }
}
