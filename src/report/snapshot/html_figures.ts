/** The figures of a page for browsers: a card for each subject, a table where there are several of something. */
import type { Figure } from "../../protocol/snapshot.ts";
import { html, type Markup } from "../html.ts";
import { fillOf, levelOf, nearness } from "./scale.ts";
import { areaOf, figureLabel, valueText } from "./values.ts";

/** Devices, mounts and so on of one subject: those nearest to a limit. All are in the document. */
const MAX_ROWS = 30;
/** Of a table in one of three columns. */
const MAX_NARROW_COLUMNS = 2;

/** A card for each subject, in the order in which collectors tell them; those with wide tables behind the others. */
export function figureCards(figures: readonly Figure[]): Markup {
  const cards = [...Map.groupBy(figures, areaOf)].map(([area, group]) => {
    const single = group.filter(({ of }) => of === undefined);
    const several = group.filter(({ of }) => of !== undefined);
    const table = several.length === 0 ? undefined : tableOf(several);
    const card = html`<div class="card"><h3>${area}</h3>${single.map(figureRow)}${table}</div>`;
    return { card, is_wide: new Set(several.map(({ name }) => name)).size > MAX_NARROW_COLUMNS };
  });
  const narrow = cards.filter(({ is_wide }) => !is_wide), wide = cards.filter(({ is_wide }) => is_wide);
  return html`<div class="columns">${narrow.map(({ card }) => card)}</div>${wide.map(({ card }) => card)}`;
}

function figureRow(figure: Figure): Markup {
  return html`
    <div
      class="figure ${levelOf(figure)}"><span class="label">${figureLabel(
        figure,
      )}</span><span class="value">${valueText(figure.value, figure.unit)}</span>${barOf(figure)}</div>
  `;
}

/** A bar with marks at its limits; nothing where there is no whole. */
function barOf(figure: Figure): Markup | undefined {
  const fill = fillOf(figure);
  if (fill === undefined) return undefined;
  const marks = [figure.warn, figure.crit].flatMap((limit) => {
    const at = limit === undefined ? undefined : fillOf({ ...figure, value: limit });
    return at === undefined || at <= 0 || at >= 1 ? [] : [html`<b style="left:${percent(at)}"></b>`];
  });
  const level = levelOf(figure);
  const filled = fill === 0 ? undefined : html`<i style="width:${percent(fill)}"></i>`;
  return html`<div class="bar ${level}">${filled}${marks}</div>`;
}

function tableOf(figures: readonly Figure[]): Markup {
  const names = [...new Map(figures.map((figure) => [figure.name, figure])).values()];
  const rows = [...Map.groupBy(figures, ({ of = "" }) => of)]
    .map(([of, cells]) => ({ of, cells, near: Math.max(...cells.map(nearness)) }))
    .toSorted((a, b) => b.near - a.near);
  const left_out = rows.length - MAX_ROWS;
  return html`
    <div class="scroll">
      <table><tr><th></th>${names.map((figure) => html`<th class="n">${figureLabel(figure)}</th>`)}</tr>${rows.slice(
        0,
        MAX_ROWS,
      ).map(({ of, cells }) =>
        html`<tr><td class="mono">${of}</td>${
          names.map(({ name }) => cellOf(cells.find((one) => one.name === name)))
        }</tr>`
      )}</table>
    </div>${left_out > 0 ? html`<p class="small">and ${left_out} more: ktriage snapshot --json</p>` : undefined}
  `;
}

function cellOf(figure: Figure | undefined): Markup {
  if (figure === undefined) return html`<td></td>`;
  return html`<td class="n ${levelOf(figure)}">${valueText(figure.value, figure.unit)}${barOf(figure)}</td>`;
}

function percent(share: number): string {
  return `${(100 * share).toFixed(1)}%`;
}
