/** Bars and sparklines of a terminal. */

/** Eighths of a character, so that small differences show; what is there at all is seen. */
const EIGHTHS = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"];
const HEIGHTS = ["▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"];

/** @param share from 0 to 1, of so many characters */
export function bar(share: number, room: number): string {
  if (share === 0) return "";
  const eighths = Math.max(1, Math.round(share * room * 8));
  return "█".repeat(Math.floor(eighths / 8)) + (EIGHTHS[eighths % 8] ?? "");
}

/** A character for each value, from the lowest to the highest of them; a flat line where all are the same. */
export function sparkline(values: readonly number[], { low = Math.min(...values) } = {}): string {
  const range = Math.max(...values) - low;
  const height = (value: number): number => range <= 0 ? 0 : Math.round((value - low) / range * (HEIGHTS.length - 1));
  return values.map((value) => HEIGHTS[height(value)] ?? "").join("");
}
