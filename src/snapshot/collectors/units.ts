/** Units of systemd that failed, or are started again and again. */
import type { HealthFinding } from "../../protocol/snapshot.ts";
import type { Collector, Sources } from "../collector.ts";
import { shown } from "../readings/figures.ts";
import { absent } from "../readings/reading.ts";
import { printable, quoted } from "../readings/words.ts";

/** What systemd knows of units stands in no file; systemctl asks it, once, and is ended when it does not answer. */
const LIST = [
  "systemctl",
  "list-units",
  "--all",
  "--state=failed,auto-restart",
  "--plain",
  "--no-legend",
  "--no-pager",
  "--full",
] as const;
const MAX_TOLD = 10;
const MAX_ASKED = 50;
/** One restart is an accident. */
const MIN_RESTARTS = 2;

/** A link for each unit that was started, to the id of that start (systemd 235, unit_export_invocation_id()). */
const STARTS = "/run/systemd/units";
const START = /^invocation:(.+\.service)$/;

export const units: Collector = {
  name: "units",
  start: (sources) => {
    const before = startsOf(sources);
    return Promise.resolve(async () => {
      // sd_booted(3)
      if (sources.facts("/run/systemd/system") === undefined) return absent("this host does not run systemd");
      const output = await sources.output(LIST);
      if (output === undefined) return absent("there is no systemctl");
      const all = parseUnits(output);
      const failed = all.filter(({ sub }) => sub !== "auto-restart");
      const waiting = all.filter(({ sub }) => sub === "auto-restart");
      const restarted = (await restartedIn(sources, before))
        .filter(({ name }) => !all.some((unit) => unit.name === name));
      return {
        figures: [
          shown("unit.failed", failed.length),
          shown("unit.restarting", waiting.length + restarted.length),
        ],
        findings: [
          ...waiting.map(waitingFinding),
          ...restarted.map(restartedFinding),
          ...failed.map(failedFinding),
        ].slice(0, MAX_TOLD),
      };
    });
  },
};

function startsOf(sources: Sources): ReadonlyMap<string, string> {
  return new Map(
    sources.names(STARTS).flatMap((name) => {
      const unit = START.exec(name)?.[1], id = sources.link(`${STARTS}/${name}`);
      return unit === undefined || id === undefined ? [] : [[unit, id] as const];
    }),
  );
}

interface Restarted {
  readonly name: string;
  /** By systemd itself, since somebody last started it. */
  readonly times: number;
}

/** Services that were started anew in the window. Timers and people do that too: NRestarts counts what systemd did by itself. */
async function restartedIn(sources: Sources, before: ReadonlyMap<string, string>): Promise<readonly Restarted[]> {
  const started = [...startsOf(sources)].filter(([unit, id]) => before.has(unit) && before.get(unit) !== id)
    .map(([unit]) => unit).slice(0, MAX_ASKED);
  if (started.length === 0) return [];
  const shown = await sources.output(["systemctl", "show", "--no-pager", "--property=Id,NRestarts", "--", ...started]);
  return (shown ?? "").split(/\n\n+/).flatMap((part) => {
    const name = /^Id=(\S+)$/m.exec(printableLines(part))?.[1],
      times = Number(/^NRestarts=(\d{1,9})$/m.exec(part)?.[1] ?? 0);
    return name === undefined || times < MIN_RESTARTS ? [] : [{ name, times }];
  });
}

function printableLines(text: string): string {
  return text.split("\n").map(printable).join("\n");
}

interface Unit {
  readonly name: string;
  readonly sub: string;
  readonly description: string;
}

/** `UNIT LOAD ACTIVE SUB DESCRIPTION`; older versions put a dot before it even in plain form. */
function parseUnits(output: string): readonly Unit[] {
  return output.split("\n").flatMap((line) => {
    const [, name, active = "", sub = "", description = ""] =
      /^[^\w@-]*(\S+)\s+\S+\s+(\S+)\s+(\S+)\s*(.*)$/.exec(printable(line)) ?? [];
    return name === undefined || !/^(failed|activating)$/.test(active) ? [] : [{ name, sub, description }];
  });
}

function failedFinding({ name, description }: Unit): HealthFinding {
  return {
    id: "unit.failed",
    of: name,
    severity: "warning",
    title: `${name} has failed${description === "" ? "" : ` (${description})`}`,
    evidence: [`systemctl: ${name} is failed`],
    meaning: "systemd gave it up: what it does for this host is not done.",
    next: `systemctl status --no-pager --full ${quoted(name)}`,
  };
}

function waitingFinding({ name, description }: Unit): HealthFinding {
  return {
    id: "unit.restarting",
    of: name,
    severity: "warning",
    title: `${name} ended and waits to be started again${description === "" ? "" : ` (${description})`}`,
    evidence: [`systemctl: ${name} is activating (auto-restart)`],
    meaning: "It crashes or gives up, and systemd starts it once more: a service in a loop.",
    next: `systemctl status --no-pager --full ${quoted(name)}`,
  };
}

function restartedFinding({ name, times }: Restarted): HealthFinding {
  return {
    id: "unit.restarting",
    of: name,
    severity: "warning",
    title: `${name} ended in the window and was started again, ${times} times by now`,
    evidence: [
      `${STARTS}/invocation:${name}: another start than at the window's beginning`,
      `systemctl: NRestarts ${times}`,
    ],
    meaning: "It crashes or gives up, and systemd starts it once more: a service in a loop.",
    next: `systemctl status --no-pager --full ${quoted(name)}`,
  };
}
