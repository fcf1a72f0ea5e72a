import assert from "node:assert/strict";
import { parseOomKills } from "../../../src/kernel/host/oom_log.ts";

/** As /dev/kmsg hands them over. */
function records(...messages: readonly string[]): string {
  return messages.map((message, i) => `6,${i},${1000 * i},-;${message}\n`).join("");
}

Deno.test("parseOomKills() joins the numbers of a victim with its control group", () => {
  const log = records(
    "stalls invoked oom-killer: gfp_mask=0xcc0(GFP_KERNEL), order=0, oom_score_adj=0",
    "oom-kill:constraint=CONSTRAINT_MEMCG,nodemask=(null),cpuset=/,mems_allowed=0,oom_memcg=/a,task_memcg=/a/b,task=stalls,pid=42,uid=7",
    "Memory cgroup out of memory: Killed process 42 (stalls) total-vm:2048kB, anon-rss:1024kB, file-rss:8kB, shmem-rss:4kB, UID:7 pgtables:40kB oom_score_adj:-5",
  );
  assert.deepEqual(parseOomKills(log), [{
    process_id: 42,
    process_name: "stalls",
    total_vm_bytes: 2 << 20,
    anon_rss_bytes: 1 << 20,
    file_rss_bytes: 8192,
    shmem_rss_bytes: 4096,
    user_id: 7,
    page_tables_bytes: 40960,
    oom_score_adj: -5,
    constraint: "CONSTRAINT_MEMCG",
    full_cgroup: "/a",
    cgroup: "/a/b",
    at_us: 2000,
  }]);
});

Deno.test("parseOomKills() knows the host's want of memory, and what older kernels write", () => {
  const [host] = parseOomKills(records(
    "oom-kill:constraint=CONSTRAINT_NONE,nodemask=(null),cpuset=/,mems_allowed=0,global_oom,task_memcg=/,task=deno,pid=9,uid=0",
    "Out of memory: Killed process 9 (deno) total-vm:51824888kB, anon-rss:22650704kB, file-rss:8244kB, shmem-rss:432kB, UID:0 pgtables:45480kB oom_score_adj:0",
  ));
  assert.deepEqual([host!.constraint, host!.full_cgroup, host!.cgroup], ["CONSTRAINT_NONE", undefined, "/"]);
  const [old] = parseOomKills(records("Killed process 9 (a) b) total-vm:4kB, anon-rss:4kB, file-rss:0kB"));
  assert.deepEqual([old!.process_name, old!.anon_rss_bytes, old!.user_id, old!.constraint], [
    "a) b",
    4096,
    undefined,
    undefined,
  ]);
});

Deno.test("parseOomKills() takes neither what only looks like it, nor text that is no log", () => {
  assert.deepEqual(parseOomKills("Killed process 9 (a) total-vm:4kB, anon-rss:4kB, file-rss:0kB\n"), []); // no record
  assert.deepEqual(parseOomKills(records("process 9 (a) was killed")), []);
  for (const text of ["", "\0", "6,1", "6,1,2,-;", "6,1,2,-;Killed process x (y)"]) {
    assert.deepEqual(parseOomKills(text), []);
  }
});
