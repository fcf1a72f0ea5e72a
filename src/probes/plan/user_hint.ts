/** What was taken for the kernel's, and may be a program's. */
import { tracefsHas, type TracefsRoot } from "../../kernel/tracing/tracefs_files.ts";
import { namesUserFile } from "../../kernel/userspace/mod.ts";

/**
 * `A user function? uprobe:libc:strlen`; undefined where the target's first part is a category of the kernel's events,
 * or no file of this host.
 *
 * @param tracefs undefined where it cannot be read
 */
export function userFunctionHint(target: string, tracefs: TracefsRoot | undefined): string | undefined {
  const [, category] = /^([\w-]+):/.exec(target) ?? [];
  const is_event = category !== undefined && tracefs !== undefined && tracefsHas(tracefs, `events/${category}`);
  return !is_event && namesUserFile(target) ? `A user function? uprobe:${target}` : undefined;
}
