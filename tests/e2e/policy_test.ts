/** `ktriage policy`, the operator's rules, and questions on a terminal, with the whole program. */
import assert from "node:assert/strict";
import { ktriage } from "../support/cli.ts";
import { onTerminal } from "../support/terminal.ts";

const KEYS = ["line", "verdict", "rule", "reason", "runs", "alternative", "piece", "shell", "needs"];

Deno.test("policy explain --json prints one object with every key", async () => {
  const { code, stdout } = await ktriage(["policy", "explain", "--json", "uptime; sudo tail -f /x"]);
  assert.equal(code, 0);
  const verdict = JSON.parse(stdout);
  assert.deepEqual(Object.keys(verdict), KEYS);
  const { line, verdict: kind, rule, runs, piece } = verdict;
  assert.deepEqual({ line, kind, rule, runs, piece: piece.text }, {
    line: "uptime; sudo tail -f /x",
    kind: "changed",
    rule: "tail/endless",
    runs: "uptime; timeout 5 tail -f /x",
    piece: "sudo tail -f /x",
  });
  const refused = JSON.parse((await ktriage(["policy", "explain", "--json", "rm x"])).stdout);
  assert.deepEqual([refused.verdict, refused.runs, refused.needs], ["refused", null, null]);
});

Deno.test("policy explain prints verdict and tree for people, in 80 columns", async () => {
  const { code, stdout } = await ktriage(["policy", "explain", 'echo "$(rm -rf /tmp/x)" | wc -l']);
  assert.equal(code, 0);
  assert.match(stdout, /^refused: echo/);
  assert.match(stdout, /rule +program\/writes\n +piece +rm -rf \/tmp\/x\n +reason +\S/);
  assert.match(
    stdout,
    /pipeline: .*\n {4}command: echo.*\n {6}output of: .*\n {8}command: rm -rf \/tmp\/x\n {4}command: wc -l/,
  );
  assert.ok(stdout.split("\n").every((line) => line.length <= 80), stdout);
});

Deno.test("policy explain --json - answers 1,000 lines in order within 5 seconds", async () => {
  const kinds = [
    "df -h",
    "rm -rf /",
    "tail -f /x",
    "cat /etc/shadow",
    "for p in $(pgrep nginx); do cat /proc/$p/status; done",
  ];
  const lines = Array.from({ length: 1000 }, (_, index) => `${kinds[index % kinds.length]} # ${index}`);
  const started = performance.now();
  const { code, stdout } = await ktriage(["policy", "explain", "--json", "-"], { stdin: `${lines.join("\n")}\n` });
  const took_ms = performance.now() - started;
  const objects = stdout.trimEnd().split("\n").map((line) => JSON.parse(line));
  assert.equal(code, 0);
  assert.deepEqual(objects.map(({ line }) => line), lines);
  const verdicts = ["allowed", "refused", "changed", "needs_approval", "allowed"];
  assert.deepEqual(objects.map(({ verdict }) => verdict), lines.map((_, index) => verdicts[index % kinds.length]));
  assert.ok(took_ms < 5000, `${took_ms} ms`);
});

Deno.test("policy explain --json - takes empty, huge and binary lines, and a last one without a line break", async () => {
  const lines = ["", "uptime", "\u0000\u0007", "x".repeat(300_000), `echo ${"$(".repeat(2000)}`, "\u{1F600}", "df"];
  const { code, stdout } = await ktriage(["policy", "explain", "--json", "-"], { stdin: lines.join("\n") });
  assert.equal(code, 0);
  const objects = stdout.trimEnd().split("\n").map((line) => JSON.parse(line));
  assert.deepEqual(objects.map(({ line }) => line), lines);
  const kinds = ["refused", "allowed", "refused", "refused", "refused", "refused", "allowed"];
  assert.deepEqual(objects.map(({ verdict }) => verdict), kinds);
  assert.equal((await ktriage(["policy", "explain", "--json", "-"])).stdout, "");
});

Deno.test("policy takes rules from a file, the environment and flags; deny wins", async () => {
  const directory = await Deno.makeTempDir();
  try {
    const file = `${directory}/policy.json`;
    await Deno.writeTextFile(
      file,
      JSON.stringify({ schema: "ktriage.policy/1", allow: ["mytool", "docker exec"], deny: ["uptime"] }),
    );
    const verdict = async (line: string, args: string[], env: Record<string, string> = {}): Promise<string> =>
      JSON.parse((await ktriage(["policy", "explain", "--json", ...args, "--", line], { env })).stdout).verdict;
    assert.equal(await verdict("mytool -x", []), "refused");
    assert.equal(await verdict("mytool -x", ["--policy", file]), "allowed");
    assert.equal(await verdict("mytool -x", [], { KTRIAGE_POLICY: file }), "allowed");
    assert.equal(await verdict("mytool -x", ["--policy", file, "--deny", "mytool"]), "refused");
    assert.equal(await verdict("uptime", ["--policy", file, "--allow", "uptime"]), "refused");
    assert.equal(await verdict("cat /etc/shadow", ["--allow", "file/secret", "--allow", "x"]), "allowed");

    const faults: readonly (readonly [text: string, told: RegExp])[] = [
      ['{"schema":"ktriage.policy/1","allow":["strace",3]}', /allow\[1\]: it is not a text/],
      ['{"schema":"ktriage.policy/1","allow":["redirect/write"]}', /allow\[0\]: .*cannot be lifted/],
      ['{"schema":"ktriage.policy/1","deny":"x"}', /deny: it is not a list/],
      ['{"schema":"ktriage.policy/1","alow":[]}', /alow: there is no such field/],
      ['{"schema":"ktriage.policy/2"}', /schema: it must be "ktriage.policy\/1"/],
      ['{"schema":"ktriage.policy/1","allow_hosts":["http://x/"]}', /allow_hosts\[0\]: .*is not a host/],
      ["{", /it is not JSON/],
      ["[]", /it is not an object/],
    ];
    for (const [text, told] of faults) {
      await Deno.writeTextFile(file, text);
      const { code, stderr } = await ktriage(["policy", "explain", "--policy", file, "uptime"]);
      assert.equal(code, 1, text);
      assert.match(stderr, told);
      assert.ok(stderr.includes(file) && stderr.includes('"deny": [...]'), stderr);
    }
    const missing = await ktriage(["policy", "explain", "--policy", `${directory}/none`, "uptime"]);
    assert.deepEqual([missing.code, /no such file/.test(missing.stderr)], [1, true]);
    assert.equal((await ktriage(["policy", "explain", "--allow", "eval", "uptime"])).code, 2);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
});

Deno.test("policy without a line, with too many, or with another word is wrong usage", async () => {
  for (const args of [[], ["explain"], ["explain", "ls", "-l"], ["explain", "ls", "/"], ["show"], ["list", "x"]]) {
    assert.equal((await ktriage(["policy", ...args])).code, 2, args.join(" "));
  }
  const { stdout, code } = await ktriage(["policy", "list"]);
  assert.ok(code === 0 && /\buptime\b/.test(stdout) && /\bjournalctl\b/.test(stdout));
});

const REQUEST = JSON.stringify({
  response_type: "diagnostic",
  reasoning: "",
  commands: [
    { id: "hash", command: "wc -c /etc/shadow", description: "how large" },
    { id: "again", command: "true; wc -c /etc/shadow" },
    { id: "evil", command: "rm /nonexistent" },
    { id: "plain", command: "echo fine" },
  ],
});

Deno.test("run without a terminal refuses what needs a yes, and says so", async () => {
  const { stdout, code } = await ktriage(["run", "-"], { stdin: REQUEST });
  const [hash, , , plain] = JSON.parse(stdout).command_results;
  assert.equal(code, 0);
  assert.match(hash.refused.reason, /no terminal/);
  assert.equal(plain.stdout, "fine\n");
  assert.equal((await ktriage(["run", "--approve", "perhaps", "-"], { stdin: REQUEST })).code, 2);
});

Deno.test("on a terminal the operator is asked: no, with words for the AI, then once", async () => {
  const { shown, results } = await answering([], ["what?", "n it is none of your business", "y"]);
  assert.match(shown, /Run hash\?/);
  assert.match(
    shown,
    /command +wc -c \/etc\/shadow\n +asked for +how large\n +rule +file\/secret\n +reason +\S/,
  );
  assert.match(shown, /Please answer y, a or n/);
  assert.match(shown, /Run again\?\n +command +true; wc -c \/etc\/shadow\n +piece +wc -c \/etc\/shadow/);
  const [hash, again, evil, plain] = results;
  assert.match(hash.refused.reason, /^The operator said no: it is none of your business\./);
  assert.deepEqual([again.approved, again.exit_code], ["once", 0]);
  assert.deepEqual([evil.refused.rule, plain.stdout], ["program/writes", "fine\n"]);
  assert.ok(!shown.includes("Run evil?") && !shown.includes("Run plain?"));
});

Deno.test("always on a terminal answers for later commands; --approve never does not ask", async () => {
  const always = await answering([], ["a"]);
  assert.deepEqual(always.results.map(({ approved }) => approved), ["always", "always", undefined, undefined]);
  assert.ok(!always.shown.includes("Run again?"));
  const never = await answering(["--approve", "never"], []);
  assert.match(never.results[0]?.refused.reason, /--approve never/);
});

Deno.test("Ctrl-C at the question ends the run with the results so far", async () => {
  const { results } = await answering([], ["\u0003"]);
  assert.match(results[0]?.refused.reason, /stopped/);
});

// deno-lint-ignore no-explicit-any -- results of another process
type Results = readonly any[];

/** Runs the request on a terminal; each question, and each reminder, gets the next answer. */
async function answering(args: string[], answers: string[]): Promise<{ shown: string; results: Results }> {
  const directory = await Deno.makeTempDir();
  try {
    await Deno.writeTextFile(`${directory}/request.json`, REQUEST);
    await using terminal = onTerminal(["run", ...args, `${directory}/request.json`], {
      line: `exec "$@" > ${directory}/results.json`,
    });
    for (const answer of answers) {
      await terminal.said(/goes back to the AI\)\n|Please answer y, a or n\.\n/);
      await terminal.type(answer === "\u0003" ? answer : `${answer}\n`);
    }
    await terminal.finished;
    const results = JSON.parse(await Deno.readTextFile(`${directory}/results.json`)).command_results;
    return { shown: terminal.shown(), results };
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}
