/** Which figures a page shows: a row for each subject, the telling ones first, of many devices the worst. */
import type { Figure } from "../../protocol/snapshot.ts";
import { fillOf, levelOf, nearness } from "./scale.ts";
import { areaOf } from "./values.ts";

/** The figures of one subject. */
export interface AreaRow {
  readonly area: string;
  /** The first is the one with the bar, where there is one. */
  readonly figures: readonly Figure[];
  /** Devices, mounts and so on of which only the worst is among the figures, by its figure's name. */
  readonly others: ReadonlyMap<string, number>;
}

/** A row for each subject, in the order in which collectors tell them. */
export function areaRows(figures: readonly Figure[]): readonly AreaRow[] {
  return [...Map.groupBy(figures, areaOf)].map(([area, group]) => {
    const by_name = [...Map.groupBy(group, ({ name }) => name)];
    const chosen = by_name.map(([, several]) => worstOf(several));
    return {
      area,
      figures: chosen.toSorted((a, b) => rank(b) - rank(a)),
      others: new Map(
        by_name.filter(([, several]) => several.length > 1).map(([name, several]) => [name, several.length]),
      ),
    };
  });
}

function worstOf(figures: readonly Figure[]): Figure {
  return figures.reduce((worst, figure) => {
    const [a, b] = [nearness(worst), nearness(figure)];
    return b > a || b === a && figure.value > worst.value ? figure : worst;
  });
}

/** What is beyond a limit, then what has a bar; else the order stays. */
function rank(figure: Figure): number {
  const level = levelOf(figure);
  return (level === "critical" ? 4 : level === "warning" ? 2 : 0) + (fillOf(figure) === undefined ? 0 : 1);
}
