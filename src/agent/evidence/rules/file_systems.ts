/** Claims that a file system is full, or has room, against `df` and the host's figures. */
import { fileSystemOf } from "../../../models/expert/readers/tables.ts";
import type { Source } from "../source.ts";
import { type Judgement, namesOf, type Rule, type View } from "./rule.ts";

const SUBJECT = /\b(?:disk|file ?systems?|partition|volume|mount|storage|device)\b|\bspace\b|\binodes?\b/i;
const FULL =
  /\bfull\b|\bno (?:free |more |disk )*(?:space|inodes)\b(?!\s+(?:problem|issue|shortage|trouble))|\bout of (?:disk )?(?:space|inodes)\b|\bno space left\b|\bexhausted\b|\bused up\b/i;
const ROOM =
  /\bnot full\b|\bhas (?:enough|plenty of|free|much) (?:free )?(?:space|room)\b|\bspace is (?:free|left)\b|\bmostly (?:empty|free)\b/i;

/** Below this nobody calls a file system full; from the other on nobody says that it has room. */
const NOT_FULL_PERCENT = 90;
const FULL_PERCENT = 97;
/** `df` rounds up, and counts what is reserved for root in its own way. */
const ROUNDING_PERCENT = 1;
/** What no program can do with. */
const NOTHING_BYTES = 1 << 20;
const NOTHING = /^(?:0\w?|\d{1,3}K)$/;

/** How full a file system is. */
export interface Usage {
  readonly device: string;
  readonly mount_point: string;
  readonly used_percent: number;
  /** Nothing is left: `df` rounds 99.1 % up to 100. */
  readonly is_used_up: boolean;
  readonly of: "space" | "inodes";
  readonly source?: Source;
}

export const fileSystems: Rule = (view) => {
  const { clause: { text } } = view;
  const usages = usagesOf(view);
  if (usages.length === 0) return [];
  const of = /\binodes?\b/i.test(text) ? "inodes" : "space";
  const paths = [
    ...namesOf(view, "path").map((path) => path.text),
    ...(/(?:^|\s)\/(?=\s|$|[,.;:])|\broot (?:file ?system|partition|disk)/.test(text) ? ["/"] : []),
  ];
  const meant = paths.flatMap((path) => meantBy(path, usages.filter((usage) => usage.of === of)));
  const says_room = ROOM.test(text);
  const says_full = !says_room && FULL.test(text.replace(/\d ?%\s+(?:full|used up)/g, "")) &&
    !/\b(?:memory|swap|queue|table|backlog|buffer)\b/i.test(text);
  if (says_full && (meant.length > 0 || SUBJECT.test(text))) return isFull({ meant, usages, of }, view);
  if (says_room) return meant.filter(({ used_percent }) => used_percent >= FULL_PERCENT).map((usage) => against(usage));
  return meant.length === 1 ? percentOf(meant[0], view) : [];
};

function isFull(
  { meant, usages, of }: {
    readonly meant: readonly Usage[];
    readonly usages: readonly Usage[];
    readonly of: Usage["of"];
  },
  view: View,
): readonly Judgement[] {
  // a quota, or the other of space and inodes, fails writes on a file system that df shows with room
  if (view.all.some(({ body }) => /\b(?:ENOSPC|EDQUOT)\b|No space left|quota exceeded/i.test(body))) return [];
  const looked = meant.length > 0 ? meant : usages.filter((usage) => usage.of === of);
  const fullest = looked.toSorted((a, b) => b.used_percent - a.used_percent)[0];
  return fullest !== undefined && fullest.used_percent < NOT_FULL_PERCENT ? [against(fullest)] : [];
}

/** `/data is 85 % full` */
function percentOf(usage: Usage | undefined, { clause }: View): readonly Judgement[] {
  const [claimed] = clause.numbers.filter(({ dimension, bound }) => dimension === "percent" && bound === undefined);
  const value = claimed?.values[0];
  if (usage === undefined || value === undefined || !/\b(?:full|used?|usage|at|filled)\b/i.test(clause.text)) return [];
  if (/\b(?:free|available|left|memory|cpu)\b/i.test(clause.text)) return [];
  const tolerance = ROUNDING_PERCENT + (claimed?.is_about ? 3 : 0);
  return Math.abs(value - usage.used_percent) > tolerance ? [against(usage)] : [];
}

function against({ mount_point, used_percent, of, source }: Usage): Judgement {
  const says = `${source?.id ?? "the host's figures"} has ${mount_point} at ${used_percent} % of its ${of}`;
  return { verdict: "contradicted", says, ...(source === undefined ? {} : { source }) };
}

function meantBy(path: string, usages: readonly Usage[]): readonly Usage[] {
  const devices = usages.filter(({ device }) => device === path);
  if (devices.length > 0 || path.startsWith("/dev/")) return devices.slice(-1);
  const found = fileSystemOf(path, usages)?.mount_point;
  const own = usages.filter(({ mount_point }) => mount_point === found);
  // the newest: an earlier df may have been before somebody cleaned up
  return own.slice(-1);
}

/** Of all outputs of `df`; of the host's own figures where no `df` was run. */
export function usagesOf({ all, host }: Pick<View, "all" | "host">): readonly Usage[] {
  const listed = all.flatMap((source) => dfRows(source));
  if (listed.length > 0) return listed;
  return (host?.figures.filesystems ?? []).flatMap((
    { mount_point, used_percent, inodes_used_percent, available_bytes },
  ): Usage[] => [
    { device: "", mount_point, used_percent, is_used_up: available_bytes < NOTHING_BYTES, of: "space" },
    {
      device: "",
      mount_point,
      used_percent: inodes_used_percent,
      is_used_up: inodes_used_percent >= 100,
      of: "inodes",
    },
  ]);
}

function dfRows(source: Source): readonly Usage[] {
  const { command } = source;
  if (command === undefined || !/\bdf\b/.test(command.command)) return [];
  const of = /IUse%|Inodes/.test(command.stdout) || /\bdf\b.* -\w*i/.test(command.command) ? "inodes" : "space";
  return [...command.stdout.matchAll(/^(\S+)\s(?:.*\s)?(\S+)\s+(\d+)%\s+(\/.*)$/gm)]
    .map(([, device = "", available = "", percent, mount_point = ""]): Usage => ({
      device,
      mount_point: mount_point.trim(),
      used_percent: Number(percent),
      is_used_up: Number(percent) === 100 && NOTHING.test(available),
      of,
      source,
    }));
}
