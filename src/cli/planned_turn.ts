/** A turn while an operator watches: what of it waits, runs or has ended, and what was taken out. */
import type { Hands, RunCommand } from "../agent/turn.ts";
import type { ProgramStart, RunningPrograms, StartOptions } from "../probes/mod.ts";
import {
  type CommandRequest,
  type CommandResult,
  type DiagnosticReply,
  type EbpfProgram,
  type EbpfResult,
  notRun,
} from "../protocol/mod.ts";
import type { Paint } from "../report/paint.ts";
import { planLine, type PlannedLine, plannedLines, programText } from "../report/plan.ts";

const SKIPPED = "Skipped by the operator.";
const SKIPPED_HINT = "The operator does not want it to run now. Ask for something else, or conclude.";

type State = "waiting" | "running" | "done" | "skipped" | "ended early";

interface Item extends PlannedLine {
  readonly number: number;
  state: State;
  /** Whether hands have it already: of two equal commands each is one item. */
  taken: boolean;
  /** Ends it while it runs. */
  end?: () => void;
}

export interface Skipped {
  /** What is skipped now, for people. */
  readonly names: readonly string[];
  /** Words that name nothing which could be skipped. */
  readonly unknown: readonly string[];
}

/** What a request asks for, numbered from 1 as the operator sees it. */
export class PlannedTurn {
  readonly #items: readonly Item[];

  constructor(request: DiagnosticReply) {
    this.#items = plannedLines(request)
      .map((line, index) => ({ ...line, number: index + 1, state: "waiting", taken: false }));
  }

  /**
   * Skips what has not ended: what waits will not run, what runs is ended, and what it saw is kept.
   *
   * @param words numbers, ids or names; none for all
   */
  skip(words: readonly string[]): Skipped {
    const open = this.#items.filter(({ state }) => state === "waiting" || state === "running");
    const meant = words.length === 0 ? open : open.filter((item) => words.some((word) => isMeant(item, word)));
    for (const item of meant) {
      item.state = item.state === "waiting" ? "skipped" : "ended early";
      item.end?.();
    }
    return {
      names: meant.map(({ kind, name }) => `${kind} ${name}`),
      unknown: words.filter((word) => !meant.some((item) => isMeant(item, word))),
    };
  }

  /** The plan as lines. */
  lines(paint: Paint): readonly string[] {
    return this.#items.map(({ state, ...item }) => planLine(state === "waiting" ? item : { ...item, state }, paint));
  }

  /** The item that a command or program is; with a name that the turn may have given a number. */
  take({ kind, name, text }: PlannedLine): Item | undefined {
    const equal = this.#items.filter((item) => !item.taken && item.kind === kind && item.text === text);
    const item = equal.find((candidate) => candidate.name === name) ?? equal[0];
    if (item !== undefined) item.taken = true;
    return item;
  }
}

function isMeant({ number, name }: Item, word: string): boolean {
  return word === String(number) || word === name;
}

/** Hands that do not run what the operator skips, and say so in its result. */
export function steeredHands(hands: Hands, turn: () => PlannedTurn | undefined): Hands {
  return {
    ...hands,
    runCommand: (request, options) => {
      const item = turn()?.take({ kind: "command", name: request.id, text: request.command });
      return item === undefined ? hands.runCommand(request, options) : runCommand(hands, item, { request, options });
    },
    startPrograms: (programs, options) => {
      const planned = programs.map((program) => ({
        program,
        item: turn()?.take({ kind: "program", name: program.name, text: programText(program) }),
      }));
      return startPrograms(hands, planned, options);
    },
  };
}

async function runCommand(
  hands: Hands,
  item: Item,
  { request, options }: { readonly request: CommandRequest; readonly options: Parameters<RunCommand>[1] },
): Promise<CommandResult> {
  if (item.state === "skipped") return skippedCommand(request);
  const own = new AbortController();
  begin(item, () => own.abort());
  const { signal } = options;
  const result = await hands.runCommand(request, { ...options, signal: AbortSignal.any([signal, own.signal]) });
  finish(item);
  if (!own.signal.aborted || signal.aborted) return result;
  // it was still to be asked about, or ran: a command that ended just then keeps its result
  if (result.refused !== undefined) return { ...result, refused: { ...result.refused, reason: SKIPPED } };
  return result.error === undefined ? result : { ...result, error: "The operator ended it before it was done." };
}

interface PlannedProgram {
  readonly program: EbpfProgram;
  readonly item: Item | undefined;
}

async function startPrograms(
  hands: Hands,
  planned: readonly PlannedProgram[],
  options: StartOptions | undefined,
): Promise<RunningPrograms> {
  const skipped = planned.filter(({ item }) => item?.state === "skipped").map(({ program }) => skippedProgram(program));
  const kept = planned.filter(({ item }) => item?.state !== "skipped");
  const running = await hands.startPrograms(kept.map(({ program }) => program), options);
  const itemOf = new Map<string, Item>();
  for (const { name, key, error } of running.starts) {
    const item = kept.find(({ program }) => program.name === name)?.item;
    if (item === undefined) continue;
    itemOf.set(key, item);
    // it may have been skipped while it was being attached
    if (error !== undefined) finish(item);
    else if (!begin(item, () => running.stop(key))) running.stop(key);
  }
  const seen = (key: string, result: EbpfResult): EbpfResult => {
    const item = itemOf.get(key);
    if (item === undefined) return result;
    finish(item);
    return item.state !== "ended early" || result.error !== undefined
      ? result
      : { ...result, summary: `The operator ended it early. ${result.summary}` };
  };
  return {
    starts: [...running.starts, ...skipped.map(({ start }) => start)],
    stop: (key) => running.stop(key),
    results: running.results.then((results) =>
      Object.fromEntries([
        ...Object.entries(results).map(([key, result]) => [key, seen(key, result)] as const),
        ...skipped.map(({ start, result }) => [start.key, result] as const),
      ])
    ),
  };
}

/** @returns false where the operator does not want it any more */
function begin(item: Item, end: () => void): boolean {
  const wanted = item.state === "waiting";
  item.state = wanted ? "running" : "ended early";
  item.end = end;
  return wanted;
}

function finish(item: Item): void {
  if (item.state === "running" || item.state === "waiting") item.state = "done";
}

function skippedCommand(request: CommandRequest): CommandResult {
  return notRun(request, { refused: { rule: "operator/skipped", reason: `${SKIPPED} ${SKIPPED_HINT}` } });
}

function skippedProgram(
  { name, type, target }: EbpfProgram,
): { readonly start: ProgramStart; readonly result: EbpfResult } {
  const why = { error: SKIPPED, hint: SKIPPED_HINT };
  const now = BigInt(Date.now()) * 1_000_000n;
  const key = `${name}_${Math.floor(Date.now() / 1000)}`;
  const nothing = { event_count: 0, lost_events: 0, sampled: false, events: [], summary: SKIPPED };
  return {
    start: { name, key, ...why },
    result: { program_name: name, type, target, start_time: now, end_time: now, ...nothing, ...why },
  };
}
