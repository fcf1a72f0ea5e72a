import assert from "node:assert/strict";
import { parse, type Results, results } from "../../src/protocol/mod.ts";
import { ktriage, startKtriage } from "../support/cli.ts";

function resultsOf(stdout: string): Results {
  return results.parse(parse(stdout));
}

const REQUEST = {
  response_type: "diagnostic",
  reasoning: "what exits",
  commands: [{ id: "disk", command: "df -P /" }, { id: "cleanup", command: "rm -rf /nonexistent" }],
  ebpf_programs: [
    { name: "exits", type: "tracepoint", target: "sched/sched_process_exit", duration: 1 },
    { name: "typo", type: "tracepoint", target: "sched/sched_proces_exit", duration: 1 },
  ],
};

Deno.test("ktriage run - prints the results of commands and programs, failed ones included", async () => {
  const { code, stdout, stderr } = await ktriage(["run", "-"], { stdin: JSON.stringify(REQUEST) });
  assert.equal(code, 0, stderr);
  const { command_results, ebpf_results } = resultsOf(stdout);
  const [disk, cleanup] = command_results;
  assert.deepEqual([disk!.id, disk!.exit_code], ["disk", 0]);
  assert.match(disk!.stdout, /^Filesystem/);
  assert.match(cleanup!.refused!.reason, /rm/);
  const [exits, typo] = Object.values(ebpf_results);
  assert.equal(exits!.error, undefined);
  assert.match(Object.keys(ebpf_results)[0]!, /^exits_\d{10}$/);
  assert.match(typo!.error!, /sched_proces_exit: this kernel has no such event/);
  assert.match(typo!.hint!, /sched:sched_process_exit/);
  assert.match(stderr, /refused cleanup: rm -rf/);
});

Deno.test("ktriage run answers requests for functions, captures and aggregates, and refuses one alone", async () => {
  const request = {
    response_type: "diagnostic",
    ebpf_programs: [
      { name: "forks", type: "kprobe", target: "do_fork", duration: 1, aggregate: "count" },
      { name: "raw", type: "raw_tracepoint", target: "sched_process_exit", duration: 1, capture: ["p.tgid"] },
      { name: "reads", type: "kretprobe", target: "vfs_read", duration: 1, aggregate: "latency" },
      { name: "stacks", type: "kprobe", target: "schedule", duration: 1, aggregate: "stacks" },
    ],
  };
  const { code, stdout, stderr } = await ktriage(["run", "-"], { stdin: JSON.stringify(request) });
  assert.equal(code, 0, stderr);
  const [forks, raw, reads, stacks] = Object.values(resultsOf(stdout).ebpf_results);
  assert.match(forks!.attached_as!, /kernel_clone \(do_fork became kernel_clone/);
  assert.deepEqual([forks!.error, forks!.events, raw!.error, raw!.attached_as], [undefined, [], undefined, undefined]);
  const { count, histogram = [] } = reads!.aggregates!.latency!;
  assert.equal(histogram.reduce((sum, row) => sum + row.count, 0), count);
  assert.match(stacks!.error!, /Cannot aggregate kprobe:schedule by stacks/);
  assert.match(stderr, /attached forks: /);
});

Deno.test("ktriage trace shows what a function is attached as, and its latency as a histogram", async () => {
  const { code, stdout, stderr } = await ktriage(["trace", "kretprobe:vfs_read", "-d", "1", "--aggregate", "latency"]);
  assert.equal(code, 0, stderr);
  assert.match(stderr, /vfs_read/);
  assert.match(stdout, /^ +\S+ [nµm]?s –.*█/m);
  assert.match(stdout, /\n.* Half of \d+ calls took less than /);
});

Deno.test("ktriage run -q says nothing on standard error", async () => {
  const { code, stderr } = await ktriage(["run", "-q", "-"], {
    stdin: `{"response_type":"diagnostic","commands":[{"id":"a","command":"uptime"}]}`,
  });
  assert.deepEqual([code, stderr], [0, ""]);
});

Deno.test("ktriage run reads a file, and tells why it cannot", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const good = `${folder}/request.json`;
    await Deno.writeTextFile(good, `{"response_type":"diagnostic"}`);
    const { code, stdout } = await ktriage(["run", good]);
    assert.equal(code, 0);
    assert.deepEqual(resultsOf(stdout), { schema: "ktriage.results/1", command_results: [], ebpf_results: {} });

    await Deno.writeFile(`${folder}/binary`, Uint8Array.of(0xff, 0xfe, 0x00));
    const wrong: readonly (readonly [string, RegExp])[] = [
      [
        `${folder}/absent.json`,
        /^ktriage: Cannot read the request from .*absent\.json: there is no such file\.\n {2}→ /,
      ],
      [folder, /^ktriage: Cannot read the request from .*: it is a directory\.\n$/],
      [`${folder}/binary`, /^ktriage: Cannot read the request from .*binary: it is not UTF-8 text\.\n$/],
    ];
    for (const [path, told] of wrong) {
      const { code, stdout, stderr } = await ktriage(["run", path]);
      assert.deepEqual([code, stdout], [1, ""], path);
      assert.match(stderr, told);
    }
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("ktriage run refuses a request that is none, with the field and what it should be", async () => {
  const wrong: readonly (readonly [string, RegExp])[] = [
    ["", /Cannot run standard input: it is empty\./],
    ["not json", /Cannot run standard input: it is not JSON: /],
    [`{"response_type":"resolution"}`, /it is a resolution, the AI's answer, and asks for nothing\./],
    [
      `{"response_type":"diagnostic","commands":[{"id":1,"command":"df"}]}`,
      /\n {2}commands\[0\]\.id: .*expected string/,
    ],
  ];
  for (const [stdin, told] of wrong) {
    const { code, stdout, stderr } = await ktriage(["run", "-"], { stdin });
    assert.deepEqual([code, stdout], [1, ""], stdin);
    assert.match(stderr, told);
  }
});

const LONG = JSON.stringify({
  response_type: "diagnostic",
  commands: [{ id: "uptime", command: "uptime" }],
  ebpf_programs: [{ name: "exits", type: "tracepoint", target: "sched/sched_process_exit", duration: 300 }],
});

Deno.test("ktriage run ends tracing at the first Ctrl-C and still prints the results", async () => {
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    const started = performance.now();
    const running = startKtriage(["run", "-"], { stdin: LONG });
    await running.said("command uptime");
    running.kill(signal);
    const { code, stdout, stderr } = await running.finished;
    assert.equal(code, signal === "SIGINT" ? 130 : 143, stderr);
    assert.match(stderr, /Ending; results of what was seen follow/);
    const [exits] = Object.values(resultsOf(stdout).ebpf_results);
    assert.equal(exits!.error, undefined);
    assert.ok(performance.now() - started < 60_000, "long before the 300 s that the program asked for");
  }
});
