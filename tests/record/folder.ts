/** Records in folders that are removed afterwards. */
import type { Progress } from "../../src/agent/progress.ts";
import type { Answer, Model, Question } from "../../src/models/model.ts";
import type { Machine, RecordBegan, Turn } from "../../src/protocol/mod.ts";
import { Record } from "../../src/record/record.ts";
import { SAMPLE_HOST, SAMPLE_RUN } from "../support/sample_run.ts";

/** The record's folder is one inside of a temporary one, and is not there at first. */
export class RecordFolder implements Disposable {
  readonly outer = Deno.makeTempDirSync();
  readonly path = `${this.outer}/record`;

  [Symbol.dispose](): void {
    Deno.removeSync(this.outer, { recursive: true });
  }
}

export const WHO = { version: "1.2.3", arguments: ["diagnose"] };
/** No process of these tests runs there: what looks like theirs is not under way. */
export const MACHINE: Machine = { host_id: "h", boot_id: "b" };
export const ELSEWHERE: Machine = { host_id: "h", boot_id: "another" };

export const ASKED: Omit<RecordBegan, "schema" | "time"> = {
  version: "1.2.3",
  issue: SAMPLE_RUN.issue,
  host: SAMPLE_HOST,
  machine: MACHINE,
  identities: { hosts: ["shop-1"], users: ["anna"] },
  options: { model: "http://gw f", endpoint: "http://gw/openai/v1", function: "f", max_rounds: 8, redact: ["hosts"] },
};

export const [TURN] = SAMPLE_RUN.turns as [Turn];
export const RESOLUTION = SAMPLE_RUN.resolution!;

export const QUESTION: Question = { issue: "", host: SAMPLE_HOST, turns: [], messages: [], rounds_left: 8 };

/** A record of a diagnosis that has begun. */
export function begun(path: string): Record {
  const record = Record.create(path, WHO);
  record.began(ASKED);
  return record;
}

/** The model gives this answer. */
export async function answers(record: Record, answer: Omit<Answer, "raw">): Promise<void> {
  const model: Model = { name: "m", answer: () => Promise.resolve({ raw: "{}", ...answer }) };
  await record.listenTo(model).answer(QUESTION, { signal: new AbortController().signal });
}

/** A turn runs to its end. */
export function runs(record: Record, turn: Turn = TURN, index = 0): void {
  const steps: Progress[] = [
    ...turn.command_results.map((result) => ({ kind: "command_ended", result } as const)),
    { kind: "turn", turn, index },
  ];
  steps.forEach((step) => record.progress(step));
}
