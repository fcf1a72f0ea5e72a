/** What the kernel itself calls the values of a field, by the event's format. */
import { parsePrintFmt } from "../../kernel/tracing/print_fmt.ts";
import { formatOf } from "./offsets.ts";
import { groundOf, type ToolRun } from "./tool.ts";

/** @returns the number as text for values without a name */
export function namedValues(run: ToolRun, event: string, field: string): (value: number) => string {
  const presentation = parsePrintFmt(formatOf(groundOf(run).tracefs, event)).get(field);
  const parts = presentation?.kind === "named" ? presentation.parts : [];
  const [part] = parts;
  return (value) => (part?.kind === "symbolic" ? part.names.get(value) : undefined) ?? String(value);
}
