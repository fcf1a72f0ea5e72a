/** What the operator allows and denies. */
import assert from "node:assert/strict";
import { judge, NO_RULES, operatorRules, ruleFault, type Rules } from "../../../src/commands/mod.ts";

function rules({ allow = [], deny = [], hosts = [] }: { allow?: string[]; deny?: string[]; hosts?: string[] }): Rules {
  return { ...NO_RULES, allow: operatorRules(allow), deny: operatorRules(deny), allow_hosts: hosts };
}

/** The verdict, and the rule where it is a refusal. */
function told(line: string, given: Rules): string {
  const verdict = judge(line, given);
  return verdict.kind === "refused" ? `refused ${verdict.rule}` : verdict.kind;
}

Deno.test("an allowed program may run, by its name or by the words that its arguments begin with", () => {
  assert.equal(told("mytool --now", rules({})), "refused program/not-listed");
  assert.equal(told("nice mytool --now | wc -l", rules({ allow: ["mytool"] })), "allowed");
  assert.equal(told("mytool status -v", rules({ allow: ["mytool status"] })), "allowed");
  assert.equal(told("mytool delete", rules({ allow: ["mytool status"] })), "refused program/not-listed");
  assert.equal(told("mytool $x", rules({ allow: ["mytool status"] })), "refused program/not-listed");
  assert.equal(told("systemctl reload nginx", rules({ allow: ["systemctl reload"] })), "allowed");
  assert.match(told("systemctl restart nginx", rules({ allow: ["systemctl reload"] })), /^refused systemctl/);
  assert.equal(told("rm x", rules({ allow: ["rm"] })), "allowed");
  assert.equal(told("docker exec web mytool", rules({ allow: ["docker exec"] })), "allowed");
  assert.match(told("docker exec web mytool", rules({ allow: ["docker ps"] })), /^refused/);
});

Deno.test("an allowed program is not more than that: what is around it is judged as ever", () => {
  const given = rules({ allow: ["mytool", "sudo"] });
  assert.equal(told("mytool > /etc/motd", given), "refused redirect/write");
  assert.equal(told("mytool; rm x", given), "refused program/writes");
  assert.equal(told("mytool $(rm x)", given), "refused program/writes");
  assert.equal(told("sudo rm x", given), "refused program/writes");
  assert.equal(told("PATH=/tmp mytool", given), "refused assignment/environment");
  assert.equal(told("/tmp/mytool", given), "refused program/path");
});

Deno.test("an allowed rule is lifted by its id, and what was left to the operator runs", () => {
  assert.equal(told("cat /etc/shadow", rules({})), "needs_approval");
  assert.equal(told("cat /etc/shadow", rules({ allow: ["file/secret"] })), "allowed");
  assert.equal(told("cat /etc/shadow", rules({ allow: ["cat"] })), "allowed");
  assert.equal(told("wc -c < /etc/shadow", rules({ allow: ["file/secret"] })), "allowed");
  const kmsg = judge("cat /proc/kmsg");
  assert.ok(kmsg.kind === "refused");
  assert.equal(told("cat /proc/kmsg", rules({ allow: [kmsg.rule] })), "allowed");
  assert.equal(told("mytool", rules({ allow: ["program/not-listed"] })), "allowed");
  assert.equal(told("eval x", rules({ allow: ["program/not-listed"] })), "refused program/runs-anything");
});

Deno.test("what is denied is refused, also inside, also where it is allowed as well", () => {
  const given = rules({
    deny: ["uptime", "docker logs", "tail/endless", "file/secret"],
    allow: ["uptime", "file/secret"],
  });
  assert.equal(told("uptime", given), "refused operator/denied");
  assert.equal(told("echo $(nice uptime)", given), "refused operator/denied");
  assert.equal(told("docker ps", given), "allowed");
  assert.equal(told("docker logs web", given), "refused operator/denied");
  assert.equal(told("docker --log-level error logs web", given).startsWith("refused"), true);
  assert.equal(told('docker "$x" web', given).startsWith("refused"), true);
  assert.equal(told("tail -f /x", given), "refused operator/denied");
  assert.equal(told("tail -5 /x", given), "allowed");
  assert.equal(told("cat /etc/shadow", rules({ deny: ["file/secret"] })), "refused operator/denied");
  assert.equal(told("while true; do df; done", rules({ deny: ["loop/endless"] })), "refused operator/denied");
});

Deno.test("hosts that the operator allows may be asked by curl and wget", () => {
  const given = rules({ hosts: ["status.internal"] });
  assert.notEqual(told("curl -s https://status.internal/health", rules({})), "allowed");
  assert.equal(told("curl -s https://status.internal/health", given), "allowed");
  assert.equal(told("curl -s http://status.internal:8080/health", given), "allowed");
  for (
    const url of [
      "https://status.internal.evil.com/",
      "https://evil.com/status.internal",
      "https://status.internal@evil.com/",
      "https://evil.com#status.internal",
      "https://status.internal\\@evil.com/",
    ]
  ) {
    assert.notEqual(told(`curl -s '${url}'`, given), "allowed", url);
  }
  assert.notEqual(told("curl -s https://status.internal/ https://evil.com/", given), "allowed");
  assert.equal(told("curl -s -X DELETE https://status.internal/", given).startsWith("refused"), true);
});

Deno.test("ruleFault() tells what is no rule, and what cannot be allowed", () => {
  for (const rule of ["strace", "docker exec", "curl/host", "  ip route "]) {
    assert.equal(ruleFault(rule, "allow"), undefined);
  }
  for (const rule of ["", " ", "/usr/bin/strace", "syntax/unsupported", "redirect/write", "assignment/matters"]) {
    assert.ok(ruleFault(rule, "allow") !== undefined, rule);
  }
  for (
    const rule of [
      "eval",
      "exec",
      ".",
      "export",
      "trap",
      "cd",
      "source x",
      "sudo",
      "xargs",
      "program/unknown",
      "program/path",
    ]
  ) {
    assert.ok(ruleFault(rule, "allow") !== undefined, rule);
  }
  assert.equal(ruleFault("eval", "deny"), undefined);
  assert.equal(ruleFault("syntax/unsupported", "deny"), undefined);
});

Deno.test("an allowed id lifts its own refusal of a command, and no other one", () => {
  const lifted: readonly (readonly [line: string, id: string, told: string])[] = [
    ["curl -s -o /tmp/x http://localhost/", "curl/output", "allowed"],
    ["curl -s -o /tmp/x -X POST http://localhost/", "curl/output", "refused"],
    ["curl -s -X POST -o /tmp/x http://localhost/", "curl/output", "refused"],
    ["curl -s -XPOST http://localhost/", "curl/method", "allowed"],
    ["curl -s -XPOST -K /tmp/x http://localhost/", "curl/method", "refused"],
    ["sort -o /tmp/x /etc/passwd", "sort/write", "allowed"],
    ["sort -o /tmp/x --compress-program=sh /etc/passwd", "sort/write", "refused"],
    ["ss -K dst 10.0.0.1", "ss/kill", "allowed"],
    ["ss -KD /tmp/x", "ss/kill", "refused"],
    ["ss -K -D /tmp/x", "ss/kill", "refused"],
    ["systemctl restart nginx", "systemctl/verb", "allowed"],
    ["systemctl restart nginx --root=/x", "systemctl/verb", "refused"],
    ["mysql -e 'DROP TABLE x'", "mysql/sql", "allowed"],
    ["mysql -e 'DROP TABLE x' --plugin-dir=/x", "mysql/sql", "refused"],
  ];
  for (const [line, id, expected] of lifted) {
    assert.ok(told(line, rules({})).startsWith("refused"), line);
    assert.equal(told(line, rules({ allow: [id] })).split(" ")[0], expected, line);
  }
});
