import assert from "node:assert/strict";
import { hostSources } from "../../src/snapshot/sources.ts";
import { processesAt } from "../../src/snapshot/readings/processes.ts";

const sources = hostSources();

Deno.test("hostSources() reads files of /proc whole, whose size is 0", () => {
  for (const path of ["/proc/self/limits", "/proc/self/mountinfo", "/proc/sys/kernel/osrelease"]) {
    assert.equal(sources.text(path), Deno.readTextFileSync(path));
  }
});

Deno.test("hostSources() has nothing to say of what is not there, and throws for what may not be read", async () => {
  assert.equal(sources.text("/nowhere/at/all"), undefined);
  assert.equal(sources.text("/etc/passwd/below"), undefined);
  assert.equal(sources.bytes("/nowhere"), undefined);
  assert.equal(sources.link("/nowhere"), undefined);
  assert.equal(sources.facts("/nowhere"), undefined);
  assert.deepEqual(sources.names("/nowhere"), []);
  assert.deepEqual(sources.folders("/nowhere"), []);
  assert.equal(await sources.output(["ktriage-no-such-program"]), undefined);
  assert.throws(() => sources.text("/proc"), /directory/i);
  await assert.rejects(sources.output(["false"]), /exit code 1/);
});

Deno.test("hostSources() has nothing to say of a process that has ended", async () => {
  const child = new Deno.Command("true").spawn();
  const { pid } = child;
  await child.status;
  assert.equal(sources.text(`/proc/${pid}/stat`), undefined);
});

Deno.test("hostSources() cuts what is far too long, between whole characters or not, and does not fail", () => {
  const path = Deno.makeTempFileSync();
  try {
    Deno.writeTextFileSync(path, "é".repeat(5 << 20));
    const text = sources.text(path);
    assert.ok(text!.length <= (4 << 20) && text!.length > 1 << 20, String(text!.length));
    assert.equal(sources.bytes(path)!.length, 256 << 10);
    // and the next text is whole again
    assert.equal(sources.text("/proc/self/limits"), Deno.readTextFileSync("/proc/self/limits"));
  } finally {
    Deno.removeSync(path);
  }
});

Deno.test("hostSources() tells folders from files and from links", () => {
  const folder = Deno.makeTempDirSync();
  try {
    Deno.mkdirSync(`${folder}/a`);
    Deno.writeTextFileSync(`${folder}/b`, "");
    Deno.symlinkSync("/etc", `${folder}/c`);
    assert.deepEqual(sources.folders(folder), ["a"]);
    assert.deepEqual([...sources.names(folder)].sort(), ["a", "b", "c"]);
    assert.equal(sources.link(`${folder}/c`), "/etc");
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
});

Deno.test("hostSources() ends a program that takes too long", async () => {
  await assert.rejects(sources.output(["sleep", "60"]), /did not end within 3000 ms/);
});

Deno.test("hostSources() reads the kernel's log to its end and does not wait for more", () => {
  let text: string | undefined;
  try {
    text = sources.text("/dev/kmsg");
  } catch (error) {
    assert.match(String(error), /EPERM|EACCES/); // without privileges
    return;
  }
  if (text !== undefined && text !== "") assert.match(text, /^\d+,\d+,\d+,/);
});

Deno.test("hostSources() knows the space of /, and asks no device for what is no regular file", async () => {
  const space = await sources.space({ mount_point: "/", type: "unknown" });
  assert.ok(space!.size_bytes > 0 && space!.available_bytes <= space!.size_bytes);
  assert.equal(sources.bytes("/dev/zero"), undefined);
});

Deno.test("what several collectors need is read once for a snapshot, and anew for the next", () => {
  const first = processesAt(sources, "start");
  assert.equal(processesAt(sources, "start"), first);
  assert.notEqual(processesAt(sources, "end"), first);
  assert.notEqual(processesAt(hostSources(), "start"), first);
  assert.ok(first.has(Deno.pid));
});
