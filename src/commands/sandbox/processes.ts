/** Guesses whether a line looks into other processes. */

/** Programs that read links, descriptors, maps or environments below /proc/PID. */
const PROGRAMS =
  ("ss netstat lsof fuser pmap pwdx pidstat iotop htop atop smem lsns lsfd procs pstack gstack eu-stack gdb " +
    "strace ltrace nsenter jps jcmd jstack jmap jinfo jstat py-spy pgrep pidof needrestart checkrestart ip crictl ctr docker podman " +
    "kubectl systemctl loginctl machinectl ps top pstree w who kill criu")
    .split(" ");
const NAMES = new RegExp(`(^|[^\\w.-])(${PROGRAMS.join("|")})(?![\\w.-])`);

/**
 * True for a line that names /proc or a program that looks there. A wrong guess costs or shows what processes keep to
 * themselves; it never lets a line do more.
 */
export function looksIntoProcesses(line: string): boolean {
  return NAMES.test(line) || /\/?proc\b/.test(line);
}
