import assert from "node:assert/strict";
import { type Lock, takeLock } from "../../src/snapshot/lock.ts";

/** Another process that takes the lock, says so, and holds it until it is killed; at the step where it is one. */
async function holder(folder: string, step: string | undefined): Promise<Deno.ChildProcess> {
  const code = `
    import { takeLock } from "${new URL("../../src/snapshot/lock.ts", import.meta.url)}";
    const lock = takeLock("snapshot", "${folder}");
    lock.hold.step(${JSON.stringify(step)});
    console.log(lock.is);
    setInterval(() => {}, 1000);`;
  const child = new Deno.Command(Deno.execPath(), { args: ["eval", "--no-check", code], stdout: "piped" }).spawn();
  const reader = child.stdout.getReader();
  assert.equal(new TextDecoder().decode((await reader.read()).value).trim(), "held");
  reader.releaseLock();
  return child;
}

async function killed(child: Deno.ChildProcess): Promise<void> {
  child.kill("SIGKILL");
  await child.stdout.cancel();
  await child.status;
}

function held(lock: Lock) {
  assert.equal(lock.is, "held");
  return (lock as Extract<Lock, { is: "held" }>).hold;
}

Deno.test("takeLock() lets one in, names it to the second, and tells the holder about the second", async () => {
  const folder = Deno.makeTempDirSync();
  const child = await holder(folder, undefined);
  const second = takeLock("snapshot", folder);
  assert.equal(second.is, "busy");
  assert.equal((second as Extract<Lock, { is: "busy" }>).holder?.process_id, child.pid);
  assert.equal(takeLock("snapshot", folder).is, "busy");
  held(takeLock("diagnosis", folder))[Symbol.dispose](); // another work is not kept out
  await killed(child);
  using hold = held(takeLock("snapshot", folder));
  const skipped = hold.takeSkipped();
  assert.equal(skipped.length, 2);
  assert.ok(skipped.every((time) => Math.abs(Date.parse(time) - Date.now()) < 600_000));
  assert.deepEqual(hold.takeSkipped(), [], "told once");
  Deno.removeSync(folder, { recursive: true });
});

Deno.test("takeLock() knows what a killed run was at, and nothing of one that ended", async () => {
  const folder = Deno.makeTempDirSync();
  await killed(await holder(folder, "processes"));
  {
    using hold = held(takeLock("snapshot", folder));
    assert.equal(hold.unfinished?.at, "processes");
    assert.deepEqual(hold.leave_out, [], "once is nothing: anybody may kill a process");
  }
  using next = held(takeLock("snapshot", folder));
  assert.equal(next.unfinished, undefined);
  Deno.removeSync(folder, { recursive: true });
});

Deno.test("takeLock() leaves out what two runs in a row hung in, as long as it is this boot", async () => {
  const folder = Deno.makeTempDirSync();
  for (let runs = 0; runs < 2; runs++) await killed(await holder(folder, "cpu"));
  for (let runs = 0; runs < 2; runs++) { // a run that ends well without it proves nothing about it
    using hold = held(takeLock("snapshot", folder));
    assert.deepEqual(hold.leave_out, ["cpu"]);
  }
  const file = `${folder}/snapshot.lock`;
  Deno.writeTextFileSync(file, JSON.stringify({ ...JSON.parse(Deno.readTextFileSync(file)), boot_id: "another" }));
  using booted = held(takeLock("snapshot", folder));
  assert.deepEqual(booted.leave_out, []);
  Deno.removeSync(folder, { recursive: true });
});

Deno.test("takeLock() makes the folder of the state for root alone", () => {
  const folder = `${Deno.makeTempDirSync()}/new/state`;
  held(takeLock("snapshot", folder))[Symbol.dispose]();
  assert.equal((Deno.statSync(folder).mode ?? 0) & 0o777, 0o700);
  assert.equal((Deno.statSync(`${folder}/snapshot.lock`).mode ?? 0) & 0o777, 0o600);
});

Deno.test("takeLock() takes what is no lock's text for nothing", () => {
  for (const text of ["", "{", "null", '{"process_id":"x"}', "\0\0\0", "[1,2]"]) {
    const folder = Deno.makeTempDirSync();
    Deno.writeTextFileSync(`${folder}/snapshot.lock`, text);
    Deno.writeTextFileSync(`${folder}/snapshot.skipped`, "half a li\0\n2026-11-21T03:04:05.678Z\n\n2026");
    using hold = held(takeLock("snapshot", folder));
    assert.equal(hold.unfinished, undefined, text);
    assert.deepEqual(hold.takeSkipped(), ["2026-11-21T03:04:05.678Z"]);
    Deno.removeSync(folder, { recursive: true });
  }
});
