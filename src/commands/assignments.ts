/** Which variables a line may set. */
import { PASSED_VARIABLES } from "./environment.ts";
import { type Refusal, refusal } from "./verdict.ts";

/** Set for one program, these only change how it writes its output. */
const FOR_PROGRAMS = /^(LC_[A-Z]+|LANG|LANGUAGE|TZ|COLUMNS|LINES|NO_COLOR|TERM|SYSTEMD_COLORS)$/;
/** The shell, the loader or programs act on them. */
const MATTERS =
  /^(PATH|IFS|ENV|PS[0-9]|CDPATH|PWD|OLDPWD|SHELL|SHELLOPTS|OPTIND|HISTFILE|PAGER|EDITOR|VISUAL|BROWSER|LESS.*|LD_.*|BASH.*|GCONV_PATH|GLOBIGNORE|POSIXLY_CORRECT|.*_proxy)$/;

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

/** `IFS= read -r line` sets IFS for that one read. */
export function readAssignmentRefusal(name: string): Refusal | undefined {
  return name === "IFS" ? undefined : assignmentRefusal(name, "for-program");
}
