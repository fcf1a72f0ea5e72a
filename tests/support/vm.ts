/** Linux in a virtual machine: a kernel of choice, this host's files, one shell line. */
import type { Kernel } from "./kernels.ts";
import { arm64Files, type FileServer, hostFiles, serveFiles } from "./vm_files.ts";
import { BoundProcess, quoted, runCommand } from "./vm_process.ts";

const CHECKOUT = new URL("../../", import.meta.url).pathname;
const INIT = `${CHECKOUT}tests/vm/init.sh`;
/** The tests of a kernel, all in one process, once ran out of 512. */
const DEFAULT_MEMORY_MIB = 1024;

/** What differs between the machines of two architectures. */
const MACHINES = {
  x86_64: {
    program: "qemu-system-x86_64",
    machine: "q35",
    // Emulating what later processors have makes Deno take half as long again: mostly AVX and its state.
    cpu: "Westmere",
    console: "ttyS0",
    // An emulated processor's clock is this host's; calibrating it would take a second and fail under load.
    parameters: "tsc=reliable clocksource=tsc no_timer_check",
  },
  aarch64: {
    program: "qemu-system-aarch64",
    machine: "virt",
    // Signing pointers with the architecture's own cipher is slow to emulate.
    cpu: "max,pauth-impdef=on",
    console: "ttyAMA0",
    parameters: "",
  },
} as const;

export interface VmOptions {
  readonly kernel: Kernel;
  /** Added to a minimal environment of root. */
  readonly env?: Readonly<Record<string, string>>;
  /** The machine is killed after it, in seconds. */
  readonly limit_s: number;
  /** Default DEFAULT_MEMORY_MIB. */
  readonly memory_mib?: number;
  /** A folder for the files that the line leaves in /run/vm/files; none are kept without it. */
  readonly files?: string;
  /** Called with what the line prints, as it comes. */
  readonly on_output?: (bytes: Uint8Array, stream: "stdout" | "stderr") => void;
}

export interface VmResult {
  /** The line's exit status; undefined when the machine gave none: it crashed or was killed. */
  readonly status: number | undefined;
  readonly stdout: string;
  readonly stderr: string;
  /** The kernel's last words, and what became of the machine when it gave no status. */
  readonly console: string;
}

/**
 * Boots a kernel, emulated, on this host's root, and runs a shell line as root from the checkout on. It may write
 * everywhere, and nothing of it reaches the host. There is one processor, and no network but the loopback device.
 *
 * Emulated without KVM: it is there on every host, and tests that run at the same speed everywhere fail alike.
 */
export async function runInVm(line: string, options: VmOptions): Promise<VmResult> {
  await using cleanup = new AsyncDisposableStack();
  const folder = await Deno.makeTempDir({ prefix: "ktriage-vm-" });
  cleanup.defer(() => Deno.remove(folder, { recursive: true }));
  await writeInitramfs(line, folder, options);
  const { root } = options.kernel;
  const files = cleanup.use(await serveFiles(folder, root === undefined ? await hostFiles() : await arm64Files(root)));
  const machine = cleanup.use(new BoundProcess(qemu(folder, { ...options, files }), "piped"));
  let overdue = false;
  const limit = setTimeout(() => {
    overdue = true;
    machine.kill();
  }, options.limit_s * 1000);
  cleanup.defer(() => clearTimeout(limit));
  const [stdout, stderr] = await Promise.all(
    (["stdout", "stderr"] as const).map((stream) =>
      machine.read(stream, (bytes) => options.on_output?.(bytes, stream))
    ),
  ) as [string, string];
  await machine.ended;
  const status = (await readIfThere(`${folder}/status`)).trim();
  if (status !== "" && options.files !== undefined) {
    await runCommand("tar", "-x", "-f", `${folder}/files.tar`, "-C", options.files);
  }
  const end = overdue ? [`The machine was killed after ${options.limit_s} s.`] : [];
  const console = [await readIfThere(`${folder}/console`), ...end].join("\n").slice(-4000);
  return { status: status === "" ? undefined : Number(status), stdout, stderr, console };
}

/** The kernel's archive of busybox and modules, and behind it another one with what is this machine's own. */
async function writeInitramfs(line: string, folder: string, { kernel, env }: VmOptions): Promise<void> {
  const own = `${folder}/own`;
  await Deno.mkdir(own);
  await Deno.copyFile(INIT, `${own}/init`);
  await Deno.chmod(`${own}/init`, 0o755);
  await Deno.writeTextFile(`${own}/line`, `${line}\n`);
  const variables = { HOME: "/root", TERM: "dumb", LANG: "C.UTF-8", VM_FOLDER: CHECKOUT, ...env };
  const exports = Object.entries(variables).map(([name, value]) => `export ${name}=${quoted(value)}\n`);
  await Deno.writeTextFile(`${own}/env`, exports.join(""));
  const join = 'cd "$1" && find . | busybox cpio -o -H newc 2>/dev/null | cat "$2" - >"$3"';
  await runCommand("sh", "-c", join, "sh", own, `${kernel.folder}/initramfs.cpio`, `${folder}/initramfs`);
}

function qemu(
  folder: string,
  { kernel, files, memory_mib = DEFAULT_MEMORY_MIB }: Omit<VmOptions, "files"> & { readonly files: FileServer },
): string[] {
  // Two processors in threads of their own make kernels oops now and then while they patch their code.
  const accelerator = "tcg,thread=single,tb-size=512";
  const { program, machine, cpu, console, parameters } = MACHINES[kernel.arch];
  const append = `console=${console} ${parameters} loglevel=3 panic=-1 nokaslr mitigations=off net.ifnames=0 ` +
    "cryptomgr.notests random.trust_cpu=on";
  // Of QEMU's own standard output and error, which are pipes: opened again, QEMU sets its flags on its own side only.
  const ports = {
    port_out: "/proc/self/fd/1",
    port_err: "/proc/self/fd/2",
    port_status: `${folder}/status`,
    port_files: `${folder}/files.tar`,
  };
  return [
    program,
    ...["-nodefaults", "-no-user-config", "-display", "none", "-no-reboot", "-smp", "1", "-cpu", cpu],
    ...["-accel", accelerator, "-machine", `${machine},memory-backend=memory`, "-m", `${memory_mib}M`],
    ...["-object", `memory-backend-memfd,id=memory,size=${memory_mib}M,share=on`],
    ...["-kernel", `${kernel.folder}/vmlinux`, "-initrd", `${folder}/initramfs`, "-append", append],
    ...["-serial", `file:${folder}/console`],
    ...["-chardev", `socket,id=files,path=${files.socket}`, "-device", "vhost-user-fs-pci,chardev=files,tag=host"],
    ...["-device", "virtio-serial-pci"],
    ...Object.entries(ports).flatMap(([name, path]) => [
      ...["-chardev", `file,id=${name},path=${path}`, "-device", `virtserialport,chardev=${name},name=${name}`],
    ]),
  ];
}

async function readIfThere(path: string): Promise<string> {
  try {
    return await Deno.readTextFile(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return "";
    throw error;
  }
}
