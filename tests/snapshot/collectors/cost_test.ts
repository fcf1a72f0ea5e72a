/** What the collectors read of a big host: each file as often as it is needed, however many there are. */
import assert from "node:assert/strict";
import type { Sources } from "../../../src/snapshot/collector.ts";
import { COLLECTORS } from "../../../src/snapshot/collectors/mod.ts";
import { writtenSources } from "../recorded.ts";
import { lines, stat, tcp } from "./cases/case.ts";

const DISK = "5 0 40 20 5 0 40 20 0 100 40";

/** A host of so many processes, disks, control groups and sockets; answers are made up as they are asked for. */
function bigHost(
  size: number,
): { readonly sources: Sources; readonly end: () => void; readonly reads: Map<string, number> } {
  const reads = new Map<string, number>();
  const disks = Array.from({ length: size / 10 }, (_, at) => `sd${at}`);
  const groups = Array.from({ length: size / 20 }, (_, at) => `g${at}.service`);
  const { sources, end } = writtenSources({
    start: {
      "/proc/self/mountinfo": "30 20 0:26 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n",
      "/proc/stat": "cpu 1 2 3 4\ncpu0 1 2 3 4\n",
      "/proc/uptime": "90000.0 1.0\n",
      "/proc/diskstats": disks.map((name) => `8 0 ${name} ${DISK}\n`).join(""),
      "/proc/net/tcp": tcp([{ port: 443, waiting: 0, inode: 5 }], { "01": size }),
      "/proc/net/sockstat": "sockets: used 9\n",
    },
  });
  const count = (path: string) => {
    const kind = path.replace(/\d+/, "N").replace(/\bsdN\b/, "sd").replace(/gN?\d*\.service/, "g");
    reads.set(kind, (reads.get(kind) ?? 0) + 1);
  };
  return {
    end,
    reads,
    sources: {
      ...sources,
      text: (path) => {
        count(path);
        const pid = /^\/proc\/(\d+)\/stat$/.exec(path)?.[1];
        if (pid !== undefined) return stat(Number(pid), { threads: 3 });
        if (path.endsWith("/cpu.max")) return "100000 100000\n";
        if (path.endsWith("/cpu.stat")) return lines({ nr_periods: 5, nr_throttled: 0, throttled_usec: 0 });
        if (path.endsWith("/memory.max") || path.endsWith("/pids.max")) return "1000000000\n";
        return sources.text(path);
      },
      names: (path) => {
        count(`${path}/`);
        if (path === "/proc") return Array.from({ length: size }, (_, at) => String(at + 1));
        if (path === "/sys/block") return disks;
        if (/\/fd$/.test(path)) return ["0", "1", "2"];
        return sources.names(path);
      },
      folders: (path) => path === "/sys/fs/cgroup" ? groups : [],
      facts: (path) => {
        count(`${path}?`);
        return path.endsWith("/fd") ? { size_bytes: 12, modified_ms: 0, user_id: 1000 } : undefined;
      },
      link: (path) => {
        count(`${path}@`);
        return "/dev/null";
      },
    },
  };
}

async function readsOf(size: number): Promise<ReadonlyMap<string, number>> {
  const { sources, end, reads } = bigHost(size);
  const started = [];
  for (const { start } of COLLECTORS) started.push(await start(sources));
  end();
  for (const finish of started) await finish({ window_s: 10 });
  return reads;
}

Deno.test("10,000 processes are read twice, once at each end, and nothing of each but what is cheap", async () => {
  const reads = await readsOf(10_000);
  assert.equal(reads.get("/proc/N/stat"), 20_000);
  assert.equal(reads.get("/proc/N/fd?"), 10_000);
  const links = [...reads].filter(([kind]) => kind.endsWith("@")).reduce((sum, [, count]) => sum + count, 0);
  assert.ok(links <= 31_000, `${links} descriptors were looked at`);
  const files = [...reads].filter(([kind]) => /^\/proc\/N\/(?!fd)[^@]*$/.test(kind));
  assert.deepEqual(files, [["/proc/N/stat", 20_000]]);
});

Deno.test("twice the processes, disks, groups and sockets are at most twice the reads", async () => {
  const [once, twice] = [await readsOf(1000), await readsOf(2000)];
  for (const [kind, count] of twice) {
    assert.ok(count <= 2 * (once.get(kind) ?? 0) + 2, `${kind}: ${once.get(kind)} reads became ${count}`);
  }
  assert.equal(twice.get("/proc/diskstats"), 2);
  assert.equal(twice.get("/proc/net/tcp"), 2);
});
