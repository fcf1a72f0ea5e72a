/** The policy against real shells: whatever it allows must do nothing that it would refuse. */
import assert from "node:assert/strict";
import { judge } from "../../../src/commands/mod.ts";

/** What `sh` can be, and what a line runs in that only bash reads. */
const SHELLS = { sh: [["/bin/sh", "-c"], ["/bin/bash", "--posix", "-c"]], bash: [["/bin/bash", "-c"]] } as const;
/** Lines that are run in each shell; most of those generated are refused before. */
const LINES = 120;

/** Programs that stand in for real ones, and leave a trace when they are called as they never should be. */
const STUBS: Readonly<Record<string, string>> = {
  rm: "touch_trace",
  ls: ":",
  find: 'for a; do [ "$a" = -delete ] && touch_trace; done',
  cat: "for a; do case $a in /dev/mem | dev/mem | */../dev/mem) touch_trace ;; esac; done",
  ip: '[ "$1 $2" = "link set" ] && touch_trace',
};

Deno.test("judge() allows no line that makes a real shell run, write or pass on what is refused", async () => {
  const box = await Deno.makeTempDir();
  try {
    await prepare(box);
    const random = generator(7);
    for (const make of [syntaxLine, bashLine, valueLine]) {
      for (let run = 0; run < LINES;) {
        const line = make(random);
        const verdict = judge(line);
        if (verdict.kind === "refused") continue;
        run++;
        for (const [shell, ...args] of SHELLS[verdict.shell]) {
          await runInBox(box, { shell, args: [...args, verdict.runs] });
        }
        assert.deepEqual([...Deno.readDirSync(`${box}/files`)].map((file) => file.name), [], line);
      }
    }
  } finally {
    await Deno.remove(box, { recursive: true });
  }
});

Deno.test("the stand-ins of the test above leave a trace where they should", async () => {
  for (const line of ["echo $(rm x)", "x=-delete; find / $x", "cat '/dev/mem'", "x=set; ip link $x up", "ls > f"]) {
    const box = await Deno.makeTempDir();
    try {
      await prepare(box);
      await runInBox(box, { shell: "/bin/sh", args: ["-c", line] });
      assert.equal([...Deno.readDirSync(`${box}/files`)].length, 1, line);
    } finally {
      await Deno.remove(box, { recursive: true });
    }
  }
});

async function prepare(box: string): Promise<void> {
  await Deno.mkdir(`${box}/bin`);
  await Deno.mkdir(`${box}/files`);
  for (const [name, body] of Object.entries(STUBS)) {
    const text = `#!/bin/sh\ntouch_trace() { : > ${box}/files/trace; }\n${body}\n:\n`;
    await Deno.writeTextFile(`${box}/bin/${name}`, text, { mode: 0o755 });
  }
  for (const name of ["timeout", "env", "xargs", "head"]) await Deno.symlink(`/usr/bin/${name}`, `${box}/bin/${name}`);
}

async function runInBox(box: string, { shell, args }: { shell: string; args: readonly string[] }): Promise<void> {
  await new Deno.Command("/usr/bin/timeout", {
    args: ["-s", "KILL", "5", shell, ...args],
    cwd: `${box}/files`,
    env: { PATH: `${box}/bin` },
    clearEnv: true,
    stdin: "null",
    stdout: "null",
    stderr: "null",
  }).output();
}

type Random = (below: number) => number;

function generator(seed: number): Random {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor(state / 2 ** 32 * below);
  };
}

const PIECES = [
  "ls",
  "rm",
  "rm x",
  "x=rm",
  " $x ",
  "$(",
  "$(ls",
  "`",
  ")",
  "(",
  "{ ",
  "; }",
  ";",
  "|",
  "&&",
  "||",
  "<",
  "> f",
]
  .concat([
    ">/dev/null ",
    "2>&1 ",
    "'",
    '"',
    "\\",
    "\n",
    " ",
    "*",
    "case x in x) ",
    ";; esac",
    "for i in a; do ",
    "; done",
  ])
  .concat([
    "if ls; then ",
    "; fi",
    "${x:-",
    "${x#",
    "}",
    "$((",
    "))",
    "#",
    " #",
    "! ",
    "é",
    "\u00a0",
    "[ ",
    "]",
    "~",
    "<<E",
    "\nE\n",
  ])
  .concat(["$'", "echo ", "echo '", "' ", '" ', "\\\n", "''", "$$", "while ", "do ", "in ", "else "]);

function syntaxLine(random: Random): string {
  const pieces = Array.from({ length: 2 + random(12) }, () => pick(random, PIECES));
  return `echo ${pieces.join("")}`;
}

const BASH_PIECES = [
  "<<<",
  "<<< ",
  "[[ ",
  " ]]",
  " == ",
  " =~ ",
  "-eq ",
  "-v ",
  "<(",
  ">(",
  "{ls,rm}",
  "{a,-delete}",
  "{1..3}",
  "{rm,",
  ",b}",
  "$'rm'",
  "$'\\x72m'",
  "$'\\n'",
  "&>/dev/null",
  ">&/dev/null",
  "|& ",
  "${x/",
  "${x:",
  "${x^^}",
  "a[$(rm)]",
  "<<'E'\n",
  "<<-E\n",
  "\nE\n",
  "$(rm)",
  "find / ",
  "x={",
];

function bashLine(random: Random): string {
  const all = [...PIECES, ...BASH_PIECES, ...BASH_PIECES];
  const pieces = Array.from({ length: 2 + random(10) }, () => pick(random, all));
  return `${pick(random, ["echo ", "", "x=", "find / ", "[[ "])}${pieces.join("")}`;
}

const WORDS = [
  "-delete",
  "-del",
  "ete",
  "link",
  "set",
  "show",
  "/dev/mem",
  "/dev",
  "mem",
  "a b",
  "-delete x",
  "link set",
  "",
  "*",
]
  .concat(["/proc/1 /dev/mem y", "$x", "$y", "${x}", '"$x"', '"$y"', "$x$y", "-$x", "/dev/$x", "/proc/$x/status"])
  .concat([
    '"/proc/$y/status"',
    "$(echo -delete)",
    "$(echo '/dev/mem')",
    "`echo set`",
    "${x:-set}",
    "${y#a}",
    "$((1+1))",
    "$_",
  ]);

/** Lines whose arguments only show when variables and substitutions are expanded. */
function valueLine(random: Random): string {
  const word = (): string => {
    const text = pick(random, WORDS);
    return random(4) === 0 && !/['"$`]/.test(text) ? `'${text}'` : text;
  };
  const name = (): string => pick(random, ["x", "y"]);
  const command = (): string =>
    pick(random, [
      `find /q ${word()} ${word()}`,
      `cat ${word()} ${word()}`,
      `ip ${word()} ${word()} ${word()}`,
      `ip link ${word()} ${word()}`,
      `${name()}=${word()}`,
      `(${name()}=${word()})`,
      `for ${name()} in ${word()} ${word()}; do find /q ${word()}; cat ${word()}; done`,
      `echo '-delete set' | while read -r ${name()} y; do find /q $y; cat "$x"; ip link $y; done`,
      `echo set | xargs ip link`,
      `echo /dev/mem | xargs -I{} cat {}/status ${word()}`,
      `timeout 3 cat ${word()}`,
    ]);
  return Array.from({ length: 1 + random(4) }, command).join(pick(random, ["; ", " && ", "\n"]));
}

function pick(random: Random, from: readonly string[]): string {
  return from[random(from.length)] ?? "";
}
