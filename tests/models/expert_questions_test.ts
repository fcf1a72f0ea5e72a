import assert from "node:assert/strict";
import { judge } from "../../src/commands/mod.ts";
import { type Category, readIntent } from "../../src/models/expert/intent.ts";
import { createExpert } from "../../src/models/expert/mod.ts";
import { type DiagnosticReply, type Host, reply as replySchema } from "../../src/protocol/mod.ts";
import { HEALTHY_HOST, hostWith, program, turn } from "./expert_turns.ts";

const ISSUES: readonly (readonly [string, Category])[] = [
  ["application randomly fails to connect to its database", "network"],
  ["curl: (7) connection refused", "network"],
  ["requests to the payment gateway time out", "network"],
  ["Temporary failure in name resolution", "name_resolution"],
  ["dns lookups are slow", "name_resolution"],
  ["nginx keeps crashing with a segfault", "process"],
  ["worker is killed and restarted", "process"],
  ["permission denied when reading /etc/app.conf", "file"],
  ["app says: no such file or directory", "file"],
  ["No space left on device", "disk"],
  ["the machine is very slow, 100% cpu", "cpu"],
  ["out of memory, swap is used up", "memory"],
];

Deno.test("readIntent() recognises the category of common complaints", () => {
  for (const [issue, category] of ISSUES) {
    assert.equal(readIntent(issue, HEALTHY_HOST.figures).asked[0], category, issue);
  }
});

Deno.test("readIntent() names no category for words that name none", () => {
  for (const issue of ["is anything wrong here?", "please report", "support wants an answer"]) {
    assert.deepEqual(readIntent(issue, HEALTHY_HOST.figures).asked, [], issue);
  }
});

Deno.test("readIntent() adds what the host's figures show", () => {
  const full = {
    mount_point: "/data",
    type: "ext4",
    size_bytes: 1e9,
    available_bytes: 0,
    used_percent: 100,
    inodes_used_percent: 3,
    read_only: false,
  };
  const { figures } = hostWith({ filesystems: [full], cpu_busy_percent: 99, load_1m: 9, oom_kills: 2 });
  assert.deepEqual(readIntent("what is wrong?", figures).from_figures, ["disk", "cpu", "memory"]);
  const image = hostWith({ filesystems: [{ ...full, read_only: true }] });
  assert.deepEqual(readIntent("what is wrong?", image.figures).from_figures, []);
});

Deno.test("readIntent() takes a CPU that is busy for a moment for no fault", () => {
  assert.deepEqual(
    readIntent("what is wrong?", hostWith({ cpu_busy_percent: 99, load_1m: 0.4 }).figures).from_figures,
    [],
  );
});

Deno.test("readIntent() tells host names from file names", () => {
  const { host_names } = readIntent("db.example.com fails, see app.conf and a.b; rm -rf /", HEALTHY_HOST.figures);
  assert.deepEqual(host_names, ["db.example.com"]);
});

Deno.test("the expert's first questions keep the contract and only use commands that may run", async () => {
  const issues = [...ISSUES.map(([issue]) => issue), "is anything wrong?", "www.example.org does not resolve"];
  for (const issue of issues) {
    const request = await firstRequest(issue);
    assert.deepEqual(replySchema.parse(JSON.parse(JSON.stringify(request))), request);
    assert(request.ebpf_programs.length >= 3 && request.ebpf_programs.length <= 8, issue);
    assert(request.ebpf_programs.every(({ duration }) => duration === 10), issue);
    assert(request.ebpf_programs.every(({ type, target }) => type === (target === "cpu-time" ? "tool" : "tracepoint")));
    for (const asked of request.commands) {
      assert("command" in asked && typeof asked.command === "string");
      const { command } = asked;
      const verdict = judge(command);
      assert.equal(verdict.kind, "allowed", `${command}: ${JSON.stringify(verdict)}`);
    }
  }
});

Deno.test("the expert asks for the programs of the category that the issue names", async () => {
  const targets = async (issue: string): Promise<string[]> =>
    (await firstRequest(issue)).ebpf_programs.map(({ target }) => target);
  assert((await targets("cannot connect to the database")).includes("syscalls/sys_enter_connect"));
  assert((await targets("service crashes")).includes("signal/signal_generate"));
  assert((await targets("no space left on device")).includes("syscalls/sys_enter_write"));
  assert((await targets("permission denied")).includes("syscalls/sys_enter_openat"));
  assert((await targets("high cpu load")).includes("cpu-time"));
  assert((await targets("out of memory")).includes("oom/mark_victim"));
});

Deno.test("the expert watches longer when a fault that comes and goes did not come", async () => {
  const first = await firstRequest("connections randomly fail");
  const nothing = { ...turn([program("connects", "syscalls/sys_enter_connect", [])]), request: first };
  const answer = async (rounds_left: number): Promise<string> => {
    const { reply } = await ask("connections randomly fail", { turns: [nothing], rounds_left });
    return reply.response_type === "diagnostic" ? `${reply.ebpf_programs[0]?.duration} s` : reply.root_cause;
  };
  assert.equal(await answer(7), "20 s");
  assert.match(await answer(1), /^Insufficient evidence/);
});

async function firstRequest(issue: string): Promise<DiagnosticReply> {
  const { reply } = await ask(issue, { turns: [], rounds_left: 8 });
  assert(reply.response_type === "diagnostic");
  return reply;
}

function ask(
  issue: string,
  asked: {
    readonly turns: Parameters<ReturnType<typeof createExpert>["answer"]>[0]["turns"];
    readonly rounds_left: number;
  },
  host: Host = HEALTHY_HOST,
): ReturnType<ReturnType<typeof createExpert>["answer"]> {
  return createExpert().answer({ issue, host, messages: [], ...asked }, { signal: new AbortController().signal });
}
