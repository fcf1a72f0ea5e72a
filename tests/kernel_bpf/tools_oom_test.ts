/** The tool `oom-kills` against a control group that is full. */
import assert from "node:assert/strict";
import { oomKills } from "../../src/probes/tools/oom_kills.ts";
import { ControlGroup } from "../support/control_group.ts";
import { rowsOf, runTool } from "../support/tools.ts";
import { compiled } from "../support/workload.ts";

const LIMIT_BYTES = 48 << 20;
/** What a page table, and pages that the kernel charges late, may make of it. */
const ERROR_BYTES = 8 << 20;

for (const [way, { source }] of oomKills.ways.entries()) {
  Deno.test(`oom-kills (${source}) tells the victim, its memory and the control group that was full`, async () => {
    await using group = await ControlGroup.make("memory", LIMIT_BYTES);
    const path = await compiled("stalls");
    let victim = 0;
    // not a child of ktriage's while it runs: a shell that was there before starts it
    const shell = new Deno.Command("sh", {
      args: ["-c", `echo $$ > ${group.path}/cgroup.procs; read x; echo go | ${path} touch 256 & wait $!; echo $! $?`],
      stdin: "piped",
      stdout: "piped",
    }).spawn();
    const result = await runTool("oom-kills", async () => {
      const writer = shell.stdin.getWriter();
      await writer.write(new TextEncoder().encode("go\n"));
      await writer.close();
      const { stdout } = await shell.output();
      const [, pid, status] = /(\d+) (\d+)\n$/.exec(new TextDecoder().decode(stdout)) ?? [];
      assert.equal(status, "137");
      victim = Number(pid);
    }, { way });
    assert.equal(result.event_count, 1);
    const [row, ...others] = rowsOf(result.reading, "victims");
    assert.deepEqual(others, []);
    assert.equal(row!.process_id, victim);
    assert.equal(row!.process_name, "stalls");
    assert.equal(row!.user_id, 0);
    const resident = Number(row!.anon_rss) + Number(row!.file_rss);
    assert.ok(Math.abs(resident - LIMIT_BYTES) < ERROR_BYTES, `${resident} bytes resident`);
    assert.ok(Number(row!.total_vm) > 256 << 20);
    assert.equal(row!.out_of_memory, `control group ${group.name}`);
    assert.equal(row!.cgroup, group.name);
    const [event] = result.events;
    assert.ok(Math.abs(Number(BigInt(event!.timestamp) / 1_000_000n) - Date.now()) < 60_000);
    assert.match(
      result.summary,
      new RegExp(`ended 1 process for want of memory: stalls \\(${victim}\\) with 4\\d MiB`),
    );
  });

  Deno.test(`oom-kills (${source}) tells none where there is none, though the log still has old ones`, async () => {
    const result = await runTool("oom-kills", async () => {}, { way });
    assert.equal(result.event_count, 0);
    assert.deepEqual([...rowsOf(result.reading, "victims"), ...result.events], []);
  });
}
