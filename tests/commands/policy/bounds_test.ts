/** What never ends gets a bound, at the right place of the line. */
import assert from "node:assert/strict";
import { judge, runCommand } from "../../../src/commands/mod.ts";

Deno.test("judge() bounds what never ends, wherever it stands in the line", () => {
  const cut = "| head -c 65536";
  const changed: readonly (readonly [line: string, rule: string, runs: string])[] = [
    ["tail -f /var/log/syslog", "tail/endless", "timeout 5 tail -f /var/log/syslog"],
    ["uptime && tail -f /x || df", "tail/endless", "uptime && timeout 5 tail -f /x || df"],
    ["sudo tail -f /x | grep -i err", "tail/endless", "timeout 5 tail -f /x | grep -i err"],
    ["LC_ALL=C tail -f /x 2>/dev/null", "tail/endless", "LC_ALL=C timeout 5 tail -f /x 2>/dev/null"],
    ["2>/dev/null tail -f /x", "tail/endless", "2>/dev/null timeout 5 tail -f /x"],
    ["command tail -f /x", "tail/endless", "command timeout 5 tail -f /x"],
    ["timeout 300 tail -f /x", "tail/endless", "timeout 5 timeout 300 tail -f /x"],
    ["timeout 0 tail -f /x", "tail/endless", "timeout 5 timeout 0 tail -f /x"],
    ["timeout -s 0 5 tail -f /x", "tail/endless", "timeout 5 timeout -s 0 5 tail -f /x"],
    ["x=-f; tail $x /y", "tail/endless", "x=-f; timeout 5 tail $x /y"],
    ["cat /dev/zero", "file/endless", `timeout 5 cat /dev/zero ${cut}`],
    ["cat /dev/zero 2>&1 | od | head", "file/endless", `timeout 5 cat /dev/zero 2>&1 ${cut} | od | head`],
    ["x=$(cat /dev/urandom); echo", "file/endless", `x=$(timeout 5 cat /dev/urandom ${cut}); echo`],
    ['echo "$(od /dev/sda)"', "file/endless", `echo "$(timeout 5 od /dev/sda ${cut})"`],
    ["for i in 1 2; do cat /dev/zero; done", "file/endless", `for i in 1 2; do timeout 5 cat /dev/zero ${cut}; done`],
    ["wc -c < /dev/zero", "file/endless", `timeout 5 wc -c < /dev/zero ${cut}`],
    ["cat /dev/zero | head -c 100", "file/endless", "timeout 5 cat /dev/zero | head -c 100"],
    ["cat /dev/zero; tail -f /x", "file/endless", `timeout 5 cat /dev/zero ${cut}; timeout 5 tail -f /x`],
    [
      "while true; do uptime; sleep 1; done",
      "loop/endless",
      "for ktriage_round in 1 2 3 4 5 6 7 8 9 10; do uptime; sleep 1; done",
    ],
    [
      "until false\ndo tail -f /x; done",
      "loop/endless",
      "for ktriage_round in 1 2 3 4 5 6 7 8 9 10; do timeout 5 tail -f /x; done",
    ],
  ];
  for (const [line, rule, runs] of changed) {
    const verdict = judge(line);
    assert.equal(verdict.kind, "changed", `${line}: ${JSON.stringify(verdict)}`);
    assert.ok(verdict.kind === "changed" && verdict.reason !== "");
    assert.deepEqual([verdict.rule, verdict.runs], [rule, runs], line);
    assert.equal(judge(runs).kind, "allowed", runs);
  }
});

Deno.test("judge() leaves alone what the line itself bounds", () => {
  for (
    const line of [
      "timeout 10 tail -f /x",
      "nice timeout 3s tail -f /x",
      "timeout -k 2 10 tail -f /x",
      "head -c 100 /dev/zero",
      "timeout 5 cat /dev/zero | head -c 100",
      "while [ -f /x ]; do sleep 1; done",
      "for i in 1 2 3; do uptime; done",
    ]
  ) {
    assert.equal(judge(line).kind, "allowed", line);
  }
});

Deno.test("judge() refuses what never ends where no bound can be put", () => {
  for (
    const line of ["while read -r x; do echo; done < /dev/zero", "read x < /dev/zero", "echo `echo \\`tail -f /x\\``"]
  ) {
    const verdict = judge(line);
    assert.ok(verdict.kind === "refused" && verdict.rule.endsWith("/endless"), `${line}: ${JSON.stringify(verdict)}`);
    assert.match(verdict.reason, /cannot be added here/);
  }
});

Deno.test("runCommand() runs the bounded line, and tells what was changed", async () => {
  const result = await runCommand({ id: "z", command: "cat /dev/zero | tr '\\0' x" });
  assert.equal(result.changed?.rule, "file/endless");
  assert.equal(result.changed?.runs, "timeout 5 cat /dev/zero | head -c 65536 | tr '\\0' x");
  assert.equal(result.exit_code, 0);
  assert.equal(result.stdout, "x".repeat(65_536));

  const loop = await runCommand({ id: "l", command: "while true; do echo round; done" });
  assert.equal(loop.stdout, "round\n".repeat(10));
});

Deno.test("runCommand() runs bash's syntax in bash", async () => {
  const line = `[[ it == i* ]] && cat <<< "it's" && echo {a,b} $'c\\td'`;
  const result = await runCommand({ id: "b", command: line });
  assert.equal(result.stdout, "it's\na b c\td\n", JSON.stringify(result));
});
