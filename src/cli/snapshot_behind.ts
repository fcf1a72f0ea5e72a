/** What comes behind a snapshot's page: what is known there, and how it is said. */
import type { Snapshot } from "../protocol/snapshot.ts";
import { wrap } from "../report/layout.ts";
import type { Interrupt } from "./interrupt.ts";
import type { SnapshotOptions } from "./snapshot_options.ts";
import type { Invocation } from "./subcommand.ts";

export interface AlarmOptions {
  readonly snapshot: Snapshot;
  readonly asked: SnapshotOptions;
  readonly interrupt: Interrupt;
  readonly invocation: Invocation;
}

/** Behind the page, which goes by mail; notes do not where cron says --quiet. */
export function tellBehind(text: string, { asked, invocation: { writer } }: AlarmOptions): void {
  if (asked.output === "page") writer.out(`\n${wrap(text, writer.width)}\n`);
  else writer.note(text);
}
