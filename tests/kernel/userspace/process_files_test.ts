import assert from "node:assert/strict";
import { allProcesses, parseMaps, processFiles } from "../../../src/kernel/userspace/process_files.ts";
import { resolveUserFunction } from "../../../src/kernel/userspace/mod.ts";
import { Samples } from "./sample.ts";
import { until } from "../../support/until.ts";

/** A started sample that has come as far as its main. */
class Running implements AsyncDisposable {
  readonly #child: Deno.ChildProcess;

  private constructor(child: Deno.ChildProcess) {
    this.#child = child;
  }

  static async start(path: string): Promise<Running> {
    const running = new Running(new Deno.Command(path, { stdin: "piped", stdout: "piped" }).spawn());
    const input = running.#child.stdin.getWriter();
    await input.write(new Uint8Array([65]));
    input.releaseLock();
    const output = running.#child.stdout.getReader();
    await output.read();
    output.releaseLock();
    return running;
  }

  get pid(): number {
    return this.#child.pid;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#child.stdin.close();
    await this.#child.stdout.cancel();
    await this.#child.status;
  }
}

Deno.test("parseMaps() reads files with their mark, and leaves memory out", () => {
  const text = [
    "559d8c000000-559d8c02d000 r--p 00000000 fe:00 1573055                    /usr/bin/my program",
    "559d8c02d000-559d8c0ee000 r-xp 0002d000 fe:00 1573055                    /usr/bin/my program",
    "559d8d000000-559d8d021000 rw-p 00000000 00:00 0                          [heap]",
    "7fbdfb8c1000-7fbdfb8c2000 r-xp 00001000 fe:00 10052311                   /tmp/libub.so (deleted)",
    "00400000-00401000 r-xp 00000000 00:01 4                                  /memfd:jit (deleted)",
    "7ffd00000000-7ffd00001000 r-xp 00000000 00:00 0                          [vdso]",
    "7fbdfb900000-7fbdfb901000 rw-p 00000000 00:00 0 ",
    "7fbdfb902000-7fbdfb903000 r-xp 00000000 fe:00 7 /new\\012line",
  ].join("\n");
  assert.deepEqual(parseMaps(text), [
    { range: "559d8c000000-559d8c02d000", executable: false, path: "/usr/bin/my program", is_deleted: false },
    { range: "559d8c02d000-559d8c0ee000", executable: true, path: "/usr/bin/my program", is_deleted: false },
    { range: "7fbdfb8c1000-7fbdfb8c2000", executable: true, path: "/tmp/libub.so", is_deleted: true },
    { range: "400000-401000", executable: true, path: "/memfd:jit", is_deleted: true },
    { range: "7fbdfb902000-7fbdfb903000", executable: true, path: "/new\nline", is_deleted: false },
  ]);
});

Deno.test("processFiles() has the program first and the dynamic linker last", async () => {
  using samples = new Samples();
  await using running = await Running.start(samples.program());
  const process = processFiles(running.pid);
  assert.ok(process.ok);
  const names = process.files.map(({ shown }) => shown.replace(/^.*\//, ""));
  assert.equal(process.files[0]?.shown, samples.path("sample"));
  assert.match(names.join(" "), /^sample libc\.so\.6 ld-\S+$/);
  assert.ok(process.files.every(({ state, shown, path }) => state === "here" && shown === path));
});

Deno.test("processFiles() says why it cannot: no such process, one that has ended, a thread of the kernel", async () => {
  const absent = Number(Deno.readTextFileSync("/proc/sys/kernel/pid_max")) + 1;
  const none = processFiles(absent);
  assert.equal(none.ok || none.error, `Cannot look into process ${absent}: there is no such process.`);

  // a child that ends once its parent is cat, which never asks what became of it
  const child = new Deno.Command("sh", {
    args: ["-c", "(until grep -q cat /proc/$$/comm; do :; done) & echo $!; exec cat"],
    stdin: "piped",
    stdout: "piped",
  })
    .spawn();
  const output = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
  const ended = Number((await output.read()).value);
  await until("the child ends", () => Deno.readTextFileSync(`/proc/${ended}/stat`).includes(") Z "));
  const zombie = processFiles(ended);
  assert.equal(zombie.ok || zombie.error, `Cannot look into process ${ended} (sh): it has ended.`);
  await child.stdin.close();
  await output.read();
  await child.status;

  for (const pid of allProcesses()) { // a container has none
    if (Deno.readTextFileSync(`/proc/${pid}/comm`) !== "kthreadd\n") continue;
    const thread = processFiles(pid);
    assert.match(thread.ok ? "" : thread.error, /: it is a thread of the kernel and has no program\.$/);
  }
});

Deno.test("resolveUserFunction() searches a process: the program, then its libraries", async () => {
  using samples = new Samples();
  await using running = await Running.start(samples.program());
  const { pid } = running;
  const main = await resolveUserFunction(`${pid}:main`);
  assert.deepEqual(main.ok && [main.path, main.pid, main.note], [
    samples.path("sample"),
    pid,
    `main in ${samples.path("sample")}`,
  ]);
  for (const target of [`${pid}:malloc`, `${pid}:libc:malloc`, `${pid}:libpthread:malloc`]) {
    const malloc = await resolveUserFunction(target);
    assert.ok(malloc.ok, target);
    assert.match(malloc.path, /\/libc\.so\.6$/);
    assert.equal(malloc.pid, pid);
    assert.match(malloc.note ?? "", /^malloc in \/.*\/libc\.so\.6/);
  }
  const later = await resolveUserFunction(`${pid}:libm:cbrt`);
  assert.ok(later.ok);
  assert.match(later.note ?? "", /^cbrt in \/.*\/libm\.so\.6; process \d+ has not mapped it so far$/);
  const library = await resolveUserFunction(`${pid}:libnosuch:SSL_write`);
  assert.equal(
    library.ok || library.error,
    `Cannot look for libnosuch in process ${pid}: it has no such program or library.`,
  );
  assert.match(library.ok ? "" : library.hint, /^It has mapped: sample, libc\.so\.6, /);
  const absent = await resolveUserFunction(`${pid}:no_such_function`);
  assert.equal(
    absent.ok || absent.error,
    `Cannot trace no_such_function of ${samples.path("sample")} or the 2 libraries that it has mapped: ` +
      "there is no function of this name.",
  );
});

Deno.test("resolveUserFunction() with a filter by process looks into that process", async () => {
  using samples = new Samples();
  await using running = await Running.start(samples.program("-static"));
  const options = { pid: running.pid };
  for (
    const target of [
      "sample_add",
      `${running.pid}:sample_add`,
      "sample:sample_add",
      `${samples.path("sample")}:sample_add`,
    ]
  ) {
    const result = await resolveUserFunction(target, options);
    assert.deepEqual(result.ok && [result.path, result.pid], [samples.path("sample"), running.pid], target);
  }
  // linked statically, its C library is in the program
  const malloc = await resolveUserFunction("libc:malloc", options);
  assert.equal(malloc.ok && malloc.path, samples.path("sample"));
  const other = await resolveUserFunction(`${Deno.pid}:malloc`, options);
  assert.match(other.ok ? "" : other.error, /the filter lets only \d+ pass\.$/);
});

Deno.test("resolveUserFunction() finds a running program that is not in PATH, and asks which of several", async () => {
  using samples = new Samples();
  using others = new Samples();
  await using first = await Running.start(samples.program());
  const found = await resolveUserFunction("sample:sample_add");
  assert.equal(found.ok && found.path, samples.path("sample"));
  await using second = await Running.start(others.program());
  const both = await resolveUserFunction("sample:sample_add");
  assert.ok(!both.ok);
  assert.equal(both.error, "Cannot tell which sample is meant: running processes have 2 different files of this name.");
  for (const [pid, path] of [[first.pid, samples.path("sample")], [second.pid, others.path("sample")]]) {
    assert.ok(both.hint.includes(`${pid}:sample (${path})`), both.hint);
  }
});
