/** Starts the helper, and may keep one started ahead: then a command does not wait for it. */
import { itselfIn } from "../../kernel/host/itself.ts";
import { Group } from "./group.ts";
import { HELPER_ARGUMENT } from "./instructions.ts";
import { holdJanitor } from "./janitor.ts";

/** A helper that waits for its instructions, or soon will. */
export interface Helper {
  readonly child: Deno.ChildProcess;
  /** The helper is in it; undefined where this host has none. */
  readonly group: Promise<Group | undefined>;
}

let ahead: Helper | undefined;
let kept = 0;

/** The caller owns it. */
export function takeHelper(): Helper {
  const helper = ahead ?? start();
  ahead = undefined;
  return helper;
}

/** One that is in no control group, as on a host that has none. */
export function takeHelperWithoutGroup(): Helper {
  return { child: spawn(), group: Promise.resolve(undefined) };
}

/** Starts the next one, where someone keeps one ready. */
export function prepareHelper(): void {
  if (kept > 0) ahead ??= start();
}

/**
 * Keeps a helper started ahead until disposed of. It ends by itself when this process does: its standard input is closed
 * then, and the kernel kills it.
 */
export function keepHelperReady(): AsyncDisposable {
  kept++;
  const janitor = holdJanitor();
  prepareHelper();
  return {
    [Symbol.asyncDispose]: async () => {
      await using _janitor = janitor;
      if (--kept > 0 || ahead === undefined) return;
      const { child: helper, group } = ahead;
      ahead = undefined;
      await using _group = await group;
      helper.kill("SIGKILL");
      await Promise.all([
        helper.status,
        helper.stdin.close().catch(() => {}),
        helper.stdout.cancel(),
        helper.stderr.cancel(),
      ]);
    },
  };
}

/** The kernel takes about 10 ms to move a process to another group: here, the helper's own start takes as long. */
function start(): Helper {
  const child = spawn();
  return { child, group: Group.createFor(child.pid) };
}

function spawn(): Deno.ChildProcess {
  return itselfIn({ argument: HELPER_ARGUMENT, module: "commands/sandbox/helper.ts" }).spawn();
}
