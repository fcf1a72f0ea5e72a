/** Diagnoses that are recorded, by the whole program. */
import { type AuditEntry, auditEntry, parse, type Run, run } from "../../src/protocol/mod.ts";

export const MODEL = "tensorzero::function_name::diagnose_and_heal";

/** Commands that read, `load` and `up` where they are not named. */
export function diagnostic(files: Readonly<Record<string, string>> = FILES): { readonly [field: string]: unknown } {
  return {
    response_type: "diagnostic",
    reasoning: "who connects where",
    commands: Object.entries(files).map(([id, file]) => ({ id, command: `cat /proc/${file}` })),
  };
}

/** Keeps the turn under way for as long as a program may at least trace. */
export const TRACING = {
  ebpf_programs: [{ name: "exits", type: "tracepoint", target: "sched/sched_process_exit", duration: 10 }],
};

const FILES = { load: "loadavg", up: "uptime" };

export const RESOLUTION = {
  response_type: "resolution",
  root_cause: "The question was mistaken.",
  resolution_plan: "Do nothing.",
  confidence: "High",
  ebpf_evidence: "no process ended badly",
  findings: [{ claim: "the load was read", evidence: ["load"] }],
};

export class Records implements Disposable {
  readonly #outer = Deno.makeTempDirSync();
  readonly path = `${this.#outer}/record`;

  audit(): AuditEntry[] {
    const lines = Deno.readTextFileSync(`${this.path}/audit.jsonl`).trim().split("\n");
    return lines.map((line) => auditEntry.parse(parse(line)));
  }

  /** How often the audit says that a command ran. */
  times(id: string): number {
    return this.audit().filter((entry) => entry.kind === "ran" && entry.id === id).length;
  }

  run(): Run {
    return run.parse(parse(this.text("run.json")));
  }

  text(name: string): string {
    return Deno.readTextFileSync(`${this.path}/${name}`);
  }

  [Symbol.dispose](): void {
    Deno.removeSync(this.#outer, { recursive: true });
  }
}

export function gatewayAt(endpoint: string): { readonly env: Readonly<Record<string, string>> } {
  return { env: { NANNYAPI_ENDPOINT: endpoint, NANNYAPI_MODEL: MODEL } };
}
