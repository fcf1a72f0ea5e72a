/** Why a probe was refused: because of the function, or because this kernel takes no probe of that kind. */
import { BpfError } from "../../ffi/libbpf.ts";
import { SystemError } from "../../ffi/libc.ts";
import type { Attachment } from "../plan/function_plan.ts";

const EPERM = 1, ESRCH = 3, EACCES = 13, ENODEV = 19, EINVAL = 22, EOPNOTSUPP = 95, ENOTSUPP = 524;

const NAMES: Readonly<Record<Attachment["kind"] | "tracepoint", string>> = {
  tracepoint: "tracepoints",
  raw_tracepoint: "raw tracepoints",
  fentry: "fentry",
  fexit: "fexit",
  kprobe: "kprobes",
  kretprobe: "kprobes",
  kprobe_multi: "kprobe.multi",
  kprobe_session: "kprobe.multi",
  uprobe: "uprobes",
  uretprobe: "uprobes",
};

/**
 * @param kind what was attached
 * @param error what came of it
 * @returns a clause (`this kernel has no kprobes`) when the kernel would refuse every probe of this kind; undefined when
 * only this target was refused
 */
export function refusedKind(kind: Attachment["kind"] | "tracepoint", error: unknown): string | undefined {
  if (!(error instanceof SystemError)) return undefined;
  const name = NAMES[kind];
  switch (error.errno) {
    case EPERM:
    case EACCES:
      // the verifier says EACCES of a program, and says why; the host says so of all
      return error.operation.startsWith("load ") && error.errno === EACCES ? undefined : `this kernel refuses ${name}`;
    case ENODEV:
    case EOPNOTSUPP:
    case ENOTSUPP:
      return `this kernel has no ${name}`;
    case ESRCH:
      // a function that is not in BTF looks alike, but for libbpf's complaint
      return error instanceof BpfError && error.log.includes("kernel BTF")
        ? `this kernel has no BTF, which ${name} needs`
        : undefined;
    case EINVAL:
      // an attach type that came with Linux 5.18: older kernels know no better word for it
      return name === "kprobe.multi" ? `this kernel has no ${name}` : undefined;
    default:
      return undefined;
  }
}
