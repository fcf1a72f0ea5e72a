/** Who sent which signal to whom, of the tool `processes`. */
import type { ToolTable } from "../../protocol/tool.ts";
import { readText } from "../../kernel/read.ts";
import { signalName } from "../../kernel/tracing/symbols.ts";
import { plainId } from "../engine/process_ids.ts";
import { COMM_BYTES } from "./layout.ts";
import type { ToolObject } from "./object.ts";
import { tableOf } from "./reading.ts";

/** Structures of bpf/include/tool_signals.h. */
const SIGNAL_KEY = { sender: 0, target: 4, number: 8, code: 12, sender_comm: 16, target_comm: 32, bytes: 48 } as const;
const SIGNAL = { count: 0, last_ns: 8, bytes: 16 } as const;
export const SIGNALS_LAYOUT = { signal_key: SIGNAL_KEY, signal_count: SIGNAL } as const;

/** Signals that went the same way. */
export interface Sent {
  readonly sender: number;
  readonly sender_name: string;
  readonly target: number;
  readonly target_name: string;
  readonly number: number;
  readonly code: number;
  readonly count: number;
}

/** The deadliest first, then the most. */
export function signalsOf(object: ToolObject): Sent[] {
  const signals: Sent[] = [];
  object.forEachRow("signals", { key_bytes: SIGNAL_KEY.bytes, value_bytes: SIGNAL.bytes }, (key, value) => {
    signals.push({
      sender: key.getUint32(SIGNAL_KEY.sender, true),
      sender_name: readText(key, SIGNAL_KEY.sender_comm, COMM_BYTES),
      target: key.getUint32(SIGNAL_KEY.target, true),
      target_name: readText(key, SIGNAL_KEY.target_comm, COMM_BYTES),
      number: key.getUint32(SIGNAL_KEY.number, true),
      code: key.getInt32(SIGNAL_KEY.code, true),
      count: Number(value.getBigUint64(SIGNAL.count, true)),
    });
  });
  return signals.sort((a, b) => deadliness(a.number) - deadliness(b.number) || b.count - a.count);
}

/** Those that end who does nothing about it, and leave traces in logs, first. */
function deadliness(number: number): number {
  const name = signalName(number) ?? "";
  if (["SIGKILL", "SIGSEGV", "SIGBUS", "SIGABRT", "SIGILL", "SIGFPE", "SIGSYS"].includes(name)) return 0;
  return ["SIGTERM", "SIGINT", "SIGQUIT", "SIGHUP", "SIGXCPU", "SIGXFSZ", "SIGSTOP"].includes(name) ? 1 : 2;
}

export function signalsTable(signals: readonly Sent[]): ToolTable {
  return tableOf(
    "signals",
    {
      signal: "text",
      process_id: "count",
      process_name: "text",
      sent_by: "text",
      target_process_id: "count",
      target_process_name: "text",
      count: "count",
    },
    signals.map((sent) => [
      signalName(sent.number) ?? `signal ${sent.number}`,
      plainId(sent.sender),
      sent.sender_name,
      originOf(sent),
      plainId(sent.target),
      sent.target_name,
      sent.count,
    ]),
  );
}

/** si_code above 0 is the kernel's (sigaction(2)): a fault, a broken pipe, the end of a terminal, out of memory. */
export function originOf({ code }: Pick<Sent, "code">): string {
  if (code > 0) return "kernel";
  return code === -2 ? "timer" : "program";
}
