/** The tools cpu-time and run-queue-latency, held against the kernel's own account of each task (schedstat, status). */
import assert from "node:assert/strict";
import { rowsOf, runTool } from "../support/tools.ts";
import { Workload } from "../support/workload.ts";

const PINNED = { within: ["taskset", "-c", "0"] };

interface Account {
  readonly ran_ns: number;
  readonly wait_ns: number;
  readonly involuntary: number;
}

function accountOf(pid: number): Account {
  const [ran_ns, wait_ns] = Deno.readTextFileSync(`/proc/${pid}/schedstat`).split(" ").map(Number);
  const status = Deno.readTextFileSync(`/proc/${pid}/status`);
  return {
    ran_ns: ran_ns!,
    wait_ns: wait_ns!,
    involuntary: Number(/^nonvoluntary_ctxt_switches:\s*(\d+)/m.exec(status)?.[1]),
  };
}

function since(pid: number, before: Account): Account {
  const now = accountOf(pid);
  return {
    ran_ns: now.ran_ns - before.ran_ns,
    wait_ns: now.wait_ns - before.wait_ns,
    involuntary: now.involuntary - before.involuntary,
  };
}

/** Within this share of the other figure, and some milliseconds between the two readings. */
function assertNear(actual: number, expected: number, what: string) {
  const slack_ns = 20e6 + 0.05 * expected;
  assert.ok(Math.abs(actual - expected) <= slack_ns, `${what}: ${actual} instead of ${expected}`);
}

for (const way of [0, 1, 2]) {
  Deno.test(`cpu-time, way ${way}: the time of a busy process and of a sleeping one, and switches, are the kernel's`, async () => {
    await using busy = await Workload.start(["storm", "1"]);
    await using asleep = await Workload.start(["sleeps", "20"]);
    let account: Account | undefined, sleeping: Account | undefined;
    const { reading } = await runTool("cpu-time", async () => {
      const before = accountOf(busy.pid), before_sleeping = accountOf(asleep.pid);
      await Promise.all([busy.go(), asleep.go()]);
      account = since(busy.pid, before);
      sleeping = since(asleep.pid, before_sleeping);
    }, { way });
    const rows = rowsOf(reading, "by_process"), [row] = rows.filter(({ process_id }) => process_id === busy.pid);
    assertNear(Number(row?.["ran_ns"]), account!.ran_ns, "time on a CPU");
    const involuntary = Number(row?.["involuntary"]);
    assert.ok(
      Math.abs(involuntary - account!.involuntary) <= 3,
      `${involuntary} switches, not ${account!.involuntary}`,
    );
    const slept = Number(rows.find(({ process_id }) => process_id === asleep.pid)?.["ran_ns"] ?? 0);
    assertNear(slept, sleeping!.ran_ns, "time of the sleeping process");
    assert.equal(rows.find(({ process_id }) => process_id === Deno.pid), undefined, "ktriage itself");
  });

  Deno.test(`run-queue-latency, way ${way}: two that share a CPU wait as long as the kernel says`, async () => {
    await using one = await Workload.start(["storm", "1"], PINNED);
    await using other = await Workload.start(["storm", "1"], PINNED);
    let account: Account | undefined;
    const { reading } = await runTool("run-queue-latency", async () => {
      const before = accountOf(one.pid);
      await Promise.all([one.go(), other.go()]);
      account = since(one.pid, before);
    }, { way });
    const rows = rowsOf(reading, "by_process");
    assertNear(
      Number(rows.find(({ process_id }) => process_id === one.pid)?.["total_wait_ns"]),
      account!.wait_ns,
      "waiting",
    );
    assert.ok(account!.wait_ns > 100e6, "they did not share a CPU");
    if (way < 2) assert.equal(reading.histograms[0]?.count, reading.figures["waits"]);
  });
}

Deno.test("cpu-time: a process whose CPU is taken away waits as long as the kernel says", async () => {
  await using one = await Workload.start(["storm", "1"], PINNED);
  await using other = await Workload.start(["storm", "1"], PINNED);
  let account: Account | undefined;
  const { reading } = await runTool("cpu-time", async () => {
    const before = accountOf(one.pid);
    await Promise.all([one.go(), other.go()]);
    account = since(one.pid, before);
  });
  const [row] = rowsOf(reading, "by_process").filter(({ process_id }) => process_id === one.pid);
  assertNear(Number(row?.["waited_ns"]), account!.wait_ns, "waiting");
});

Deno.test("run-queue-latency: other processes are not in what a filter lets through", async () => {
  await using one = await Workload.start(["storm", "1"], PINNED);
  await using other = await Workload.start(["storm", "1"], PINNED);
  const { reading } = await runTool("run-queue-latency", async () => void await Promise.all([one.go(), other.go()]), {
    filters: { pid: one.pid },
  });
  assert.deepEqual(rowsOf(reading, "by_process").map(({ process_id }) => process_id), [one.pid]);
});

Deno.test("cpu-time: processes that have ended are there, under the name of what they executed", async () => {
  await using workload = await Workload.start(["execs", "30"]);
  const { reading } = await runTool("cpu-time", () => workload.go(), { filters: { comm: "true" } });
  const { rows, omitted_rows = 0 } = reading.tables.find(({ name }) => name === "by_process")!;
  assert.equal(rows.length + omitted_rows, 30);
  assert.deepEqual(new Set(rows.map(([, name]) => name)), new Set(["true"]));
});
