import assert from "node:assert/strict";
import { PRIVATE_MOUNTS } from "../../support/private_mounts.ts";
import { openBaseline } from "../../../src/snapshot/baseline/mod.ts";
import { MINUTE_MS, run, snapshotOf, START, watched } from "./support.ts";

/** What the tests below run in mounts of their own: a small disk, filled or made read-only between two runs. */
if (import.meta.main) await onSmallDisk(Deno.args[0] ?? "", Deno.args[1] ?? "");

async function onSmallDisk(folder: string, what: string): Promise<void> {
  const figures = Array.from({ length: 100 }, (_, i) => watched("net.traffic_per_s", i, { of: `eth${i}` }));
  const state = `${folder}/state`, step = (i: number): number => START + i * 20 * MINUTE_MS;
  const first = run(state, figures, { time: step(0) });
  assert.deepEqual(first.unkept, []);
  if (what === "read-only") {
    await sh(`mount -o remount,ro ${folder}`);
    const { baseline, unkept } = run(state, figures, { time: step(1) });
    assert.equal(baseline.state, "off");
    assert.match(unkept.join(), /^No state was kept: .*[Rr]ead-only/);
    await sh(`mount -o remount,rw ${folder}`);
  } else {
    await sh(`dd if=/dev/zero of=${folder}/filler bs=4k 2>/dev/null || true`);
    // opened, and full before it is written to, as well as full from the start
    const { baseline, unkept } = run(state, figures, { time: step(1) });
    assert.ok(["off", "warming_up"].includes(baseline.state), baseline.state);
    assert.match(unkept.join(), /^No state was kept: /);
    Deno.removeSync(`${folder}/filler`);
    using open = openBaseline(state, { now: () => step(2) });
    assert.equal(open.compare({ boot_id: "", figures }).baseline.snapshots, 1);
    await sh(`dd if=/dev/zero of=${folder}/filler bs=4k 2>/dev/null || true`);
    const failed = open.keep(snapshotOf(figures, { time: step(2) }), {});
    assert.match(failed.join(), /^No state was kept: .*full/);
    Deno.removeSync(`${folder}/filler`);
    // the same process goes on once there is room
    assert.deepEqual(open.keep(snapshotOf(figures, { time: step(3) }), {}), []);
  }
  const after = run(state, figures, { time: step(4) });
  assert.equal(after.baseline.state, "warming_up", "the state was sound all the time");
  assert.deepEqual(after.unkept, []);
  await Deno.stdout.write(new TextEncoder().encode("sound\n"));
}

async function sh(line: string): Promise<void> {
  const { success, stderr } = await new Deno.Command("sh", { args: ["-c", line] }).output();
  assert.ok(success, new TextDecoder().decode(stderr));
}

for (const [what, says] of [["full", "a full disk"], ["read-only", "a disk that became read-only"]] as const) {
  Deno.test({
    name: `${says}: no state is kept, that is said, nothing throws, and the state stays sound`,
    ignore: Deno.uid() !== 0,
    async fn() {
      const folder = await Deno.makeTempDir();
      try {
        const [program = "", ...args] = [
          ...PRIVATE_MOUNTS,
          "sh",
          "-c",
          'mount -t tmpfs -o size=600k,mode=700 none "$1" && shift && exec "$@"',
          "sh",
          folder,
          Deno.execPath(),
          "run",
          "-q",
          "-A",
          "--no-check",
          new URL(import.meta.url).pathname,
          folder,
          what,
        ];
        const { stdout, stderr } = await new Deno.Command(program, { args }).output();
        assert.equal(new TextDecoder().decode(stdout), "sound\n", new TextDecoder().decode(stderr));
      } finally {
        await Deno.remove(folder, { recursive: true });
      }
    },
  });
}
