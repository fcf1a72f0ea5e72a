/** The allowlist: every program that may run, with the rule for its arguments. */
import { CONTAINER_PROGRAMS } from "./containers.ts";
import { NETWORK_PROGRAMS } from "./network.ts";
import type { Program } from "./program.ts";
import { SHELL_PROGRAMS } from "./shell.ts";
import { SYSTEM_PROGRAMS } from "./system.ts";
import { TEXT_PROGRAMS } from "./text.ts";

export type { Program } from "./program.ts";

export const PROGRAMS: ReadonlyMap<string, Program> = new Map(Object.entries({
  ...SHELL_PROGRAMS,
  ...TEXT_PROGRAMS,
  ...SYSTEM_PROGRAMS,
  ...NETWORK_PROGRAMS,
  ...CONTAINER_PROGRAMS,
}));

/** Why some well-known programs are not on the list. */
const REASONS: readonly { readonly names: readonly string[]; readonly rule: string; readonly reason: string }[] = [
  {
    names: [
      "eval",
      "source",
      ".",
      "exec",
      "sh",
      "bash",
      "dash",
      "zsh",
      "ksh",
      "busybox",
      "python",
      "python3",
      "perl",
      "ruby",
      "node",
      "script",
      "nsenter",
      "chroot",
      "unshare",
      "ssh",
    ],
    rule: "program/runs-anything",
    reason: "it runs whatever it is given; ask for the inner command itself",
  },
  {
    names: [
      "tee",
      "dd",
      "cp",
      "mv",
      "rm",
      "rmdir",
      "mkdir",
      "touch",
      "ln",
      "install",
      "truncate",
      "chmod",
      "chown",
      "tar",
      "rsync",
    ],
    rule: "program/writes",
    reason: "it changes files; its input can be printed instead",
  },
  {
    names: [
      "kill",
      "pkill",
      "killall",
      "reboot",
      "shutdown",
      "halt",
      "poweroff",
      "init",
      "service",
      "modprobe",
      "insmod",
      "rmmod",
      "umount",
      "swapoff",
      "renice",
    ],
    rule: "program/changes-system",
    reason: "it changes the system; put it into the resolution plan",
  },
  {
    names: ["curl", "wget"],
    rule: "program/requests",
    reason: "a request can change what it reaches; nc -z shows whether a port answers",
  },
  {
    names: ["nohup", "setsid", "watch", "at"],
    rule: "program/endless",
    reason: "it outlives the command or never ends",
  },
  { names: ["cd", "pushd"], rule: "program/directory", reason: "commands run in /; give paths in full" },
  {
    names: ["export", "set", "unset", "trap", "alias", "declare", "local", "readonly", "typeset", "let", "shift"],
    rule: "program/shell-state",
    reason: "it changes how the shell reads the rest",
  },
  {
    names: ["strace", "ltrace", "perf", "bpftrace", "gdb", "tcpdump"],
    rule: "program/traces",
    reason: "ask for an eBPF program instead",
  },
];

/** The rule and the reason for a program that is not on the list. */
export function notListed(name: string): { readonly rule: string; readonly reason: string } {
  const known = REASONS.find((entry) => entry.names.includes(name));
  return {
    rule: known?.rule ?? "program/not-listed",
    reason: `${name} is not on the list of programs that only read${known === undefined ? "." : `: ${known.reason}.`}`,
  };
}

/** Names of the programs that may run, sorted: for the prompt and for people. */
export function allowedPrograms(): readonly string[] {
  return [...PROGRAMS.keys()].sort();
}
