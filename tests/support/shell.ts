import type { EbpfResult } from "../../src/protocol/mod.ts";
import { type ProgramRequest, traceDuring } from "./tracing.ts";

/** A shell that runs lines when it is told to. Started before a session, it is no process of ktriage's own: it is traced. */
export class Shell implements AsyncDisposable {
  readonly #child = new Deno.Command("sh", { stdin: "piped", stdout: "piped" }).spawn();
  readonly #input = this.#child.stdin.getWriter();
  readonly #output = this.#child.stdout.pipeThrough(new TextDecoderStream()).getReader();

  /** Resolves when the line has run. It must not print `done`. */
  async run(line: string): Promise<void> {
    await this.#input.write(new TextEncoder().encode(`${line}\necho done\n`));
    for (let text = ""; !text.includes("done\n");) {
      const { done, value } = await this.#output.read();
      if (done) throw new Error(`the shell ended during: ${line}`);
      text += value;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#input.close();
    await this.#output.cancel();
    await this.#child.status;
  }
}

/** What programs see of a line that a shell runs which ktriage did not start. */
export async function traceShell(line: string, requests: readonly ProgramRequest[]): Promise<EbpfResult[]> {
  await using shell = new Shell();
  return await traceDuring(requests, () => shell.run(line));
}
