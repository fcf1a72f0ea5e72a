/** What docs/tools.md and prompts/tools.md say of the curated tools, made from the registry. */
import { allTools, TOOL_NAMES } from "../../src/probes/tools/registry.ts";
import type { Tool } from "../../src/probes/tools/tool.ts";

const ROOT = new URL("../../", import.meta.url).pathname;

/** For people: what each counts, what it needs of a kernel, what it does without. */
async function document(): Promise<string> {
  const tools = await allTools();
  return `# Tools

Ready-made tools that count in the kernel and show what was counted: \`ktriage tool list\`, \`sudo ktriage tool run NAME\`.
An AI asks for one by a program of type \`tool\` with its name as the target; snapshots run those that are marked.

A tool has ways to its answer, the cheapest and most exact first. The first that this host offers is taken, and what was
taken instead of the first, and why, is said (\`attached_as\`). Filters that a tool does not have are refused by name.
Raw tracepoints need BTF only where structures of the kernel are read; tracepoints are read by their \`format\` files, on
every kernel from 5.10 on; counters of /proc need no BPF and no privileges but those that reading them takes.

A system call is counted by \`syscalls\` for 0.44 times what libbpf-tools' \`syscount -P\` adds to it, and timed by
\`syscall-latency\` for 0.25 times what a histogram of bpftrace adds: \`deno task bench tools\`, medians of interleaved runs
on two busy cores, Linux 6.18, with Debian 12's libbpf-tools and bpftrace. \`deno task bench slowdown\` measures what each tool
adds to a process that does nothing but what the tool counts.

In snapshots are the tools that cost next to nothing. \`dns\` adds 0.03 s of CPU and 1 MB to one (medians of 15 pairs, a window of
1 s). What all of them add to a call of a process that does nothing else, on Linux 6.18: 0.06 µs to a read of 0.13 µs and 0.08 µs
to a send or receive of 0.46 µs; \`dns\` another 0.05 to 0.07 and 0.08 µs. At 100,000 calls a second on each CPU that is 1.1 to 1.6%.
Left out are \`packet-drops\`, since one drop, which every host has, makes it read all of the kernel's symbols (30 MB, 0.1 s of CPU),
and \`leaks\` and \`listen-queues\`, which look again and again and add 0.15 s each to a window of 10 s on a host of 120 processes.

This file is made from the tools themselves: \`UPDATE_GOLDEN=1 deno test -A tests/probes/tools_test.ts\`.

| tool | what it counts | filters | in snapshots |
|---|---|---|---|
${
    tools.map(({ name, summary, filters, in_snapshot }) =>
      `| [${name}](#${name}) | ${summary} | ${filters.join(", ")} | ${in_snapshot ? "yes" : ""} |`
    ).join("\n")
  }
${tools.map(section).join("")}`;
}

function section({ name, summary, needs, ways }: Tool): string {
  const list = ways.map(({ source }, i) => `${i + 1}. ${source}`).join("\n");
  return `\n## ${name}\n\n${capital(summary)}.\n\nNeeds ${
    needs.replace(/\.$/, "")
  }.\n\nCounts by the first of these that works here:\n\n${list}\n`;
}

/** For models: a line each. */
async function prompt(): Promise<string> {
  const tools = await allTools();
  return `# Ready-made tools

A program of type \`tool\` comes back as a \`reading\`, which takes less room than events and says more. Take one where it fits: \`{"name":"waits","type":"tool","target":"run-queue-latency","duration":10}\`.

${tools.map(({ name, summary }) => `- \`${name}\`: ${summary}.`).join("\n")}
`;
}

function capital(text: string): string {
  return text.slice(0, 1).toUpperCase() + text.slice(1);
}

/** The contract, which every model is sent, with the names. */
function contract(text: string): string {
  return text.replace(/(or `tool` with one of )[^:;]*(?=:)/, `$1${TOOL_NAMES.map((name) => `\`${name}\``).join(", ")}`);
}

/** Files by their path, with what they should say. */
export async function toolDocuments(): Promise<Readonly<Record<string, string>>> {
  const contract_file = `${ROOT}prompts/contract.md`;
  return {
    [`${ROOT}docs/tools.md`]: await document(),
    [`${ROOT}prompts/tools.md`]: await prompt(),
    [contract_file]: contract(Deno.readTextFileSync(contract_file)),
  };
}
