/** Claims that a process or a unit runs, or does not, and which pid is whose. */
import { parsePs } from "../../../models/expert/readers/tables.ts";
import type { Name } from "../atoms.ts";
import type { Source } from "../source.ts";
import { isWholeList, type Judgement, namesOf, type Rule, type View } from "./rule.ts";

const NOT_RUNNING =
  /\b(?:is|are|was|were)(?: not|n't| no longer)(?: \w+)? running\b|\bnot running\b|\bno longer runs\b|\bdoes(?: not|n't) run\b|\bno (?:process|instance)\b|\bno [\w.-]+ process\b|\bis (?:down|stopped|dead|inactive)\b/i;
const RUNNING = /\b(?:is|are) (?:still )?(?:running|active|up)\b/i;
const PS = /^\s*(?:sudo )?ps\b/;

export const processes: Rule = (view) => [...running(view), ...ownersOfPids(view)];

function running(view: View): readonly Judgement[] {
  const { clause: { text } } = view;
  const says_not = NOT_RUNNING.test(text);
  if (!says_not && !RUNNING.test(text)) return [];
  const subject = subjectOf(view);
  if (subject === undefined) return [];
  const unit = view.all.flatMap((source) => unitState(source, subject)).at(-1);
  if (unit !== undefined) {
    const is_active = unit.state === "active";
    if (is_active === says_not) {
      return [{
        verdict: "contradicted",
        source: unit.source,
        says: `${unit.source.id} says that ${subject} is ${unit.state}`,
      }];
    }
    return [{
      verdict: "supported",
      source: unit.source,
      says: `${unit.source.id} says that ${subject} is ${unit.state}`,
    }];
  }
  if (!says_not) return [];
  for (const source of view.all) {
    const row = psRow(source, subject);
    if (row !== undefined) return [{ verdict: "contradicted", source, says: `${source.id} lists it: ${row}` }];
  }
  const covers = view.clause.names.filter(({ text }) => text.toLowerCase().includes(subject.toLowerCase()));
  const list = view.cited.find((source) => isWholeList(source, /^(?:sudo )?ps (?:-e|-A|-?aux|ax)/));
  if (list !== undefined) {
    return [{ verdict: "supported", source: list, says: `${list.id} lists no ${subject}`, covers }];
  }
  const search = view.cited.find(({ command }) =>
    command?.exit_code === 1 && command.stdout.trim() === "" && /\b(?:pgrep|pidof|grep)\b/.test(command.command) &&
    command.command.toLowerCase().includes(subject.toLowerCase().slice(0, 5))
  );
  return search === undefined
    ? []
    : [{ verdict: "supported", source: search, says: `${search.id} found no ${subject}`, covers }];
}

/** What is said to run or not: the word before the verb, or what "no process" is called. */
function subjectOf(view: View): string | undefined {
  const { clause: { text } } = view;
  const [, word] =
    /["'`“]?([\w@.-]+)["'`”]? (?:process |service |daemon |server |unit )?(?:\(pid[^)]*\) )?(?:is|are|was|were|does)\b/i
      .exec(text) ?? [];
  const [, called] = /\bno ([\w@.-]+) process\b/i.exec(text) ??
    /\bno process (?:called |named |of )?["'`“]?([\w@.-]+)/i.exec(text) ?? [];
  const subject = (called ?? word)?.replace(/\.service$/, "");
  const isName = subject !== undefined && subject.length > 1 &&
    !/^(?:it|this|that|which|there|process|service|daemon|server|unit|host|database|application|app|is|and|kernel|system|port|network)$/i
      .test(subject);
  return isName ? subject : namesOf(view, "process")[0]?.text;
}

function unitState(source: Source, subject: string): readonly { readonly source: Source; readonly state: string }[] {
  const { command } = source;
  if (command === undefined || !/\bsystemctl\b/.test(command.command)) return [];
  const isAbout = command.command.toLowerCase().split(/[\s;]+/).some((word) =>
    isSame(word.replace(/\.service$/, ""), subject)
  );
  const state = /^\s*Active: (\w+)/m.exec(command.stdout)?.[1] ??
    /^(active|inactive|failed)\s*$/.exec(command.stdout)?.[1];
  if (isAbout && state !== undefined) return [{ source, state }];
  const [, name, listed] =
    command.stdout.split("\n").map((line) => /^\W*([\w@.\\-]+)\.service\s+\S+\s+(\w+)\s/.exec(line))
      .find((match) => match !== null && isSame(match[1] ?? "", subject)) ?? [];
  return name === undefined || listed === undefined ? [] : [{ source, state: listed }];
}

/** The line in which `ps` lists a live process of that name. */
function psRow({ command, rows }: Source, subject: string): string | undefined {
  if (command === undefined || !PS.test(command.command)) return undefined;
  return rows.map(({ text }) => text).find((text) => {
    if (/\bgrep\b|<defunct>|\bps -|\bps ax|\bps aux/.test(text)) return false;
    return text.trim().split(/\s+/).slice(1).some((word) =>
      isSame(word.replace(/^.*\/(?=.)/, "").replace(/:$/, ""), subject)
    );
  })?.trim().replace(/\s+/g, " ").slice(0, 80);
}

/** PostgreSQL's process is called postgres, MariaDB's mariadbd. */
function isSame(name: string, subject: string): boolean {
  const [a, b] = [name.toLowerCase(), subject.toLowerCase()];
  return a === b || a.length >= 5 && b.startsWith(a) || b.length >= 5 && a === `${b}d`;
}

/** A thread's name may have spaces, of which a claim's last word is caught. */
function isAlike(known: string, said: string): boolean {
  const [a, b] = [known.toLowerCase(), said.toLowerCase()];
  return a === b || b.length >= 3 && a.includes(b) || a.length >= 3 && b.includes(a);
}

/** `shop (pid 812)`, where the run knows pid 812 by another name, or shop by another pid. */
function ownersOfPids(view: View): readonly Judgement[] {
  return [...view.clause.text.matchAll(/([\w.:/-]+)(?: \(|,? (?:has |with |is |as )?)(?:pid|PID) (\d+)/g)].flatMap(
    ([, name = "", pid = ""]): Judgement[] => {
      const known = view.all.flatMap((source) => pairsOf(source).map((pair) => ({ ...pair, source })));
      const named = known.filter((pair) => pair.pid === Number(pid));
      // "the application (pid 812)" is no name
      const isName = known.some((pair) => pair.name === name);
      const isOther = isName && named.length > 0 && !named.some((pair) => isAlike(pair.name, name));
      const [first] = named;
      if (isOther && first !== undefined) {
        return [{
          verdict: "contradicted",
          source: first.source,
          says: `${first.source.id} knows pid ${pid} as ${first.name}`,
        }];
      }
      const own = known.filter((pair) => pair.name === name);
      const [owner] = own;
      const isElsewhere = view.all.some(({ body }) => new RegExp(`(?<![\\w.])${pid}(?!\\w|\\.\\d)`).test(body));
      if (named.length > 0 || owner === undefined || isElsewhere) return [];
      const pids = [...new Set(own.map((pair) => pair.pid))].slice(0, 3).join(", ");
      return [{
        verdict: "contradicted",
        source: owner.source,
        says: `${owner.source.id} knows ${name} as pid ${pids}`,
      }];
    },
  );
}

const pairs = new WeakMap<Source, readonly { readonly name: string; readonly pid: number }[]>();

function pairsOf(source: Source): readonly { readonly name: string; readonly pid: number }[] {
  const known = pairs.get(source) ?? readPairs(source);
  pairs.set(source, known);
  return known;
}

function readPairs({ program, command }: Source): readonly { readonly name: string; readonly pid: number }[] {
  if (program) {
    const seen = new Map<string, { readonly name: string; readonly pid: number }>();
    const add = (name: unknown, pid: unknown): void => {
      if (typeof name === "string" && typeof pid === "number") seen.set(`${pid} ${name}`, { name, pid });
    };
    for (const { process_name, process_id } of program.aggregates?.by_process ?? []) add(process_name, process_id);
    for (const { columns, rows } of program.reading?.tables ?? []) {
      const [name_at, id_at] = ["process_name", "process_id"].map((wanted) =>
        columns.findIndex(({ name }) => name === wanted)
      );
      for (const row of rows) add(row[name_at ?? -1], row[id_at ?? -1]);
    }
    for (const { process_name, process_id, data } of program.events) {
      add(process_name, process_id);
      add(data.comm, data.pid);
    }
    return [...seen.values()];
  }
  const { stdout = "" } = command ?? {};
  const sockets = [...stdout.matchAll(/"([^"]+)",pid=(\d+)/g)];
  const aux = [
    ...stdout.matchAll(/^\S+\s+(?<pid>\d+)\s+[\d.]+\s+[\d.]+\s.*\s\d+:\d\d\s+(?:\S*\/)?(?<name>[^\s/:]+)/gm),
  ];
  return [
    ...sockets.map(([, name = "", pid]) => ({ name, pid: Number(pid) })),
    ...aux.map(({ groups }) => ({ name: groups?.["name"] ?? "", pid: Number(groups?.["pid"]) })),
    ...parsePs(stdout).map(({ name, process_id }) => ({ name, pid: process_id })),
  ];
}

/** Names of processes in the run, for reading claims. */
export function processNamesOf(source: Source): readonly string[] {
  return pairsOf(source).map(({ name }: { readonly name: Name["text"] }) => name);
}
