/** A case before and after each step: pure functions of what it holds. */
import type { CheckedResolution } from "../agent/evidence/mod.ts";
import type { Answer } from "../models/model.ts";
import type { CaseDocument, CaseStep } from "../protocol/case.ts";
import type { DiagnosticReply, Run } from "../protocol/mod.ts";
import type { CaseContent } from "./text.ts";

/** Who did a step, and when. */
export type Did = Omit<CaseStep, "kind">;

/** Something that is done now, by this version of ktriage, and which model answered. */
export function did(version: string, model?: string): Did {
  return { time: new Date().toISOString(), version, ...(model === undefined ? {} : { model }) };
}

/** What a case holds, without what is decided when it is written. */
export function contentOf(document: CaseDocument): CaseContent {
  const { schema: _schema, about: _about, checksum: _checksum, next: _next, ...content } = document;
  return content;
}

/** The host ran the request, and it is answered; turns are added by whoever redacts them. */
export function withoutRequest({ request: _request, notes: _notes, ...content }: CaseContent): CaseContent {
  return content;
}

export function withStep(content: CaseContent, kind: CaseStep["kind"], did: Did): CaseContent {
  return { ...content, steps: [...content.steps, { ...did, kind }] };
}

/** The model asks for more. */
export function withRequest(content: CaseContent, request: DiagnosticReply, answer: Answer): CaseContent {
  const { notes = [] } = answer;
  return { ...withEpisode(content, answer), request, ...(notes.length === 0 ? {} : { notes: [...notes] }) };
}

/** The model has concluded. */
export function withResolution(
  content: CaseContent,
  { resolution, evidence_check }: CheckedResolution,
  answer: Answer,
): CaseContent {
  return { ...withEpisode(content, answer), resolution, evidence_check };
}

function withEpisode(content: CaseContent, { episode_id }: Answer): CaseContent {
  return episode_id === undefined ? content : { ...content, episode_id };
}

/** The run's document of a case that has a resolution. */
export function runOf(document: CaseDocument): Run {
  const { issue, host, turns, model = "unknown", episode_id, resolution, evidence_check, steps } = document;
  const [first, last] = [steps[0], steps.at(-1)];
  const now = new Date().toISOString();
  return {
    schema: "ktriage.run/1",
    issue,
    host,
    model,
    ...(episode_id === undefined ? {} : { episode_id }),
    start_time: first?.time ?? now,
    end_time: last?.time ?? now,
    turns,
    ...(resolution === undefined ? {} : { resolution }),
    ...(evidence_check === undefined ? {} : { evidence_check }),
  };
}
