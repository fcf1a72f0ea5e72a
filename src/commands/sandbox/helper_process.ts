/** Starts the helper, and may keep one started ahead: then a command does not wait for it. */
import { exists } from "../../kernel/exists.ts";
import { Group } from "./group.ts";
import { HELPER_ARGUMENT } from "./instructions.ts";

/** Deno itself needs these. */
const PASSED = ["HOME", "PATH", "DENO_DIR", "XDG_CACHE_HOME", "TMPDIR"];

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
  prepareHelper();
  return {
    [Symbol.asyncDispose]: async () => {
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
  // the file may have been replaced, or lie where this user cannot look
  const program = exists(Deno.execPath()) ? Deno.execPath() : "/proc/self/exe";
  return new Deno.Command(program, {
    args: helperArguments(),
    cwd: "/",
    env: {
      ...Object.fromEntries(PASSED.flatMap((name) => {
        const value = Deno.env.get(name);
        return value === undefined ? [] : [[name, value]];
      })),
      DENO_NO_UPDATE_CHECK: "1",
    },
    clearEnv: true,
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
    detached: true,
  }).spawn();
}

function helperArguments(): string[] {
  if (Deno.build.standalone) return [HELPER_ARGUMENT];
  const run = ["run", "--quiet", "-A", "--no-config", "--no-lock", "--no-remote", "--no-npm", "--no-check"];
  // from source, as tests run; in a bundle this file is part of some chunk, and only the main module has a name
  if (import.meta.url.endsWith(".ts")) return [...run, new URL("./helper.ts", import.meta.url).href];
  return [...run, "--unstable-raw-imports", Deno.mainModule, HELPER_ARGUMENT];
}
