/** A case as ktriage collect could have written it, and a folder for one. */
import { redactInto, redactorOf } from "../../src/case/redaction.ts";
import { did, withStep } from "../../src/case/steps.ts";
import type { CaseContent } from "../../src/case/text.ts";
import type { Redactor } from "../../src/privacy/redactor.ts";
import type { Turn } from "../../src/protocol/mod.ts";
import { SAMPLE_HOST, SAMPLE_RUN } from "../support/sample_run.ts";

const SAMPLE_TURN: Turn = SAMPLE_RUN.turns[0]!;

export const EMPTY_CASE: CaseContent = {
  id: "0123456789abcdef0123456789abcdef",
  machine: `sha256:${"0".repeat(64)}`,
  redacted: [],
  placeholders: {},
  max_rounds: 8,
  max_bytes: 4 << 20,
  steps: [],
  issue: "",
  host: SAMPLE_HOST,
  turns: [],
};

/** A case with one turn, and the redactor that knows its placeholders. */
export function sampleCase(turn: Turn = SAMPLE_TURN): { readonly content: CaseContent; readonly redactor: Redactor } {
  const redactor = redactorOf({ redacted: ["addresses"], placeholders: {} });
  const content = withStep({ ...EMPTY_CASE, redacted: ["addresses"] }, "collected", did("0.1.0"));
  return {
    content: redactInto(
      content,
      { issue: "the shop cannot reach its database", host: SAMPLE_HOST, turns: [turn] },
      redactor,
    ),
    redactor,
  };
}

/** A turn in which one command printed this. */
export function turnThatPrinted(stdout: string, command = "cat /etc/shop.conf", id = "conf"): Turn {
  return {
    request: { response_type: "diagnostic", reasoning: "", commands: [{ id, command }], ebpf_programs: [] },
    command_results: [{ id, command, exit_code: 0, stdout, stderr: "", duration_ms: 1 }],
    ebpf_results: {},
  };
}

/** Gives the work a folder of its own, until it is done. */
export async function inFolder(work: (folder: string) => Promise<void> | void): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    await work(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}
