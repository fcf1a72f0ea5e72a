/** Cleans up behind a ktriage that was killed: a small shell that waits for its end, while commands may run. */
import { hierarchies } from "./group.ts";
import { SHELL } from "./instructions.ts";
import { ownPrefix, TEMPORARY_ROOTS } from "./names.ts";

/**
 * $0: what the names of groups and folders begin with; the arguments: where groups are, "--", where folders are.
 *
 * Its standard input ends when ktriage does, however that ends. Processes are found by their group, and by the folder in
 * their environment where this host has no groups. Signals that end ktriage do not end it.
 */
const SCRIPT = `
trap '' HUP INT QUIT TERM PIPE
read -r nothing
exec 2>/dev/null
round=0
while [ "$round" -lt 60 ]; do
  left=
  for root in "$@"; do
    [ "$root" != -- ] || break
    for group in "$root/$0"*; do
      [ -d "$group" ] || continue
      left=1
      echo 1 >"$group/cgroup.kill"
      while read -r process; do kill -9 "$process"; done <"$group/cgroup.procs"
      rmdir "$group"
    done
  done
  for found in $(grep -ls "/$0" /proc/[0-9]*/environ); do
    left=1
    found=\${found#/proc/}
    kill -9 "\${found%/environ}"
  done
  [ -n "$left" ] || break
  round=$((round + 1))
  sleep 0.05 || sleep 1
done
while [ "$1" != -- ]; do shift; done
for root in "$@"; do rm -rf "$root/$0"*; done
`;

let holders = 0;
let running: Deno.ChildProcess | undefined;

/** Has one until disposed of: to be held while there is a group or a folder of a command's. */
export function holdJanitor(): AsyncDisposable {
  if (holders++ === 0) running = start();
  return {
    [Symbol.asyncDispose]: async () => {
      if (--holders > 0 || running === undefined) return;
      const child = running;
      running = undefined;
      child.kill("SIGKILL");
      await Promise.all([child.status, child.stdin.close().catch(() => {})]);
    },
  };
}

/** Undefined without a shell: then no command can run either. */
function start(): Deno.ChildProcess | undefined {
  try {
    return new Deno.Command(SHELL, {
      args: ["-c", SCRIPT, ownPrefix(), ...hierarchies(), "--", ...TEMPORARY_ROOTS],
      cwd: "/",
      clearEnv: true,
      env: { PATH: "/usr/sbin:/usr/bin:/sbin:/bin" },
      stdin: "piped",
      stdout: "null",
      stderr: "null",
      detached: true,
    }).spawn();
  } catch {
    return undefined;
  }
}
