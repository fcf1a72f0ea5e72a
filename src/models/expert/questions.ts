/** What to run on the host for which category: programs, commands, in order of worth. */
import { type CommandRequest, type DiagnosticReply, DURATION_S, type EbpfProgram } from "../../protocol/mod.ts";
import type { Category, Intent } from "./intent.ts";

/** Programs of one round: more would slow the host that is to be watched, and seldom tell more. */
const MAX_PROGRAMS = 8;
/** Of these, what the main category may have before the others get their share. */
const MAIN_PROGRAMS = 6;

type ProgramName = keyof typeof PROGRAMS;
type CommandName = keyof typeof COMMANDS;

/** Programs by the name that their results carry; tracepoints, but for what a tool counts better. */
const PROGRAMS = {
  connects: { target: "syscalls/sys_enter_connect", description: "who connects where, and how it ends" },
  socket_errors: { target: "sock/inet_sk_error_report", description: "errors that the network hands to sockets" },
  tcp_states: { target: "sock/inet_sock_set_state", description: "which connections are established, which are not" },
  tcp_retransmits: { target: "tcp/tcp_retransmit_skb", description: "segments that nobody acknowledged" },
  sends: { target: "syscalls/sys_enter_sendto", description: "queries sent to name servers" },
  batch_sends: {
    target: "syscalls/sys_enter_sendmmsg",
    description: "pairs of A and AAAA queries, as glibc sends them",
  },
  receives: { target: "syscalls/sys_enter_recvfrom", description: "answers of name servers" },
  file_opens: { target: "syscalls/sys_enter_openat", description: "which files are opened, and which cannot be" },
  writes: { target: "syscalls/sys_enter_write", description: "writes that fail" },
  positioned_writes: { target: "syscalls/sys_enter_pwrite64", description: "writes of databases that fail" },
  executions: { target: "syscalls/sys_enter_execve", description: "programs that are started, or cannot be" },
  exits: { target: "sched/sched_process_exit", description: "tasks that end" },
  exit_statuses: { target: "syscalls/sys_enter_exit_group", description: "status that processes exit with" },
  signals: { target: "signal/signal_generate", description: "signals that end processes, and who sends them" },
  oom_kills: { target: "oom/mark_victim", description: "processes that the kernel kills for their memory" },
  reclaim: { target: "vmscan/mm_vmscan_direct_reclaim_begin", description: "tasks that must free memory themselves" },
  cpu_time: { type: "tool", target: "cpu-time", description: "CPU time by process" },
  system_calls: { target: "raw_syscalls/sys_enter", description: "system calls by process and by name" },
} as const;

/** Commands by id. Each only reads, and each may fail on a minimal host without harm. */
const COMMANDS = {
  disk_space: { command: "df -P", description: "space left by file system" },
  disk_inodes: { command: "df -Pi", description: "inodes left by file system" },
  mounts: { command: "cat /proc/mounts", description: "what is mounted, and how" },
  load: { command: "cat /proc/loadavg", description: "load averages" },
  memory: { command: "cat /proc/meminfo", description: "memory and swap" },
  vm_counters: { command: "cat /proc/vmstat", description: "OOM kills since boot" },
  processes: {
    command: "ps -eo pid,ppid,stat,pcpu,pmem,comm --sort=-pcpu",
    description: "processes, busiest first",
  },
  tcp_sockets: { command: "cat /proc/net/tcp /proc/net/tcp6", description: "TCP sockets and their states" },
  udp_sockets: { command: "cat /proc/net/udp /proc/net/udp6", description: "UDP sockets that are bound" },
  listeners: { command: "ss -ltnp", description: "who listens, and how many connections wait to be accepted" },
  name_servers: { command: "cat /etc/resolv.conf", description: "which name servers are asked" },
  hosts_file: { command: "cat /etc/hosts", description: "names that are known without asking" },
} as const;

interface Questions {
  readonly programs: readonly ProgramName[];
  readonly commands: readonly CommandName[];
}

const BY_CATEGORY: Readonly<Record<Category, Questions>> = {
  network: {
    programs: [
      "connects",
      "socket_errors",
      "tcp_states",
      "tcp_retransmits",
      "batch_sends",
      "receives",
      "sends",
      "exits",
    ],
    commands: ["tcp_sockets", "listeners", "name_servers", "hosts_file", "udp_sockets"],
  },
  name_resolution: {
    programs: ["connects", "socket_errors", "sends", "batch_sends", "receives", "tcp_states"],
    commands: ["name_servers", "hosts_file", "udp_sockets"],
  },
  process: {
    programs: ["exits", "signals", "executions", "exit_statuses", "oom_kills", "file_opens"],
    commands: ["processes", "vm_counters"],
  },
  file: { programs: ["file_opens", "executions", "exit_statuses"], commands: ["mounts"] },
  disk: { programs: ["writes", "file_opens", "positioned_writes"], commands: ["disk_inodes", "mounts"] },
  cpu: { programs: ["cpu_time", "system_calls", "executions", "exits"], commands: ["processes"] },
  memory: { programs: ["oom_kills", "signals", "exits", "reclaim"], commands: ["processes", "vm_counters"] },
};

/** For an issue that names nothing: a little of everything, without what is costly. */
const BROAD: Questions = {
  programs: ["connects", "socket_errors", "file_opens", "signals", "exits", "writes", "cpu_time", "oom_kills"],
  commands: ["disk_inodes", "tcp_sockets", "name_servers", "processes", "vm_counters"],
};

/** Cheap, and what a verdict of "healthy" stands on. */
const ALWAYS: readonly CommandName[] = ["load", "memory", "disk_space"];

/** The system calls, events or tools without which nothing can be said about a category. */
export const ESSENTIAL: Readonly<Record<Category, readonly string[]>> = {
  network: ["connect"],
  name_resolution: ["connect"],
  process: ["sched_process_exit"],
  file: ["openat"],
  disk: ["write"],
  cpu: ["cpu-time"],
  memory: ["mark_victim"],
};

/** The first round: programs and commands for all that the issue and the figures name. */
export function firstQuestions(intent: Intent, options: { readonly duration_s: number }): DiagnosticReply {
  const categories = [...intent.asked, ...intent.from_figures];
  const sets = categories.length > 0 && intent.asked.length > 0
    ? categories.map((category) => BY_CATEGORY[category])
    : [BROAD, ...categories.map((category) => BY_CATEGORY[category])];
  const main = sets[0]?.programs.slice(0, MAIN_PROGRAMS) ?? [];
  const rest = interleave(sets.map((set, index) => index === 0 ? set.programs.slice(MAIN_PROGRAMS) : set.programs));
  const programs = [...new Set([...main, ...rest])].slice(0, MAX_PROGRAMS);
  const commands = [...new Set([...ALWAYS, ...sets.flatMap((set) => set.commands)])];
  return {
    response_type: "diagnostic",
    reasoning: reasoning(intent),
    commands: [...commands.map((id) => ({ id, ...COMMANDS[id] })), ...nameLookups(intent)],
    ebpf_programs: programs.map((name) => program(name, options.duration_s)),
  };
}

/** The same programs for twice as long: for a fault that comes and goes and was not there in the first look. */
export function longerLook(previous: DiagnosticReply): DiagnosticReply {
  return {
    response_type: "diagnostic",
    reasoning: "Nothing failed while tracing, but the fault is said to come and go: the same programs watch longer.",
    commands: [],
    ebpf_programs: previous.ebpf_programs.map((program) => ({
      ...program,
      duration: Math.min(DURATION_S.max, program.duration * 2),
    })),
  };
}

/** A round of commands alone, that looks closer at what the first round found. */
export function closerLook(about: string, commands: readonly CommandRequest[]): DiagnosticReply {
  return { response_type: "diagnostic", reasoning: about, commands: [...commands], ebpf_programs: [] };
}

function program(name: ProgramName, duration: number): EbpfProgram {
  return { name, type: "tracepoint", duration, ...PROGRAMS[name] };
}

/** Host names of the issue are safe in a command line: the pattern that found them allows letters, digits, `-`, `.`. */
function nameLookups(intent: Intent): CommandRequest[] {
  return intent.host_names.map((name, index) => ({
    id: `lookup_${index + 1}`,
    command: `getent ahosts ${name}`,
    description: `what this host's resolver says about ${name}`,
  }));
}

function reasoning({ asked, from_figures }: Intent): string {
  const words = asked.length > 0
    ? `The issue speaks of ${list(asked)}.`
    : "The issue names no area: a little of everything is watched.";
  return from_figures.length > 0 ? `${words} The host's own figures stand out in ${list(from_figures)}.` : words;
}

function list(categories: readonly Category[]): string {
  return categories.map((category) => category.replaceAll("_", " ")).join(", ");
}

/** Takes the first of each list, then the second of each, …; every item once. */
function interleave<T>(lists: readonly (readonly T[])[]): readonly T[] {
  const longest = Math.max(0, ...lists.map((items) => items.length));
  const rounds = Array.from({ length: longest }, (_, rank) => lists.flatMap((items) => items.slice(rank, rank + 1)));
  return [...new Set(rounds.flat())];
}
