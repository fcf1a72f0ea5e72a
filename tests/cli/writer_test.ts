import assert from "node:assert/strict";
import { keptStream, keptWriter } from "../support/writer.ts";

Deno.test("Writer.out() goes on until a stream that takes a few bytes at a time has everything", () => {
  const { writer, stdout } = keptWriter({ stdout: keptStream({ piece: 7 }) });
  const text = "größer als ein Stück\n".repeat(100);
  writer.out(text);
  assert.equal(stdout.text(), text);
});

Deno.test("Writer.out() tries again when a pipe is full", () => {
  const full = new Deno.errors.WouldBlock("full");
  const { writer, stdout } = keptWriter({ stdout: keptStream({ piece: 2, failures: { 1: full, 2: full } }) });
  writer.out("abcdef");
  assert.equal(stdout.text(), "abcdef");
});

Deno.test("Writer.out() says nothing of a reader that is gone, but tells who asks", () => {
  const { writer, stdout, stderr } = keptWriter({
    stdout: keptStream({ failures: { 0: new Deno.errors.BrokenPipe() } }),
  });
  writer.out("a");
  writer.out("b");
  assert.equal(stdout.text(), "");
  assert.equal(stderr.text(), "");
  assert.equal(writer.closed.aborted, true);
});

Deno.test("Writer.out() does not hide that the disk is full", () => {
  const { writer } = keptWriter({ stdout: keptStream({ failures: { 0: new Error("No space left on device") } }) });
  assert.throws(() => writer.out("a"), /No space left/);
  assert.equal(writer.closed.aborted, false);
});

Deno.test("Writer.note() is silent with --quiet, Writer.fail() is not", () => {
  const { writer, stdout, stderr } = keptWriter();
  writer.note("before");
  writer.quiet = true;
  writer.note("hidden");
  writer.fail("it broke", "mend it");
  assert.equal(stderr.text(), "before\nktriage: it broke\n  → mend it\n");
  assert.equal(stdout.text(), "");
});

Deno.test("Writer.fail() survives a standard error that nobody reads", () => {
  const { writer, stdout } = keptWriter({ stderr: keptStream({ failures: { 0: new Deno.errors.BrokenPipe() } }) });
  writer.fail("unheard");
  writer.out("the result\n");
  assert.equal(stdout.text(), "the result\n");
});

Deno.test("Writer.paint colours a terminal only, and none with NO_COLOR, TERM=dumb or --no-color", () => {
  const terminal = (env: Record<string, string> = {}) =>
    keptWriter({ stdout: keptStream({ terminal: true }), env }).writer;
  assert.equal(terminal().paint("red", "x"), "\x1b[31mx\x1b[39m");
  assert.equal(terminal({ NO_COLOR: "" }).paint("red", "x"), "\x1b[31mx\x1b[39m", "an empty NO_COLOR is not set");
  assert.equal(keptWriter().writer.paint("red", "x"), "x");
  assert.equal(terminal({ NO_COLOR: "1" }).paint("red", "x"), "x");
  assert.equal(terminal({ TERM: "dumb" }).paint("red", "x"), "x");
  const forbidden = terminal();
  forbidden.forbidColour();
  assert.equal(forbidden.paint("red", "x"), "x");
});

Deno.test("Writer.paint and Writer.notePaint look at their own stream each", () => {
  const { writer } = keptWriter({ stderr: keptStream({ terminal: true }) });
  assert.equal(writer.paint("bold", "x"), "x");
  assert.equal(writer.notePaint("bold", "x"), "\x1b[1mx\x1b[22m");
});

Deno.test("Writer.width follows a terminal within reason, and is fixed elsewhere", () => {
  const width = (columns: number, terminal = true): number =>
    keptWriter({ stdout: keptStream({ terminal }), columns }).writer.width;
  assert.deepEqual([80, 20, 500, 0].map((columns) => width(columns)), [80, 40, 100, 100]);
  assert.equal(width(80, false), 100);
});

function movingTerminal(env: Readonly<Record<string, string>> = {}) {
  return keptWriter({
    stdout: keptStream({ terminal: true }),
    stderr: keptStream({ terminal: true }),
    env,
    columns: 50,
  });
}

Deno.test("Writer.status() is one line that whatever comes next replaces, on either stream", () => {
  const { writer, stdout, stderr } = movingTerminal();
  writer.status("1 kB");
  writer.status("x".repeat(60));
  writer.note("done");
  writer.status("3 kB");
  writer.out("report");
  assert.equal(stderr.text(), `1 kB\r\x1b[K${"x".repeat(48)}…\r\x1b[Kdone\n3 kB\r\x1b[K`);
  assert.equal(stdout.text(), "report");
});

Deno.test("Writer.status() says nothing where nothing moves", () => {
  for (const env of [{ NO_COLOR: "1" }, { TERM: "dumb" }]) {
    const { writer, stderr } = movingTerminal(env);
    writer.status("1 kB");
    assert.equal(stderr.text(), "");
  }
  const pipe = keptWriter();
  pipe.writer.status("1 kB");
  pipe.writer.status(undefined);
  assert.equal(pipe.stderr.text(), "");
});

Deno.test("Writer.hold() keeps notes until it is disposed of, not questions", () => {
  const { writer, stderr } = movingTerminal();
  writer.status("1 kB");
  {
    using _held = writer.hold();
    writer.note("later");
    writer.status("2 kB");
    writer.ask("now? ");
    assert.equal(stderr.text(), "1 kB\r\x1b[Know? ");
  }
  assert.equal(stderr.text(), "1 kB\r\x1b[Know? later\n");
});

Deno.test("Writer.out() takes a terminal that was closed for a reader that is gone, but no disk", () => {
  const broken = (): Error => Object.assign(new Error("Input/output error"), { code: "EIO" });
  const { writer } = keptWriter({ stdout: keptStream({ terminal: true, failures: { 0: broken() } }) });
  writer.out("a");
  assert.equal(writer.closed.aborted, true);
  const disk = keptWriter({ stdout: keptStream({ failures: { 0: broken() } }) });
  assert.throws(() => disk.writer.out("a"), /Input\/output/);
});
