import assert from "node:assert/strict";
import { judge } from "../../../src/commands/mod.ts";
import { PROGRAMS } from "../../../src/commands/policy/programs/mod.ts";
import { ALLOWED, REFUSED } from "./corpus.ts";

Deno.test("judge() allows what engineers ask", () => {
  for (const line of ALLOWED) assert.deepEqual(judge(line), { kind: "allowed" }, line);
});

Deno.test("judge() refuses what writes, runs, hides or never ends, and names the rule", () => {
  for (const [line, rule] of REFUSED) {
    const verdict = judge(line);
    assert.equal(verdict.kind === "refused" ? verdict.rule : "allowed", rule, line);
    assert.ok(verdict.kind === "refused" && verdict.reason.length > 10, line);
  }
});

Deno.test("judge() refuses a refused line however it is wrapped", () => {
  const wrappings: readonly ((line: string) => string)[] = [
    (line) => `(${line}\n)`,
    (line) => `{ ${line}\n}`,
    (line) => `true; ${line}`,
    (line) => `${line}\ntrue`,
    (line) => `true && ${line}`,
    (line) => `false || ${line}`,
    (line) => `ls | { ${line}\n}`,
    (line) => `echo "$(${line}\n)"`,
    (line) => `echo "\${x:-$(${line}\n)}"`,
    (line) => `x=$(${line}\n)`,
    (line) => `if true; then\n${line}\nfi`,
    (line) => `for i in 1; do\n${line}\ndone`,
    (line) => `while\n${line}\ndo :; done`,
    (line) => `case x in x)\n${line}\n;; esac`,
    (line) => `ls < "$(${line}\n)"`,
    (line) => `[ -n "$(${line}\n)" ]`,
    (line) => `cat /proc/loadavg "\$(echo "$(${line}\n)")"`,
  ];
  // What is no valid syntax alone can become valid inside: a quote or a parenthesis may find its partner.
  for (const [line, rule] of REFUSED) {
    if (rule === "syntax/error" || rule === "syntax/empty") continue;
    for (const wrap of wrappings) assert.equal(judge(wrap(line)).kind, "refused", wrap(line));
  }
});

Deno.test("judge() refuses a refused program however its name is quoted", () => {
  for (const name of ["rm", "reboot", "tee", "sh", "eval", "xargs rm", "env rm", "find / -delete", "sort -o /tmp/x"]) {
    for (const quoted of quotings(name)) assert.equal(judge(quoted).kind, "refused", quoted);
  }
});

/** The same words with each letter of the first and the last word quoted in every way. */
function* quotings(line: string): Generator<string> {
  const words = line.split(" ");
  for (const at of new Set([0, words.length - 1])) {
    const word = words[at] ?? "";
    for (let i = 0; i < word.length; i++) {
      for (const piece of [`'${word[i]}'`, `"${word[i]}"`, `\\${word[i]}`, `''${word[i]}`, `\\\n${word[i]}`]) {
        yield words.with(at, word.slice(0, i) + piece + word.slice(i + 1)).join(" ");
      }
    }
  }
}

Deno.test("judge() gives a verdict on any text, and never lets an unlisted program through", () => {
  const pieces = [
    "ls",
    "rm",
    "x=",
    "$x",
    "$(",
    "`",
    ")",
    "(",
    "{",
    "}",
    ";",
    "&",
    "|",
    "&&",
    "<",
    ">",
    "'",
    '"',
    "\\",
    "\n",
    " ",
    " ",
    "*",
    "/dev/mem",
  ]
    .concat([
      "-delete",
      "find",
      "awk",
      "sed",
      "case",
      "in",
      "esac",
      "do",
      "done",
      "for",
      "if",
      "fi",
      "${",
      ":-",
      "$((",
      "))",
      "#",
      "!",
      "é",
      "\u{1F600}",
      "\t",
      "[",
      "]",
      "=",
      "~",
      "<<E",
    ]);
  let seed = 42;
  const random = (below: number): number => {
    seed = (Math.imul(seed, 1103515245) + 12345) >>> 0;
    return Math.floor(seed / 2 ** 32 * below);
  };
  for (let round = 0; round < 20_000; round++) {
    const line = Array.from({ length: 1 + random(14) }, () => pieces[random(pieces.length)]).join("");
    const verdict = judge(line);
    assert.ok(verdict.kind === "allowed" || verdict.reason !== "", line);
    const leading = /^rm( |$)|[;|&\n(] *rm( |$)/.test(line) && !/['"\\#]|case|<<|\[/.test(line);
    if (leading) assert.equal(verdict.kind, "refused", line);
  }
});

Deno.test("judge() refuses deep nesting instead of failing on it", () => {
  for (const [open, close] of [["(", ")"], ["$(", ")"], ["{ ", ";}"], ['"$(', ')"'], ["if true; then ", "; fi"]]) {
    assert.equal(
      judge(`echo ${(open ?? "").repeat(1500)}rm x${(close ?? "").repeat(1500)}`.slice(0, 8000)).kind,
      "refused",
    );
  }
  assert.equal(judge("timeout 1 ".repeat(20) + "ls").kind, "refused");
  assert.equal(judge("ls " + "x".repeat(10_000)).kind, "refused");
});

Deno.test("judge() bounds the combinations of values that it tries", () => {
  const names = Array.from({ length: 12 }, (_, index) => `v${index}`);
  const line = names.map((name) => `for ${name} in a b c d; do `).join("") +
    `echo ${names.map((name) => `$${name}`).join(" ")}` +
    "; done".repeat(names.length);
  const started = performance.now();
  assert.equal(judge(line).kind, "allowed");
  assert.ok(performance.now() - started < 1000);
});

Deno.test("judge() names every refusal by the program it is about, with a stable form", () => {
  for (const [line] of REFUSED) {
    const verdict = judge(line);
    if (verdict.kind === "refused") assert.match(verdict.rule, /^[a-z0-9-]+\/[a-z-]+$/, line);
  }
});

Deno.test("the allowlist holds the programs that a diagnosis needs and none that changes things", () => {
  assert.ok(PROGRAMS.size >= 80, `${PROGRAMS.size} programs`);
  for (const name of ["rm", "tee", "dd", "kill", "sh", "eval", "exec", "cd", "export", "trap", "curl", "ssh"]) {
    assert.equal(PROGRAMS.has(name), false, name);
  }
});
