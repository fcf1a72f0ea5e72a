/** How far a figure is from its limits, and how full its bar is. */
import type { Figure } from "../../protocol/snapshot.ts";

export type Level = "good" | "warning" | "critical" | "plain";

/** Beyond which limit a figure is; plain where it has none. A limit below the other one is a lower bound. */
export function levelOf({ value, warn, crit }: Pick<Figure, "value" | "warn" | "crit">): Level {
  if (warn === undefined && crit === undefined) return "plain";
  // a limit of nothing is passed by something
  const beyond = (limit: number): boolean =>
    isLower({ warn, crit }) ? value <= limit : limit === 0 ? value > 0 : value >= limit;
  if (crit !== undefined && beyond(crit)) return "critical";
  return warn !== undefined && beyond(warn) ? "warning" : "good";
}

/** Whether small values are the bad ones: memory left, days until a certificate expires. */
export function isLower(
  { warn, crit }: { readonly warn?: number | undefined; readonly crit?: number | undefined },
): boolean {
  return warn !== undefined && crit !== undefined && warn > crit;
}

/** From 0 to 1, where the figure has a natural whole: percent, or a maximum; undefined where a bar would mean nothing. */
export function fillOf({ value, unit, min = 0, max }: Figure): number | undefined {
  const whole = max ?? (unit === "percent" ? 100 : undefined);
  if (whole === undefined || whole <= min) return undefined;
  return Math.min(1, Math.max(0, (value - min) / (whole - min)));
}

/** How near to trouble, to choose the worst of several: beyond limits first, then the fullest, then the largest. */
export function nearness(figure: Figure): number {
  const { value, warn, crit } = figure;
  const beyond = { critical: 3, warning: 2, good: 0, plain: 0 }[levelOf(figure)];
  const limit = crit ?? warn;
  const share = limit === undefined || limit === 0
    ? fillOf(figure) ?? 0
    : isLower(figure)
    ? limit / Math.max(value, Number.MIN_VALUE)
    : value / limit;
  return beyond + Math.min(1, Math.max(0, share));
}
