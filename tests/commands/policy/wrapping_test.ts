/** Whatever is put around a refused line, it stays refused; whatever a line is, it gets a verdict. */
import assert from "node:assert/strict";
import { judge, NO_RULES, operatorRules, type Rules } from "../../../src/commands/mod.ts";

/** Refused in themselves, each for another reason. */
const REFUSED = [
  "rm -rf /tmp/x",
  "reboot",
  "eval uptime",
  "sh -c reboot",
  "python3 -c 'print(1)'",
  "find /tmp -delete",
  "find /tmp -exec rm {} +",
  "sort -o /tmp/x /etc/hosts",
  "awk 'BEGIN { system(\"rm x\") }'",
  "sed -i s/a/b/ /etc/hosts",
  "systemctl restart nginx",
  "ip link set eth0 down",
  "sysctl -w vm.swappiness=1",
  "date -s 2020-01-01",
  "echo x > /etc/motd",
  "tee /etc/motd",
  "dd if=/dev/zero of=/dev/sda",
  "cat /dev/mem",
  "uptime &",
  "PATH=/tmp uptime",
  "tar -cf /tmp/x.tar /etc",
  "docker exec web reboot",
  "kubectl delete pod x",
  "curl -X POST http://127.0.0.1/",
  "crontab -r",
  "kill -9 1",
];

type Wrap = (line: string) => string;

/** Around whole lines. */
const AROUND: readonly Wrap[] = [
  (line) => `(${line}\n)`,
  (line) => `{ ${line}\n}`,
  (line) => `true; ${line}`,
  (line) => `${line}\ntrue`,
  (line) => `true && ${line}`,
  (line) => `false || ${line}`,
  (line) => `! ${line}`,
  (line) => `ls | { ${line}\n}`,
  (line) => `{ ${line}\n} | head -5`,
  (line) => `{ ${line}\n} >/dev/null 2>&1`,
  (line) => `echo "$(${line}\n)"`,
  (line) => `echo $(${line}\n)`,
  (line) => `echo "\${x:-$(${line}\n)}"`,
  (line) => `x=$(${line}\n)`,
  (line) => `LC_ALL=$(${line}\n) uptime`,
  (line) => `if true; then\n${line}\nfi`,
  (line) => `if ${line}\nthen uptime; fi`,
  (line) => `if false; then uptime; elif ${line}\nthen uptime; fi`,
  (line) => `for i in 1; do\n${line}\ndone`,
  (line) => `for i in $(${line}\n); do echo; done`,
  (line) => `while\n${line}\ndo :; done`,
  (line) => `while true; do ${line}\ndone`,
  (line) => `until false; do ${line}\ndone`,
  (line) => `case x in x)\n${line}\n;; esac`,
  (line) => `case $(${line}\n) in *) uptime ;; esac`,
  (line) => `ls < "$(${line}\n)"`,
  (line) => `[ -n "$(${line}\n)" ]`,
  (line) => `[[ -n $(${line}\n) ]]`,
  (line) => `cat <(${line}\n)`,
  (line) => `cat <<< "$(${line}\n)"`,
  (line) => `cat <<E\n$(${line})\nE`,
  (line) => `echo $((1 + $(${line}\n)))`,
  (line) => `tail -f /var/log/syslog; ${line}`,
  (line) => `cat /etc/shadow; ${line}`,
  (line) => `echo {a,b}; ${line}`,
  (line) => `time ${line}`,
];
/** Before a simple command. */
const BEFORE: readonly Wrap[] = [
  ...["command ", "env ", "sudo ", "sudo -n ", "timeout 5 ", "timeout -s KILL 5 ", "nice -n 5 ", "ionice -c 3 "]
    .concat(["xargs ", "echo a | xargs -I{} ", "LC_ALL=C ", "</dev/null ", "2>/dev/null ", "env LC_ALL=C "])
    .map((prefix): Wrap => (line) => prefix + line),
];
const SIMPLE = REFUSED.filter((line) => !/[&=>]/.test(line) && !line.startsWith("eval"));

function random(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor(state / 2 ** 32 * below);
  };
}

Deno.test("judge() refuses a refused line however it is wrapped, also several times", () => {
  const next = random(11);
  for (const line of REFUSED) assert.equal(judge(line).kind, "refused", line);
  for (const line of REFUSED) {
    for (const wrap of AROUND) assert.equal(judge(wrap(line)).kind, "refused", wrap(line));
  }
  for (const line of SIMPLE) {
    for (const wrap of BEFORE) assert.equal(judge(wrap(line)).kind, "refused", wrap(line));
  }
  for (let round = 0; round < 3000; round++) {
    let line = SIMPLE[next(SIMPLE.length)]!;
    for (let n = next(3); n > 0; n--) line = BEFORE[next(BEFORE.length)]!(line);
    for (let n = 1 + next(4); n > 0; n--) line = AROUND[next(AROUND.length)]!(line);
    assert.equal(judge(line).kind, "refused", line);
  }
});

Deno.test("judge() refuses a refused program however its words are quoted or kept in variables", () => {
  for (const line of SIMPLE.filter((each) => !/['"{]/.test(each))) {
    const words = line.split(" ");
    for (const [at, word] of words.entries()) {
      for (const quoted of quotings(word)) {
        const changed = words.with(at, quoted).join(" ");
        assert.equal(judge(changed).kind, "refused", changed);
      }
      for (const variable of [`v=${word}; `, `for v in ${word}; do `, `v=x; v='${word}'; `]) {
        for (const use of ["$v", '"$v"', "${v}", "${v:-x}", "${v#}", "$v$u"]) {
          const changed = variable + words.with(at, use).join(" ") + (variable.startsWith("for") ? "; done" : "");
          assert.equal(judge(changed).kind, "refused", changed);
        }
      }
    }
  }
});

function* quotings(word: string): Generator<string> {
  for (let i = 0; i < word.length; i++) {
    const code = word.charCodeAt(i).toString(16);
    for (
      const piece of [`'${word[i]}'`, `"${word[i]}"`, `\\${word[i]}`, `''${word[i]}`, `\\\n${word[i]}`, `$'\\x${code}'`]
    ) {
      yield word.slice(0, i) + piece + word.slice(i + 1);
    }
  }
}

Deno.test("judge() never lifts a refusal of syntax, whatever the operator allows", () => {
  const rules: Rules = { ...NO_RULES, allow: operatorRules(["rm", "python3", "docker", "program/writes"]) };
  for (
    const line of ["rm x > /etc/motd", "PATH=/tmp rm x", "rm x &", "$(echo rm) x", "eval rm x", "f() { rm x; }; f"]
  ) {
    assert.equal(judge(line, rules).kind, "refused", line);
  }
});

const PIECES =
  ("ls|rm|x=|$x|$(|`|)|(|{|}|;|&|||&&|<|>|'|\"|\\|\n| | |*|/dev/mem|-delete|find|awk|sed|case|in|esac|do|done|" +
    "for|if|fi|then|while|${|:-|$((|))|#|!|é|\u{1F600}|\t|[|]|[[|]]|=|~|<<E|\nE\n|<<<|<(|{a,b}|$'|&>|2>&1|>&|timeout 5|sudo|" +
    "xargs|tail -f|yes|/dev/zero|/etc/shadow|while true; do|read|\u0000|\r|\ud800|\ue001").split("|");

Deno.test("judge() gives a verdict on any text, and what it says runs stays as it is", () => {
  const next = random(42);
  const made: Record<string, number> = {};
  for (let round = 0; round < 20_000; round++) {
    const line = Array.from({ length: 1 + next(14) }, () => PIECES[next(PIECES.length)]).join("");
    made[check(line)] = (made[check(line)] ?? 0) + 1;
    const leading = /^rm( |$)|[;|&\n(] *rm( |$)/.test(line) && !/['"\\#]|case|<<|\[/.test(line);
    if (leading) assert.equal(judge(line).kind, "refused", line);
  }
  // A generator that makes nothing but nonsense would prove nothing.
  assert.ok((made.allowed ?? 0) > 100 && (made.changed ?? 0) > 10 && (made.refused ?? 0) > 1000, JSON.stringify(made));
});

Deno.test("judge() gives a verdict on random bytes and on lines with random damage", () => {
  const next = random(1234);
  for (let round = 0; round < 10_000; round++) {
    const bytes = Uint8Array.from({ length: next(60) }, () => next(4) === 0 ? next(256) : 32 + next(95));
    check(new TextDecoder("latin1").decode(bytes));
  }
  for (let round = 0; round < 10_000; round++) {
    const line = AROUND[next(AROUND.length)]!(REFUSED[next(REFUSED.length)]!);
    const [from, to] = [next(line.length), next(line.length)].sort((a, b) => a - b);
    check(next(2) === 0 ? line.slice(0, from) + line.slice(to) : line.slice(0, to) + line.slice(from));
  }
});

/** A verdict of the right shape, whose line to run is judged to run just so; returns its kind. */
function check(line: string): string {
  const verdict = judge(line);
  if (verdict.kind !== "allowed") {
    assert.ok(verdict.reason !== "" && verdict.rule !== "policy/failed", `${line}: ${verdict.rule} ${verdict.reason}`);
    const { start, end, text } = verdict.piece;
    assert.ok(text.endsWith("…") || line.slice(start, end) === text, line);
  }
  if (verdict.kind !== "refused") {
    const again = judge(verdict.runs);
    assert.equal(again.kind === "refused" ? again.rule : again.runs, verdict.runs, line);
    assert.equal(again.kind === "refused" ? "" : again.shell, verdict.shell, line);
  }
  if (verdict.kind === "allowed") assert.equal(verdict.runs, line);
  return verdict.kind;
}
