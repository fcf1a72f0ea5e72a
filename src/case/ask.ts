/** A case before a model: the same conversation as on a host that reaches one, up to where the host is needed. */
import { Conversation, type Operator } from "../agent/conversation.ts";
import type { OnProgress } from "../agent/progress.ts";
import type { Answer, Model } from "../models/model.ts";
import type { DiagnosticReply, Failure, Turn } from "../protocol/mod.ts";
import { isKnown, NO_HANDS } from "./hands.ts";
import { withRequest, withResolution } from "./steps.ts";
import type { CaseContent } from "./text.ts";

export interface AskOptions {
  readonly model: Model;
  readonly signal: AbortSignal;
  readonly on_progress: OnProgress;
}

/** The model asks for something that only the host can answer. */
class HostNeeded extends Error {
  override readonly name = "HostNeeded";
  constructor(readonly request: DiagnosticReply) {
    super("The host must answer this");
  }
}

/**
 * Asks the model until it concludes, or until the host is needed. What the case holds already (parts of outputs, the same
 * commands again) is answered from it, and a resolution whose claims do not stand is given back once for correction.
 *
 * @returns the case with the model's request or its resolution, or why there is neither
 */
export async function askModel(
  content: CaseContent,
  options: AskOptions,
): Promise<CaseContent | { readonly failure: Failure }> {
  const { issue, host, max_rounds, episode_id } = content;
  const turns = [...content.turns];
  let answer: Answer | undefined;
  const model: Model = {
    ...options.model,
    answer: async (...asked) => answer = await options.model.answer(...asked),
  };
  const conversation = new Conversation({
    issue,
    host,
    model,
    max_rounds,
    turns,
    hands: NO_HANDS,
    operator: hostOf(turns),
    signal: options.signal,
    ...(episode_id === undefined ? {} : { episode_id }),
    on_progress: (progress) => {
      if (progress.kind === "turn") turns.push(progress.turn);
      options.on_progress(progress);
    },
  });
  try {
    const { resolution, evidence_check, failure } = await conversation.diagnose();
    if (answer === undefined || resolution === undefined || evidence_check === undefined) {
      return { failure: failure ?? { kind: "model", message: "There was no answer." } };
    }
    return withResolution({ ...content, turns }, { resolution, evidence_check }, answer);
  } catch (error) {
    if (!(error instanceof HostNeeded) || answer === undefined) throw error;
    return withRequest({ ...content, turns }, error.request, answer);
  }
}

/** Stands where an operator would look at a request: lets through what needs no host. */
function hostOf(turns: readonly Turn[]): Operator {
  return {
    review: (request) => isKnown(request, turns) ? Promise.resolve(request) : Promise.reject(new HostNeeded(request)),
  };
}
