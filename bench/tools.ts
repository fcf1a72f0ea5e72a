/** The command lines that are compared: ktriage, bpftrace, and the bare reader in C. */
import { offlinePackage } from "../tests/support/package.ts";
import type { TracerOptions } from "./tracer.ts";

const ROOT = new URL("..", import.meta.url).pathname;
const READER = `${ROOT}build/bench/reader`;

/** A tool, told which process to trace. */
export type Tool = (pid: number) => TracerOptions;

/** `ktriage trace` of one process. */
export function ktriage(target: string, ...options: string[]): Tool {
  const limits = ["--json", "--duration", "120"]; // it is interrupted long before
  return (pid) => ({
    command: [`${ROOT}scripts/ktriage`, "trace", target, "--pid", String(pid), ...options, ...limits],
    ready: /Tracing /,
    event: '{"timestamp"',
  });
}

/** The same from the one file that is carried to a host; built when the tree is newer. */
export async function packaged(tool: Tool): Promise<Tool> {
  const file = await offlinePackage();
  return (pid) => {
    const options = tool(pid);
    return { ...options, command: [file, ...options.command.slice(1)] };
  };
}

/** A curated tool, of all processes. */
export function ktriageTool(name: string, ...options: string[]): Tool {
  return () => ({
    command: [`${ROOT}scripts/ktriage`, "tool", "run", name, ...options, "--duration", "120s"],
    ready: /Counting /,
    event: "{",
  });
}

/** libbpf-tools' syscount, of all processes; by lines, for it says on standard output that it traces. */
export function syscount(...options: string[]): Tool {
  return () => ({
    command: ["stdbuf", "-oL", "/usr/sbin/syscount", "-d", "120", ...options],
    ready: /Tracing/,
    event: "{",
  });
}

/** A whole program of bpftrace. */
export function bpftraceProgram(program: string): Tool {
  return () => ({ command: ["bpftrace", "-v", "-e", program], ready: /Attaching tracepoint/, event: "{" });
}

/** bpftrace on one system call of one process. */
export function bpftrace(syscall: string, action: string, ...options: string[]): Tool {
  return (pid) => ({
    // -v: it names each probe on standard error as it attaches it, whatever standard output is buffered by
    command: ["bpftrace", "-v", "-f", "json", ...options, "-e", `${probe(syscall)} /pid == ${pid}/ { ${action} }`],
    ready: /Attaching tracepoint/,
    event: '{"type": "printf"',
  });
}

/** bpftrace with buffers that hold as much in all as ktriage's one (8 MB; its default is 256 KiB for each CPU). */
export function withLargeBuffers(tool: Tool): Tool {
  const pages = 2 ** Math.floor(Math.log2((8 << 20) / 4096 / navigator.hardwareConcurrency));
  return (pid) => ({ ...tool(pid), env: { BPFTRACE_PERF_RB_PAGES: String(pages) } });
}

function probe(syscall: string): string {
  return `tracepoint:syscalls:sys_enter_${syscall}`;
}

/** bench/reader.c on one system call of one process. */
export function reader(mode: "count" | "print", syscall: string): Tool {
  return (pid) => ({
    command: [READER, mode, String(pid), syscall],
    ready: /Tracing/,
    event: '{"timestamp"',
  });
}

/**
 * Compiles bench/reader.c. Needs a built ktriage.
 *
 * @throws {Error} it does not compile; with what the compiler says
 */
export async function buildReader(): Promise<void> {
  await Deno.mkdir(`${ROOT}build/bench`, { recursive: true });
  const includes = [`-I${ROOT}build/include`, `-I${ROOT}bpf/include`];
  const libbpf = [`-L${ROOT}build`, "-l:libbpf.so", `-Wl,-rpath,${ROOT}build`];
  const object = `-DOBJECT="${ROOT}build/bpf/tracepoint.bpf.o"`;
  const { success, stderr } = await new Deno.Command("clang", {
    args: ["-O2", "-Wall", "-Wextra", "-Werror", ...includes, object, "-o", READER, `${ROOT}bench/reader.c`, ...libbpf],
  }).output();
  if (!success) throw new Error(`Cannot compile bench/reader.c: ${new TextDecoder().decode(stderr)}`);
}
