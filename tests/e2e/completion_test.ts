import assert from "node:assert/strict";
import { type Shell, SHELLS } from "../../src/cli/words.ts";
import { CompletingShells } from "../support/completion.ts";

/** What every shell offers; each says only its part of a word that it splits. */
const CASES: readonly (readonly [line: string, offers: readonly string[]])[] = [
  ["ktriage tr", ["trace"]],
  ["ktriage help ch", ["check"]],
  ["ktriage help check zz", []],
  ["ktriage trace --agg", ["--aggregate"]],
  ["ktriage trace --aggregate ", ["count", "latency"]],
  ["ktriage trace --aggregate=l", ["latency"]],
  ["ktriage trace --json --aggregate l", ["latency"]],
  ["ktriage diagnose --approve r", ["risky"]],
  ["ktriage diagnose --redact addresses,h", ["hosts"]],
  ["ktriage check --gateway-kind ", ["openai", "tensorzero"]],
  ["ktriage -q check --gateway-", ["--gateway-kind"]],
  ["ktriage probes ", ["list", "resolve"]],
  ["ktriage probes resolve sched/sched_switc", ["sched/sched_switch"]],
  ["ktriage trace kprobe:kernel_clon", ["kernel_clone"]],
  ["ktriage trace raw_tracepoint:sched_switc", ["sched_switch"]],
  ["ktriage trace uprobe:libc:getaddrinfo_", ["getaddrinfo_a"]],
  ["ktriage trace openat zz", []],
  ["ktriage schema gateway", ["gateway_check"]],
  ["ktriage completion ", ["bash", "fish", "zsh"]],
  ["ktriage trace --comm ngin", []],
];

/** Files and folders: bash leaves them to readline. */
const PATHS: readonly (readonly [line: string, offers: Readonly<Record<Shell, readonly string[]>>])[] = [
  ["ktriage run /etc/hostnam", { bash: ["[-o default]"], zsh: ["hostname"], fish: ["/etc/hostname"] }],
  ["ktriage check --ca /etc/hostnam", { bash: ["[-o default]"], zsh: ["hostname"], fish: ["/etc/hostname"] }],
  ["ktriage replay /usr/shar", { bash: ["[-o dirnames]"], zsh: ["share"], fish: ["/usr/share/"] }],
  ["ktriage runs /etc /usr/shar", { bash: ["[-o dirnames]"], zsh: ["share"], fish: ["/usr/share/"] }],
];

for (const shell of SHELLS) {
  Deno.test(`${shell} completes subcommands, options, their values, operands and targets`, async () => {
    using shells = new CompletingShells();
    for (const [line, offers] of CASES) {
      // The order of words, and what fish says of the word before the last sign, differ.
      const offered = (await shells.offers(shell, line)).filter((word) => !word.startsWith("["));
      assert.deepEqual(offered.map((word) => word.replace(/^.*[:=,]/, "")), offers, line);
    }
  });

  Deno.test(`${shell} completes files and folders where they are meant`, async () => {
    using shells = new CompletingShells();
    for (const [line, offers] of PATHS) assert.deepEqual(await shells.offers(shell, line), offers[shell], line);
  });

  Deno.test(`${shell} offers the processes of this host`, async () => {
    using shells = new CompletingShells();
    const offered = await shells.offers(shell, `ktriage trace --pid ${Deno.pid}`);
    assert.ok(offered.includes(String(Deno.pid)), offered.join(" "));
  });
}

Deno.test("bash on a terminal puts the word on the line, whatever it splits words at", async () => {
  using shells = new CompletingShells();
  for (
    const [line, becomes] of [
      ["ktriage dia", "ktriage diagnose "],
      ["ktriage trace --aggregate=la", "ktriage trace --aggregate=latency "],
      ["ktriage trace kprobe:kernel_clon", "ktriage trace kprobe:kernel_clone "],
      ["ktriage run --policy=/etc/hostnam", "ktriage run --policy=/etc/hostname "],
      ["ktriage replay /usr/shar", "ktriage replay /usr/share/"],
    ] as const
  ) assert.equal(await shells.typedInBash(line), becomes);
});
