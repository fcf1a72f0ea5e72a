/** A verdict with the steps of the line, for people who want to know why. */
import { parse, type SyntaxNode } from "unbash";
import { judge } from "./judge.ts";
import { NO_RULES, type Rules } from "./operator.ts";
import { PROGRAMS } from "./programs/mod.ts";
import { isStep, survey } from "./survey.ts";
import type { Verdict } from "./verdict.ts";

/** One part of the line as the shell runs it. */
export interface Step {
  /** 0 for the outermost. */
  readonly depth: number;
  readonly what: string;
  /** The part of the line. */
  readonly text: string;
}

export interface Explanation {
  readonly verdict: Verdict;
  /** Empty when the line could not be read. */
  readonly steps: readonly Step[];
}

/** More steps of one line are nothing that a person would read. */
const MAX_STEPS = 100;
const WORDS: Partial<Readonly<Record<SyntaxNode["type"], string>>> = {
  Pipeline: "pipeline",
  AndOr: "one after the other",
  Subshell: "subshell",
  BraceGroup: "group",
  If: "if",
  For: "loop over words",
  While: "loop",
  Case: "case",
  Command: "command",
  TestCommand: "test",
  CommandExpansion: "output of",
  ProcessSubstitution: "pipe from",
};

/** Judges a line and takes it apart. Never throws. */
export function explain(line: string, rules: Rules = NO_RULES): Explanation {
  return { verdict: judge(line, rules), steps: stepsOf(line) };
}

function stepsOf(line: string): readonly Step[] {
  try {
    const steps = survey(parse(line)).filter(({ node }) => isStep(node)).slice(0, MAX_STEPS);
    return steps.map(({ node, place, depth }) => ({
      depth,
      what: WORDS[node.type] ?? node.type,
      text: line.slice(place.pos, place.end),
    }));
  } catch {
    return []; // nested too deeply: the verdict says so
  }
}

/** A program that may run. */
export interface ListedProgram {
  readonly name: string;
  /** What is special about it; empty when it may have any arguments. */
  readonly says: readonly string[];
}

/** The programs of the table, sorted by name. */
export function listPrograms(): readonly ListedProgram[] {
  const programs = [...PROGRAMS].sort(([a], [b]) => a < b ? -1 : 1);
  return programs.map(([name, { rule, runs, approval, bound, sendsInput }]) => ({
    name,
    says: [
      ...(rule === undefined && runs === undefined ? [] : ["arguments that only read"]),
      ...(runs === undefined ? [] : ["what it runs is judged too"]),
      ...(approval === undefined ? [] : ["some need an operator's yes"]),
      ...(bound === undefined ? [] : ["gets a bound where it would not end"]),
      ...(sendsInput === undefined ? [] : ["only with empty input"]),
    ],
  }));
}
