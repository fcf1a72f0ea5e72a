import assert from "node:assert/strict";
import { judge } from "../../../src/commands/mod.ts";
import type { Verdict } from "../../../src/commands/mod.ts";

/** The rule that a line is refused by; its verdict where it is not refused. */
function refusedBy(line: string): string {
  const verdict = judge(line);
  return verdict.kind === "refused" ? verdict.rule : verdict.kind;
}

function only<Kind extends Verdict["kind"]>(line: string, kind: Kind): Extract<Verdict, { kind: Kind }> {
  const verdict = judge(line);
  assert.equal(verdict.kind, kind, `${line}: ${JSON.stringify(verdict)}`);
  return verdict as Extract<Verdict, { kind: Kind }>;
}

Deno.test("judge() lets a line that only reads run as it is", () => {
  const verdict = judge("df -h | awk '$5+0 > 80' && uptime");
  const needs = { capabilities: [], calls: [], local_sockets: false };
  assert.deepEqual(verdict, { kind: "allowed", runs: "df -h | awk '$5+0 > 80' && uptime", shell: "sh", needs });
});

Deno.test("judge() reads quoting, variables, loops and substitutions as the shell does", () => {
  for (
    const line of [
      "u'pt'ime; \"uptime\"; \\uptime",
      "for p in $(pgrep sshd); do cat /proc/$p/limits; done",
      'x=/proc/loadavg; cat "$x"',
      'cat "$HOME/.bashrc" ~/.profile; echo $USER $UNSET',
      "(uptime; df -h) 2>&1 | head -5",
      "if [ -f /etc/passwd ]; then wc -l < /etc/passwd; else echo none; fi",
      "case $(uname -m) in x86_64) echo 64 ;; *) echo other ;; esac",
      "ls /nonexistent 2>/dev/null >/dev/null || echo 'none' >&2",
      "cat <<EOF\nload: $(cat /proc/loadavg)\nEOF",
      "wc -l <<'EOF'\n$(rm -rf /) `rm` \\\nEOF",
      'while read -r a b; do echo "$a"; done < /etc/hosts',
    ]
  ) {
    assert.equal(only(line, "allowed").shell, "sh", line);
  }
});

Deno.test("judge() sends to bash what only bash reads", () => {
  for (
    const line of [
      "wc -c <<< 'some text'",
      "[[ -f /etc/passwd && $HOSTNAME == web* ]] && echo yes",
      "n=$(wc -l < /etc/passwd); [[ $n -gt 3 ]] && echo many",
      "diff <(sort /etc/hosts) <(sort /etc/hosts)",
      "cat /proc/{meminfo,loadavg}",
      "for i in {1..3}; do echo $i; done",
      "grep -c $'a\\tb' /etc/hosts",
      "ls /nonexistent &>/dev/null; ls /nonexistent >&/dev/null; ls |& wc -l",
      "x=abc; echo ${x/a/b} ${x:0:2} ${x^^}",
      "time uptime",
    ]
  ) {
    assert.equal(only(line, "allowed").shell, "bash", line);
  }
});

Deno.test("judge() refuses syntax that hides what would run, or that shells read differently", () => {
  const refused: readonly (readonly [line: string, rule: string])[] = [
    ["uptime &", "syntax/background"],
    ["uptime & > /dev/null", "syntax/background"],
    ["f() { uptime; }; f", "syntax/unsupported"],
    ["coproc uptime", "syntax/unsupported"],
    ["$(echo rm) x", "program/unknown"],
    ["$x /tmp", "program/unknown"],
    ["{rm,-rf,/tmp/x}", "syntax/unsupported"],
    ["PATH=/tmp uptime", "assignment/environment"],
    ["LD_PRELOAD=/tmp/x.so uptime", "assignment/environment"],
    ["PATH=/tmp; uptime", "assignment/matters"],
    ["IFS=/; uptime", "assignment/matters"],
    ["for PATH in /tmp; do uptime; done", "assignment/matters"],
    ["alias ls=rm", "program/shell-state"],
    ["export X=1", "program/shell-state"],
    ["trap 'rm x' EXIT", "program/shell-state"],
    ["eval uptime", "program/runs-anything"],
    ["exec uptime", "program/runs-anything"],
    [". /tmp/x", "program/runs-anything"],
    ["ls > /tmp/x", "redirect/write"],
    ["ls &> /tmp/x", "redirect/write"],
    ["ls >& /tmp/x", "redirect/write"],
    ["ls 2>&/dev/null", "redirect/write"],
    ["ls <> /etc/hosts", "redirect/unsupported"],
    ["cat < /dev/tcp/10.0.0.1/80", "file/device"],
    ["[[ -v a[$(rm)] ]]", "test/evaluates"],
    ["[[ -v x ]]", "test/evaluates"],
    ["x='a[$(rm)]'; [[ $x -eq 1 ]]", "syntax/arithmetic"],
    ["echo $((x=1))", "syntax/arithmetic"],
    ["echo ${!x}", "syntax/unsupported"],
    ["echo $'\\c\\a'", "syntax/unsupported"],
    ["cat <<E\n\\$(rm)\nE", "syntax/here-document"],
    ["cat <<E\nno end", "syntax/here-document"],
    ["cat <<E\n$(rm x)\nE", "program/writes"],
    ['cat <<< "$(rm x)"', "program/writes"],
    ["cat <(rm x)", "program/writes"],
    ["ls > >(rm x)", "redirect/write"],
    ["x=1; echo $x{a,$(rm)}", "syntax/unsupported"],
    ["up\u0000time", "syntax/character"],
    ["uptime\r", "syntax/character"],
    ["uptimе", "program/not-listed"], // the last letter is Cyrillic
    ["/tmp/uptime", "program/path"],
    ["", "syntax/empty"],
    [" \n\t", "syntax/empty"],
    ["echo 'x", "syntax/error"],
    [`echo ${"x".repeat(9000)}`, "syntax/too-long"],
  ];
  for (const [line, rule] of refused) {
    assert.equal(refusedBy(line), rule, line);
  }
});

Deno.test("judge() names the piece that a refusal is about", () => {
  const pieces: readonly (readonly [line: string, piece: string])[] = [
    ["uptime; df -h > /tmp/x; ls", "> /tmp/x"],
    ["uptime && rm -rf /tmp/x | wc", "rm -rf /tmp/x"],
    ["echo $(date; reboot now)", "reboot now"],
    ["sudo -n timeout 5 rm x", "rm x"],
    ["find /tmp | xargs rm -f", "rm -f"],
    ["PATH=/tmp uptime", "PATH=/tmp"],
    ["uptime &", "uptime &"],
    ["echo `date \\`rm x\\``", "`date \\`rm x\\``"],
    ["uptime \u0007", "\u0007"],
    ["x=rm; echo; $x y", "$x"],
    ["{ uptime; } > /tmp/x", "> /tmp/x"],
    ["wc -c < /dev/mem", "< /dev/mem"],
  ];
  for (const [line, piece] of pieces) {
    const verdict = only(line, "refused");
    assert.equal(verdict.piece.text, piece, line);
    assert.equal(line.slice(verdict.piece.start, verdict.piece.end), piece, line);
    assert.match(verdict.rule, /^[a-z0-9-]+\/[a-z-]+$/);
  }
});

Deno.test("judge() unites what the programs of a line need, inner ones included", () => {
  const none = { capabilities: [], calls: [], local_sockets: false };
  assert.deepEqual(only("uptime", "allowed").needs, none);
  assert.equal(only("uptime; echo $(sudo systemctl status sshd --no-pager)", "changed").needs.local_sockets, true);
});

Deno.test("judge() asks for approval only when nothing refuses the line", () => {
  const verdict = only("uptime; sudo cat /etc/shadow | wc -l", "needs_approval");
  assert.equal(verdict.rule, "file/secret");
  assert.equal(verdict.piece.text, "cat /etc/shadow");
  assert.equal(verdict.runs, "uptime; cat /etc/shadow | wc -l");
  assert.equal(only("wc -l < /etc/shadow", "needs_approval").piece.text, "< /etc/shadow");
  assert.equal(refusedBy("cat /etc/shadow; rm x"), "program/writes");
  for (const path of ["~/.ssh/id_rsa", "$HOME/.ssh/id_rsa", "~bob/.ssh/id_rsa"]) only(`cat ${path}`, "needs_approval");
  const both = only("cat /etc/shadow; tail -f /var/log/syslog", "needs_approval");
  assert.equal(both.runs, "cat /etc/shadow; timeout 5 tail -f /var/log/syslog");
});

Deno.test("judge() gives no input to programs that pass it on", () => {
  const client = "openssl s_client -connect 127.0.0.1:443";
  for (
    const line of [client, `echo | ${client}`, `echo Q | ${client}`, `${client} </dev/null`, `echo | nice ${client}`]
  ) {
    assert.notEqual(judge(line).kind, "refused", line);
  }
  for (
    const line of [
      `cat /etc/hosts | ${client}`,
      `${client} < /etc/hosts`,
      `${client} <<< secret`,
      `${client} <<E\nsecret\nE`,
      `{ ${client}; } < /etc/hosts`,
      `cat /etc/hosts | while read -r x; do ${client}; done`,
      `echo "$(cat /etc/hosts)" | ${client}`,
      `cat /etc/hosts | sudo timeout 5 ${client}`,
      `cat /etc/hosts | (true; ${client})`,
    ]
  ) {
    assert.equal(refusedBy(line), "input/sent", line);
  }
});

/** What grows with more than the length of a line takes minutes; a busy machine does not come near this. */
const MUCH_TOO_LONG_MS = 20_000;

Deno.test("judge() refuses deep nesting at once", () => {
  const pairs = [["(", ")"], ["$(", ")"], ["{ ", ";}"], ['"$(', ')"'], ["if true; then ", "; fi"], [
    "<(",
    ")",
  ]] as const;
  for (const [open, close] of pairs) {
    for (const levels of [100, 500, 1500]) {
      const started = performance.now();
      const line = `echo ${open.repeat(levels)}uptime${close.repeat(levels)}`;
      assert.match(refusedBy(line), /^syntax\//, `${open} ${levels}`);
      assert.ok(performance.now() - started < MUCH_TOO_LONG_MS, `${open} ${levels}: ${performance.now() - started} ms`);
    }
  }
  assert.equal(refusedBy("timeout 1 ".repeat(20) + "uptime"), "program/nesting");
});

Deno.test("judge() bounds the combinations of values that it tries", () => {
  const names = Array.from({ length: 12 }, (_, index) => `v${index}`);
  const line = names.map((name) => `for ${name} in a b c d; do `).join("") +
    `echo ${names.map((name) => `$${name}`).join(" ")}` + "; done".repeat(names.length);
  const started = performance.now();
  assert.equal(judge(line).kind, "allowed");
  assert.ok(performance.now() - started < MUCH_TOO_LONG_MS);
});
