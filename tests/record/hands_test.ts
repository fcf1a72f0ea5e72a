import assert from "node:assert/strict";
import { runTurn } from "../../src/agent/turn.ts";
import { commandResult, diagnosticReply, ebpfResult, type Turn } from "../../src/protocol/mod.ts";
import { handsThatKnow, recordedHands, requestThatRan } from "../../src/record/hands.ts";
import { runWithSh, startWithoutPrivileges } from "../agent/hands.ts";
import { SAMPLE_RUN } from "../support/sample_run.ts";

const [TURN] = SAMPLE_RUN.turns as [Turn];

Deno.test("recordedHands() hand out again exactly what a request had", async () => {
  const { not_recorded, ...hands } = recordedHands([TURN]);
  assert.deepEqual({ request: TURN.request, ...await runTurn(TURN.request, hands) }, TURN);
  assert.deepEqual(not_recorded, []);
});

Deno.test("recordedHands() know a line and a program under other names, and nothing that was not recorded", async () => {
  const hands = recordedHands([TURN]);
  const [connects] = TURN.request.ebpf_programs;
  const request = diagnosticReply.parse({
    response_type: "diagnostic",
    commands: [
      { id: "who_listens", command: "ss -ltn", description: "ports" },
      { id: "disk", command: "df -h" },
    ],
    ebpf_programs: [
      { ...connects, name: "attempts", duration: 25 },
      { ...connects, name: "of_nginx", filters: { comm: "nginx" } },
    ],
  });
  const { command_results: [listens, disk], ebpf_results } = await runTurn(request, hands);
  const [recorded] = TURN.command_results;
  assert.deepEqual(listens, { ...recorded, id: "who_listens", description: "ports" });
  assert.match(disk!.error!, /this is a replay, and this line is not in the record.* holds: ss -ltn; rm -rf/);
  commandResult.parse(disk);

  const { attempts_1700000000: attempts, of_nginx_0: nginx } = ebpf_results;
  assert.deepEqual(attempts, { ...TURN.ebpf_results["connects_1700000000"]!, program_name: "attempts" });
  assert.match(nginx!.error!, /this is a replay, and it is not in the record/);
  assert.match(nginx!.hint!, /tracepoint syscalls\/sys_enter_connect; kprobe tcp_sendmsgg/);
  ebpfResult.parse(nginx);
  assert.deepEqual(hands.not_recorded, ["tracepoint syscalls/sys_enter_connect", "df -h"]);
});

Deno.test("recordedHands() hand out results of the same line in the order in which they came", async () => {
  const load = (id: string, stdout: string) => ({
    ...TURN.command_results[0]!,
    id,
    command: "cat /proc/loadavg",
    stdout,
  });
  const turns = [
    { ...TURN, command_results: [load("load", "1")] },
    { ...TURN, command_results: [load("load_2", "2")] },
  ];
  const { runCommand } = recordedHands(turns);
  const asked = async (id: string) => {
    const signal = new AbortController().signal;
    return (await runCommand({ id, command: "cat /proc/loadavg" }, { signal })).stdout;
  };
  assert.deepEqual([await asked("load_2"), await asked("x"), await asked("y")], ["2", "1", "2"]);
});

Deno.test("handsThatKnow() run only commands whose result is not known", async () => {
  const known = { ...TURN.command_results[0]!, id: "a", command: "echo a", stdout: "of before" };
  const hands = handsThatKnow({ runCommand: runWithSh, startPrograms: startWithoutPrivileges }, [known]);
  const request = diagnosticReply.parse({
    response_type: "diagnostic",
    commands: [{ id: "a", command: "echo a" }, { id: "b", command: "echo a" }],
  });
  const { command_results } = await runTurn(request, hands);
  assert.deepEqual(command_results.map(({ stdout }) => stdout), ["of before", "a\n"]);
});

Deno.test("requestThatRan() leaves out what an operator took out", () => {
  assert.deepEqual(requestThatRan(TURN), TURN.request);
  const { connects_1700000000: connects } = TURN.ebpf_results;
  const [listeners, , quiet] = TURN.command_results;
  const request = { ...TURN.request, commands: [...TURN.request.commands, { id: "output:listeners", lines: "1-2" }] };
  const slice = { ...quiet!, id: "output:listeners", command: "output:listeners lines 1-2" };
  const ran = requestThatRan({
    request,
    command_results: [listeners!, quiet!, slice],
    ebpf_results: { connects_1700000000: connects! },
  });
  assert.deepEqual(ran.commands.map(({ id }) => id), ["listeners", "quiet", "output:listeners"]);
  assert.deepEqual(ran.ebpf_programs.map(({ name }) => name), ["connects"]);
});
