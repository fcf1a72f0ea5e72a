/** File systems of servers that do not answer: who is asked, how often, and what becomes of the rest. */
import assert from "node:assert/strict";
import type { AskedMount, Space } from "../../../src/snapshot/collector.ts";
import { filesystems } from "../../../src/snapshot/collectors/filesystems.ts";
import type { Files } from "../recorded.ts";
import { told, writtenSources } from "../recorded.ts";
import { GiB, stat } from "./cases/case.ts";

const FULL: Space = { size_bytes: 100 * GiB, available_bytes: 0, inodes: 0, inodes_free: 0 };
const share = (at: number) => `${at} 20 0:${at} / /mnt/${at} rw - nfs4 nas:/export/${at} rw\n`;
const ROOT = "30 20 8:1 / / rw - ext4 /dev/sda1 rw\n";
/** The local one stands last. */
const shares = (count: number) => Array.from({ length: count }, (_, at) => share(100 + at)).join("") + ROOT;

/** Local file systems are full; others do as `ask` does. */
async function look(files: Files, ask: (mount: AskedMount) => Promise<Space>) {
  const asked: string[] = [];
  const { sources, end } = writtenSources({ start: files });
  const finish = await filesystems.start({
    ...sources,
    space: async (mount) => {
      asked.push(mount.mount_point);
      return mount.type === "ext4" ? FULL : await ask(mount);
    },
  });
  end();
  return { asked, collected: await finish({ window_s: 10 }) };
}

async function silence(): Promise<never> {
  await new Promise((resolve) => setTimeout(resolve, 5));
  throw new Error("no answer within 500 ms");
}

Deno.test("a server with 300 dead mounts is asked once at a time and then left alone, after the local disk, which is told of", async () => {
  const { asked, collected } = await look({ "/proc/self/mountinfo": shares(300) }, silence);
  assert.deepEqual(told(collected), ["filesystem.full / critical"]);
  assert.equal(asked[0], "/");
  assert.ok(asked.length <= 1 + 8, `${asked.length} were asked`);
  assert.match(collected.state!.detail, /no answer|did not answer/);
});

Deno.test("of 300 mounts of a server that answers only some are asked, which is said", async () => {
  const { asked, collected } = await look(
    { "/proc/self/mountinfo": shares(300) },
    () => Promise.resolve({ ...FULL, available_bytes: 90 * GiB }),
  );
  assert.equal(asked.length, 1 + 64);
  assert.match(collected.state!.detail, /only 64 of 300 were asked/);
});

Deno.test("a mount for which a helper of an earlier snapshot still waits is not asked again", async () => {
  const files = (state: string): Files => ({
    "/proc/self/mountinfo": ROOT + "31 20 0:44 / /mnt/photos rw - fuse.sshfs box:/ rw\n",
    "/proc/9/stat": stat(9, { name: "stat", state }),
    "/proc/9/cmdline": "stat\0-f\0-c\0%S %b\0--\0/mnt/photos\0",
  });
  const stuck = await look(files("D"), silence);
  assert.deepEqual(stuck.asked, ["/"]);
  assert.match(stuck.collected.state!.detail, /still waits for it/);
  assert.deepEqual((await look(files("S"), silence)).asked, ["/", "/mnt/photos"]);
});
