/** A process that makes a known number of known system calls when it is told to. */

const ROOT = new URL("../../", import.meta.url).pathname;
const HEADERS = ["own_network.h", "when_told.h"].map((name) => `${ROOT}tests/support/${name}`);

/** Of `tests/support`. */
export type ProgramName = WorkloadName | "refuse_bpf";
/** Those that work when they are told to (`when_told.h`). */
type WorkloadName = "workload" | "functions" | "stalls" | "traffic" | "dns";

/** Compiles `tests/support/<name>.c`, when it changed. */
export async function compiled(name: ProgramName): Promise<string> {
  return await compiledBy("clang", name, `${ROOT}build/tests`);
}

/** The same for arm64, on any machine: where a machine of that architecture finds it. */
export async function compiledForArm64(name: ProgramName): Promise<string> {
  return await compiledBy(`${ROOT}scripts/clang-arm64.sh`, name, `${ROOT}build/arm64/tests`);
}

async function compiledBy(compiler: string, name: ProgramName, folder: string): Promise<string> {
  const path = `${folder}/${name}`;
  const source = `${ROOT}tests/support/${name}.c`;
  const made = await Deno.stat(path).catch(() => undefined);
  const written = await Promise.all([source, ...HEADERS].map((file) => Deno.stat(file)));
  if (made === undefined || written.some(({ mtime }) => Number(made.mtime) < Number(mtime))) {
    await Deno.mkdir(folder, { recursive: true });
    const unfinished = await Deno.makeTempFile({ dir: folder }); // others may want it at the same time
    const { success, stderr } = await new Deno.Command(compiler, {
      args: ["-O2", "-Wall", "-Werror", "-pthread", "-o", unfinished, source],
    }).output();
    if (!success) throw new Error(new TextDecoder().decode(stderr));
    await Deno.chmod(unfinished, 0o755);
    await Deno.rename(unfinished, path);
  }
  return path;
}

/**
 * A started workload that waits for {@link Workload.go}. Start it before the session that should see it: what a process
 * starts while its session runs is its own, and is not traced.
 */
export class Workload implements AsyncDisposable {
  readonly #child: Deno.ChildProcess;
  readonly #input: WritableStreamDefaultWriter<Uint8Array>;
  readonly #lines: ReadableStreamDefaultReader<string>;
  #rest = "";

  private constructor(child: Deno.ChildProcess) {
    this.#child = child;
    this.#input = child.stdin.getWriter();
    this.#lines = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
  }

  /**
   * @param args the workload's own, for example `["opens", "10000", "/nowhere"]`
   * @param options.name what the process is called (comm); default its source's name
   * @param options.source which program; default `workload`
   * @param options.within start of a command line that the program is run by, for example `["unshare", "--pid"]`
   */
  static async start(
    args: readonly string[],
    options: {
      readonly name?: string;
      readonly source?: WorkloadName;
      readonly within?: readonly string[];
    } = {},
  ): Promise<Workload> {
    let path = await compiled(options.source ?? "workload");
    if (options.name !== undefined) {
      const link = `${ROOT}build/tests/${options.name}`;
      await Deno.copyFile(path, link);
      path = link;
    }
    const [command = path, ...rest] = [...options.within ?? [], path, ...args];
    const workload = new Workload(new Deno.Command(command, { args: rest, stdin: "piped", stdout: "piped" }).spawn());
    await workload.#line();
    return workload;
  }

  get pid(): number {
    return this.#child.pid;
  }

  /** Lets it work; resolves to what it printed when it is done. */
  async go(): Promise<number> {
    await this.#input.write(new TextEncoder().encode("go\n"));
    return Number(await this.#line());
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#input.close();
    while (!(await this.#lines.read()).done) { /* until it has ended */ }
    await this.#child.status;
  }

  async #line(): Promise<string> {
    for (;;) {
      const end = this.#rest.indexOf("\n");
      if (end >= 0) {
        const line = this.#rest.slice(0, end);
        this.#rest = this.#rest.slice(end + 1);
        return line;
      }
      const { done, value } = await this.#lines.read();
      if (done) throw new Error("the workload ended before it was told to");
      this.#rest += value;
    }
  }
}
