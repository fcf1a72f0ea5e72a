/** The tests' virtual machines: which kernels, how many at once, and what is there inside. */
import { fetchKernel, type Kernel } from "../support/kernels.ts";
import { runInVm, type VmOptions, type VmResult } from "../support/vm.ts";
import { denoDir } from "../support/vm_files.ts";
import { quoted, runCommand } from "../support/vm_process.ts";
import { compiled, compiledForArm64, type ProgramName } from "../support/workload.ts";

/** The oldest kernel that ktriage is for, those of Debian's releases, and the newest one that Debian has. */
const X86_LINES = ["5.10", "6.1", "6.12", "newest"] as const;
/** And 6.12 for arm64: only where it is asked for, since it needs the most packages. */
const LINES = [...X86_LINES, "arm64"] as const;
export type Line = (typeof LINES)[number];

/** Each machine keeps a processor busy. */
const MACHINES_AT_ONCE = 2;
const LIMIT_S = 1500;
const CHECKOUT = new URL("../../", import.meta.url).pathname;
const COMPILED = [`${CHECKOUT}tests/kernel_bpf/`, `${CHECKOUT}tests/vm/inside/`];
/** Of what a line printed, in a failure's text. */
const TAIL_CHARACTERS = 6000;

/** The kernels of KTRIAGE_KERNELS, separated by commas; without it all of x86-64. @throws {Error} there is none of that name */
export function chosenLines(): Line[] {
  const asked = Deno.env.get("KTRIAGE_KERNELS")?.split(",") ?? [...X86_LINES];
  return asked.map((name) => {
    const line = LINES.find((known) => known === name);
    if (line === undefined) throw new Error(`KTRIAGE_KERNELS names ${name}. There are: ${LINES.join(", ")}.`);
    return line;
  });
}

/** The output of a run that went well, and the files that it left in /run/vm/files. */
export interface MachineRun {
  readonly kernel: Kernel;
  readonly stdout: string;
  readonly files: Readonly<Record<string, string>>;
}

const waiting: (() => void)[] = [];
let running = 0;

/**
 * Runs a shell line on a kernel, in its turn. There, `deno` and `ktriage` are commands.
 *
 * @throws {Error} it fails: with the end of what it said
 */
export async function onKernel(line: Line, script: string | Promise<string>): Promise<MachineRun> {
  if (running === MACHINES_AT_ONCE) await new Promise<void>((start) => waiting.push(start));
  else running++;
  try {
    return await boot(await fetchKernel(line), await script);
  } finally {
    const next = waiting.shift();
    if (next === undefined) running--;
    else next();
  }
}

async function boot(kernel: Kernel, script: string): Promise<MachineRun> {
  const folder = await Deno.makeTempDir({ prefix: "ktriage-vm-files-" });
  try {
    const result = await runPrepared(script, { kernel, limit_s: LIMIT_S, files: folder });
    if (result.status !== 0) throw new Error(failure(kernel, result));
    const names = [...Deno.readDirSync(folder)].map(({ name }) => name);
    const files = names.map((name) => [name, Deno.readTextFileSync(`${folder}/${name}`)] as const);
    return { kernel, stdout: result.stdout, files: Object.fromEntries(files) };
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** Runs a shell line in a machine where `deno` and `ktriage` are commands and nothing is left to compile. */
export async function runPrepared(script: string, options: VmOptions): Promise<VmResult> {
  const deno_dir = await (prepared ??= prepare());
  if (options.kernel.arch === "aarch64") await (prepared_arm64 ??= prepareArm64());
  const env = {
    NO_COLOR: "1",
    DENO_NO_UPDATE_CHECK: "1",
    DENO_DIR: deno_dir,
    // On one processor V8's other threads only get in the way: a quarter of the time.
    DENO_V8_FLAGS: "--single-threaded",
    ...options.env,
  };
  return await runInVm(`${COMMANDS}\n${script}`, { ...options, env });
}

const COMMANDS = `PATH=${quoted(Deno.execPath().replace(/\/[^/]*$/, ""))}:$PATH
ktriage() { deno run -A --no-check --cached-only main.ts "$@"; }`;

const PROGRAMS: readonly ProgramName[] = ["workload", "functions", "stalls", "traffic", "dns", "refuse_bpf"];

let prepared: Promise<string> | undefined;
let prepared_arm64: Promise<void> | undefined;

/** Does here in seconds what would take minutes there. @returns Deno's cache, with everything compiled */
async function prepare(): Promise<string> {
  for (const name of PROGRAMS) await compiled(name);
  const modules = COMPILED.flatMap((folder) => [...Deno.readDirSync(folder)].map(({ name }) => `${folder}${name}`));
  await runCommand(Deno.execPath(), "cache", "--quiet", ...modules, `${CHECKOUT}main.ts`);
  return await denoDir();
}

async function prepareArm64(): Promise<void> {
  for (const part of ["libbpf", "bpf"]) await runCommand(`${CHECKOUT}scripts/build-${part}.sh`, "--arch", "arm64");
  for (const name of PROGRAMS) await compiledForArm64(name);
}

function failure({ release }: Kernel, { status, stdout, stderr, console }: VmResult): string {
  const end = status === undefined ? `The machine gave no status.\n${console}` : `It ended with status ${status}.`;
  return `Linux ${release}: ${end}\n${stdout.slice(-TAIL_CHARACTERS)}\n${stderr.slice(-TAIL_CHARACTERS)}`;
}
