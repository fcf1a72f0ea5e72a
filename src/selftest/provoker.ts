/** The worker, as the self-test sees it: told to work, asked what it did. */
import { notePipeBroke } from "../commands/sandbox/child_pipe.ts";
import { itselfIn } from "../kernel/host/itself.ts";
import { type Deeds, WORKER_ARGUMENT } from "./deeds.ts";

const ANSWER_MS = 15_000;

/** A worker that waits; disposing of it ends it. */
export class Provoker implements AsyncDisposable {
  readonly #child: Deno.ChildProcess;
  readonly #input: WritableStreamDefaultWriter<Uint8Array>;
  readonly #output: ReadableStreamDefaultReader<Uint8Array>;
  #pid: number;

  constructor() {
    const module = "selftest/worker.ts";
    this.#child = itselfIn({ argument: WORKER_ARGUMENT, module }).spawn();
    this.#pid = this.#child.pid;
    this.#input = this.#child.stdin.getWriter();
    this.#output = this.#child.stdout.getReader();
  }

  /** As it said itself, once it has worked. */
  get pid(): number {
    return this.#pid;
  }

  /**
   * Has it work once.
   *
   * @returns what it did
   * @throws {Error} it has ended, or gives no answer
   */
  async provoke(): Promise<Deeds> {
    const timer = setTimeout(() => this.#kill(), ANSWER_MS);
    try {
      await this.#input.write(new TextEncoder().encode("go\n")).catch(notePipeBroke);
      const deeds: Deeds = JSON.parse(await this.#line());
      this.#pid = deeds.pid;
      return deeds;
    } catch (error) {
      this.#kill();
      const words = (await new Response(this.#child.stderr).text()).trim().slice(-500);
      throw new Error(`the worker of the self-test ended${words === "" ? "" : `: ${words}`}`, { cause: error });
    } finally {
      clearTimeout(timer);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#kill();
    const streams = [this.#input.close(), this.#output.cancel()];
    if (!this.#child.stderr.locked) streams.push(this.#child.stderr.cancel());
    await Promise.allSettled([...streams, this.#child.status]);
  }

  async #line(): Promise<string> {
    const decoder = new TextDecoder();
    let text = "";
    while (!text.endsWith("\n")) {
      const { done, value } = await this.#output.read();
      if (done) break;
      text += decoder.decode(value, { stream: true });
    }
    return text;
  }

  #kill(): void {
    try {
      this.#child.kill("SIGKILL");
    } catch {
      // it has ended by itself
    }
  }
}
