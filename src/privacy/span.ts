/** A piece of a text that must not leave, and what it stands for. */

export const KINDS = ["secret", "address", "host", "user", "text", "cut"] as const;

/**
 * `text` is no secret: it only looks like a placeholder, and must not be taken for one. `cut` is what is left of a word
 * that was cut: it becomes `…`.
 */
export type Kind = (typeof KINDS)[number];

export interface Span {
  readonly start: number;
  /** Exclusive. */
  readonly end: number;
  readonly kind: Kind;
  /** What it stands for, decoded: the same however it is written. */
  readonly value: string;
}

/** Spans in order, without overlaps: one inside another is dropped, two that overlap become one. */
export function mergeSpans(spans: readonly Span[]): readonly Span[] {
  // The same place read in two ways: the shorter value is the decoded one.
  const sorted = [...spans].sort((a, b) =>
    a.start - b.start || b.end - a.end || rank(a) - rank(b) || a.value.length - b.value.length
  );
  const merged: Span[] = [];
  for (const span of sorted) {
    const last = merged.at(-1);
    const goesOn = last?.end === span.start && last.value === span.value;
    if (last === undefined || (span.start >= last.end && !goesOn)) merged.push(span);
    else if (span.end > last.end) merged[merged.length - 1] = joined(last, span);
  }
  return merged;
}

function joined(first: Span, second: Span): Span {
  const bigger = second.end - second.start > first.end - first.start ? second : first;
  const kind = first.kind === "secret" || second.kind === "secret" ? "secret" : bigger.kind;
  return { start: first.start, end: second.end, kind, value: bigger.value };
}

function rank({ kind }: Span): number {
  return KINDS.indexOf(kind);
}
