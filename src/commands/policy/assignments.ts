/** Which variables a line may set. */
import { PASSED_VARIABLES } from "../environment.ts";
import { ENGINE_SOCKET, KUBECONFIGS } from "./programs/guard.ts";
import { type Refusal, refusal } from "./verdict.ts";

/** Set for one program, these only change how it writes its output. */
const FOR_PROGRAMS = /^(LC_[A-Z]+|LANG|LANGUAGE|TZ|COLUMNS|LINES|NO_COLOR|TERM|SYSTEMD_COLORS)$/;
/** What programs are told by a variable as well as by an option that is judged. */
const KNOWN_VALUES: Readonly<Record<string, RegExp>> = {
  KUBECONFIG: KUBECONFIGS,
  ETCDCTL_API: /^[23]$/,
  CONTAINER_RUNTIME_ENDPOINT: ENGINE_SOCKET,
  PGUSER: /^\w+$/,
  PGDATABASE: /^\w+$/,
  PGCONNECT_TIMEOUT: /^\d+$/,
};
/** The shell, the loader or programs act on them, or the shell sets them itself. */
const MATTERS = new RegExp(
  "^(PATH|IFS|ENV|PS[0-9]|CDPATH|O?L?D?PWD|SHELL|SHELLOPTS|TERM|TMPDIR|LC_.*|LANG|LANGUAGE|LESS.*|LD_.*|BASH.*|" +
    "OPT(IND|ARG|ERR)|HIST.*|PAGER|EDITOR|VISUAL|FCEDIT|BROWSER|GCONV_PATH|GLOB.*|POSIXLY_CORRECT|.*_proxy|.*_PROXY|" +
    "_|RANDOM|SRANDOM|SECONDS|LINENO|PPID|UID|EUID|GROUPS|REPLY|DIRSTACK|FUNCN.*|PIPESTATUS|EPOCH.*|MAPFILE|COMP_.*|" +
    "READLINE.*|TIMEFORMAT|TMOUT|MAIL.*|FIGNORE|EXECIGNORE|PROMPT_COMMAND|HOST(NAME|TYPE)|MACHTYPE|OSTYPE|SYSTEMD_.*)$",
);

/**
 * @param use `alone`: the line sets a variable of the shell; `for-program`: it goes into a program's environment
 */
export function assignmentRefusal(name: string, use: "alone" | "for-program"): Refusal | undefined {
  if (use === "for-program") {
    return FOR_PROGRAMS.test(name) ? undefined : refusal(
      "assignment/environment",
      `Setting ${name} for a program is refused: it can change what the program does.`,
    );
  }
  const matters = MATTERS.test(name) || PASSED_VARIABLES.includes(name);
  return matters
    ? refusal("assignment/matters", `Setting ${name} is refused: the shell or programs act on it.`)
    : undefined;
}

/** The same for one program, with the text that it is set to where that is known. */
export function valueRefusal({ name, value }: { name: string; value: string | undefined }): Refusal | undefined {
  const known = Object.hasOwn(KNOWN_VALUES, name) ? KNOWN_VALUES[name] : undefined;
  return value !== undefined && known?.test(value) === true ? undefined : assignmentRefusal(name, "for-program");
}

/** `IFS= read -r line` sets IFS for that one read. */
export function readAssignmentRefusal(name: string): Refusal | undefined {
  return name === "IFS" ? undefined : assignmentRefusal(name, "for-program");
}
