/** Processes that do not outlive who started them. */

/**
 * A process that is killed when it is disposed of, and dies with the thread which started it, however that ends: no
 * machine is left behind by tests that were interrupted or killed.
 */
export class BoundProcess implements AsyncDisposable {
  readonly #child: Deno.ChildProcess;
  readonly ended: Promise<Deno.CommandStatus>;

  constructor(command: readonly string[], output: "piped" | "null") {
    this.#child = new Deno.Command("setpriv", {
      args: ["--pdeathsig", "KILL", ...command],
      stdin: "null",
      stdout: output,
      stderr: output,
    }).spawn();
    this.ended = this.#child.status;
  }

  kill(): void {
    try {
      this.#child.kill("SIGKILL");
    } catch {
      // It has ended.
    }
  }

  /** Reads a piped stream to its end. */
  async read(stream: "stdout" | "stderr", on_output?: (bytes: Uint8Array) => void): Promise<string> {
    const decoder = new TextDecoder();
    let text = "";
    for await (const bytes of this.#child[stream]) {
      on_output?.(bytes);
      text += decoder.decode(bytes, { stream: true });
    }
    return text;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.kill();
    await this.ended;
  }
}

/** Runs a command to its end. @throws {Error} it failed, with what it said */
export async function runCommand(program: string, ...args: readonly string[]): Promise<string> {
  const { success, stdout, stderr } = await new Deno.Command(program, { args: [...args], stdin: "null" }).output();
  if (!success) throw new Error(`${program} ${args.join(" ")}: ${new TextDecoder().decode(stderr)}`);
  return new TextDecoder().decode(stdout);
}

/** As one word of a shell. */
export function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
