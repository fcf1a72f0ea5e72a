import assert from "node:assert/strict";
import { ignoresHangUp } from "../../src/cli/interrupt.ts";

const MODULE = new URL("../../src/cli/interrupt.ts", import.meta.url).href;

/** A process that waits for signals, says "ready" once it watches for them, and lives until it is told to end. */
function watcher(body: string): Deno.ChildProcess {
  const code = `
    import { Interrupt } from "${MODULE}";
    const say = (text) => Deno.stdout.writeSync(new TextEncoder().encode(text + "\\n"));
    ${body}
  `;
  return new Deno.Command(Deno.execPath(), { args: ["eval", "--quiet", code], stdout: "piped", stderr: "inherit" })
    .spawn();
}

/** What is written at once may come at once. */
class TextLines extends TransformStream<string, string> {
  constructor() {
    super({
      transform(text, controller): void {
        for (const line of text.split("\n")) if (line !== "") controller.enqueue(line);
      },
    });
  }
}

async function nextLine(lines: ReadableStreamDefaultReader<string>): Promise<string> {
  const { value } = await lines.read();
  return (value ?? "").trim();
}

const NEVER_ENDING = `
  using interrupt = new Interrupt({ on_first: () => say("first") });
  say("ready");
  setInterval(() => {}, 1000);
  await new Promise(() => {});
`;

Deno.test("Interrupt leaves the process alone at the first signal and ends it at the second, whose number the exit code tells", async () => {
  const pairs = [["SIGINT", "SIGINT", 130], ["SIGTERM", "SIGINT", 130], ["SIGINT", "SIGTERM", 143]] as const;
  for (const [first, second, code] of pairs) {
    const child = watcher(NEVER_ENDING);
    const lines = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
    assert.equal(await nextLine(lines), "ready");
    child.kill(first);
    assert.equal(await nextLine(lines), "first");
    child.kill(second);
    assert.equal((await child.status).code, code);
    await lines.cancel();
  }
});

Deno.test("Interrupt aborts its signal at the first, and gives the signals back when it is disposed", async () => {
  const child = watcher(`
    {
      using interrupt = new Interrupt();
      const aborted = new Promise((resolve) => interrupt.signal.addEventListener("abort", resolve));
      say("ready");
      await aborted;
    }
    say("disposed");
    setInterval(() => {}, 1000);
  `);
  const lines = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
  assert.equal(await nextLine(lines), "ready");
  child.kill("SIGINT");
  assert.equal(await nextLine(lines), "disposed");
  child.kill("SIGINT");
  assert.equal((await child.status).signal, "SIGINT", "the second signal does what it does to any process");
  await lines.cancel();
});

Deno.test("Interrupt takes SIGHUP as a first signal, however often it comes, and a SIGTERM after it ends at once", async () => {
  const child = watcher(`
    using interrupt = new Interrupt({ on_first: () => say("first") });
    Deno.addSignalListener("SIGHUP", () => say("hung up"));
    say("ready");
    setInterval(() => {}, 1000);
    await new Promise(() => {});
  `);
  const lines = child.stdout.pipeThrough(new TextDecoderStream()).pipeThrough(new TextLines()).getReader();
  assert.equal(await nextLine(lines), "ready");
  child.kill("SIGHUP");
  const said = [await nextLine(lines), await nextLine(lines)];
  assert.deepEqual(said.toSorted(), ["first", "hung up"]);
  child.kill("SIGHUP");
  assert.equal(await nextLine(lines), "hung up");
  child.kill("SIGTERM");
  assert.equal((await child.status).code, 143);
  await lines.cancel();
});

Deno.test("ignoresHangUp() reads the mask of /proc: nohup(1) set it, and nobody takes it back", () => {
  const status = (mask: string) =>
    `Name:\tktriage\nSigBlk:\t0000000000000000\nSigIgn:\t${mask}\nSigCgt:\tffffffffffffffff\n`;
  assert.equal(ignoresHangUp(status("0000000000000001")), true);
  assert.equal(ignoresHangUp(status("0000000000001000")), false);
  assert.equal(ignoresHangUp(status("0000000000001001")), true);
  assert.equal(ignoresHangUp(""), false);
});
