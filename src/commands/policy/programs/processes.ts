/** Programs that report on processes, memory, users and load. */
import { allow, atMost, given, only, options, type Rule, without } from "../arguments.ts";
import { isLiteral, show } from "../marks.ts";
import { renamed, type Rewrite, withOptions } from "../rewrites.ts";
import { refusal } from "../verdict.ts";
import { endless, limited, listed, needsOne, reports, ruled, SOCKETS } from "./entry.ts";
import type { Bound, Programs } from "./program.ts";

/** Delay without count: the program would report until it is killed. */
export const counted = (program: string, valued: string) => (args: readonly string[]): Bound | undefined => {
  const numbers = args.filter((arg, index) => !/^-./.test(arg) && !isValueOf(args[index - 1], valued));
  const certain = numbers.length !== 1 || !/^[\d.]+$/.test(numbers[0] ?? "");
  return certain && numbers.every(isLiteral) ? undefined : endless(program);
};

function isValueOf(before: string | undefined, valued: string): boolean {
  return before !== undefined && /^-[^-]$/.test(before) && valued.includes(before.charAt(1));
}

/** Both batch mode and a number of rounds; anything else is ended after a while. */
const rounds = (program: string, synopsis: string) => (args: readonly string[]): Bound | undefined => {
  const parsed = only(program, options(synopsis), args);
  const given = "rule" in parsed ? [] : parsed.options.map(([name]) => name);
  if (given.includes("b") && given.includes("n")) return undefined;
  return { ...endless(program), alternative: `${program} -b -n 1` };
};

/** Without a terminal top shows nothing: it reports once. */
function topOnce(args: readonly string[]): Rewrite | undefined {
  const parsed = only("top", options(TOP), args);
  const given = "rule" in parsed ? ["b"] : parsed.options.map(([name]) => name);
  return given.includes("b") ? undefined : withOptions(
    "top/terminal",
    "top has no terminal here: it reports once, in batch mode.",
    given.includes("n") ? "-b" : "-b -n 1",
  );
}

const TOP = "-bHciS1Ew -n: -p: -o: -u: -U: -d: -e:";
const IOTOP = "-botqPakc -n: -p: -u: -d: --batch --only --iter= --time --quiet --processes --accumulated";
const LIMITS =
  "--nofile --nproc --core --memlock --stack --cpu --as --data --fsize --rss --sigpending --msgqueue --locks";
const BATCH_TOP = "top -b -n 1";

const nothing = (program: string, why: string): Rule => atMost(program, 0, why);

function dateRule(args: readonly string[]): ReturnType<Rule> {
  return allow(
    "date",
    options("-uRI -d: -r: --utc --universal --rfc-email --iso-8601 --rfc-3339 --date= --reference="),
    (operands) => {
      const other = operands.find((operand) => !operand.startsWith("+"));
      return other === undefined
        ? undefined
        : refusal("date/set", `date ${show(other)} is refused: it would set the clock; use +FORMAT.`);
    },
  )(args.map((arg) => arg.replace(/^-I\w+$/, "--iso-8601")));
}

/** `ionice -p PID` reports; with a class it sets. */
function prioritiesOf(program: string): Rule {
  return (args) =>
    /^-p$/.test(args[0] ?? "") && args.length === 2 ? undefined : refusal(
      `${program}/change`,
      `${program} is refused except as "${program} -p PID": it would set a priority or run a program.`,
    );
}

export const PROCESS_PROGRAMS: Programs = {
  ...reports("ps pgrep pidof pstree pmap pwdx uptime w users runlevel whoami logname tty arch nproc uname cal"),
  ...ruled("last lastb who", [], { files: "operands" }),
  ...reports("getconf locale printenv lslogins lsns lsipc lslocks lscpu lsmem ipcs numastat lsfd lsirq"),
  ...reports("id groups", { needs: SOCKETS }),
  ...limited(
    "lastlog",
    [without("lastlog/write", { letters: "CS", valued: "btu", long: ["clear", "set"] }, "it changes the log")],
    { instead: "lastlog" },
  ),
  ...listed(
    "free",
    "-bkmghtlwvL -c: -s: --human --bytes --kibi --mebi --gibi --kilo --mega --giga --total --wide --si --lohi --line " +
      "--count= --seconds=",
    { bound: (args) => given(args, options("-s -c: --seconds")) ? freeBound(args) : undefined },
  ),
  ...reports("vmstat", { bound: counted("vmstat", "Sp") }),
  ...limited("iostat", [], { bound: counted("iostat", "ogj") }),
  ...limited("mpstat", [], { bound: counted("mpstat", "PINo") }),
  ...limited(
    "sar",
    [without("sar/write", { letters: "o", valued: "fnPIsei" }, "it writes a file")],
    { bound: counted("sar", "fnPIsei"), instead: "sar -u 1 3" },
  ),
  ...limited(
    "pidstat",
    [without("pidstat/exec", { letters: "e", valued: "pCGTU" }, "it runs a program")],
    { bound: counted("pidstat", "pCGTU"), instead: "pidstat 1 3" },
  ),
  ...listed("htop", "", {
    operands: nothing("htop", "it draws on a terminal"),
    rewrite: () => renamed("htop/terminal", "htop draws on a terminal: top reports instead.", BATCH_TOP),
    instead: BATCH_TOP,
  }),
  ...reports("smem"),
  ...listed("dstat", "-cdgimnprstylvaf -C: -D: -N: --nocolor --noupdate", {
    bound: counted("dstat", "CDN"),
    instead: "vmstat 1 5",
  }),
  ...listed("ps_mem", "-sdSt -p: -w:", { bound: (args) => args.includes("-w") ? endless("ps_mem") : undefined }),
  ...listed("vmtouch", "-vqf", { files: "operands", instead: "grep -i cached /proc/meminfo" }),
  ...listed("jps", "-qmlvV"),
  ...listed(
    "jstat",
    "~class ~compiler ~gc ~gccapacity ~gccause ~gcnew ~gcold ~gcutil ~gcmetacapacity ~options -t -h:",
    { bound: (args) => args.filter((arg) => /^\d+m?s?$/.test(arg)).length >= 3 ? undefined : jstatBound(args) },
  ),
  ...ruled("kill", [killRule], { instead: "ps -fp 1" }),
  ...listed("top", TOP, {
    bound: (args) => topOnce(args) === undefined ? rounds("top", TOP)(args) : undefined,
    rewrite: topOnce,
    instead: BATCH_TOP,
  }),
  ...listed("iotop iotop-c iotop-py", IOTOP, {
    bound: rounds("iotop", IOTOP),
    needs: { capabilities: ["NET_ADMIN"] },
    instead: "iotop -b -n 1",
  }),
  ...limited("slabtop", [], {
    bound: (args) => args.some((arg) => /^(-o|--once)$/.test(arg)) ? undefined : endless("slabtop"),
  }),
  ...ruled("date", [dateRule], { instead: "date" }),
  ...listed(
    "hostname dnsdomainname",
    "-aAdfiIsy --fqdn --long --short --ip-address --all-ip-addresses --all-fqdns --domain --alias",
    { operands: nothing("hostname", "it would set the name"), instead: "hostname" },
  ),
  ...limited("lsof", [without("lsof/write", { letters: "D", valued: "iupdkcgsF" }, "it writes its cache")], {
    bound: (args) =>
      args.some((arg) => /^\+r/.test(arg)) || given(args, options("-r -iupdkcgsF:")) ? endless("lsof") : undefined,
    instead: "lsof -nP -i",
  }),
  // Letters behind -n count as well: "fuser -nk tcp 80" kills.
  ...limited(
    "fuser",
    [without("fuser/kill", { letters: "kMwi", long: ["kill", "interactive"] }, "it kills processes")],
    {
      instead: "fuser -v /var/log",
    },
  ),
  ...listed("taskset", "-acp --all-tasks --pid --cpu-list", {
    operands: atMost("taskset", 1, "a second operand sets the CPUs or runs a program"),
    rules: [needsOne("taskset", "-p --pid", "is refused without -p: it would run a program")],
    instead: "taskset -p 1",
  }),
  ...listed("chrt", "-apm --pid --all-tasks --max", {
    operands: atMost("chrt", 1, "a second operand sets the priority or runs a program"),
    rules: [needsOne("chrt", "-pm --pid --max", "is refused without -p: it would run a program")],
    instead: "chrt -p 1",
  }),
  ...ruled("uclampset", [prioritiesOf("uclampset")], { instead: "uclampset -p 1" }),
  ...listed("prlimit", `-p: -o: --pid= --output= --noheadings --raw --verbose ${LIMITS}`, {
    // With "=" behind it, the name of a limit sets it.
    rules: [
      (args) =>
        args.some((arg) => /^--(?!pid|output)\w+=/.test(arg))
          ? refusal("prlimit/change", "prlimit sets what stands behind an equals sign.")
          : undefined,
    ],
    operands: nothing("prlimit", "it would run a program"),
    instead: "cat /proc/1/limits",
  }),
  ...listed("numactl", "-Hs --hardware --show", {
    operands: nothing("numactl", "it would run a program"),
    instead: "numactl -H",
  }),
  ...ruled("getent", [getentRule], { needs: SOCKETS, approval: getentApproval }),
  ...limited("chage", [(args) => args[0] === "-l" || args[0] === "--list" ? undefined : CHAGE], {
    instead: "chage -l root",
  }),
  ...limited("passwd", [(args) => /^(-S|--status|-Sa)$/.test(args[0] ?? "") && args.length <= 2 ? undefined : PASSWD], {
    instead: "passwd -S root",
  }),
  ...listed("faillock", "-u: --user= --dir= --legacy-output", {
    operands: nothing("faillock", "it changes the tally"),
    instead: "faillock --user root",
  }),
  ...listed("crontab", "-l -u:", {
    operands: nothing("crontab", "it would replace the table"),
    rules: [needsOne("crontab", "-l -u:", "is refused without -l: it would replace the table")],
    instead: "crontab -l",
  }),
  ...listed("atq", "-q: -V"),
  ...ruled("at", [(args) => args.join(" ") === "-l" ? undefined : AT], { instead: "atq" }),
  ...listed("pam_tally2", "-u: --user= --quiet", {
    operands: nothing("pam_tally2", "it changes the tally"),
    instead: "faillock --user root",
  }),
  ...listed("ldconfig", "-p --print-cache", {
    operands: nothing("ldconfig", "it would change the cache"),
    rules: [needsOne("ldconfig", "-p --print-cache", "is refused without -p: it would change the cache")],
    instead: "ldconfig -p",
  }),
};

/** An interval without a count. */
function jstatBound(args: readonly string[]): Bound | undefined {
  return args.filter((arg) => !arg.startsWith("-")).length === 2 ? endless("jstat") : undefined;
}

/** Signal 0 only asks whether a process is there. */
function killRule(args: readonly string[]): ReturnType<Rule> {
  const [signal = "", ...processes] = args;
  const asks = (signal === "-0" && processes.length > 0) || (signal === "-l" && processes.length === 0);
  // A number that is not written out could be negative, and then another signal.
  if (asks && processes.every((process) => /^\d+$/.test(process))) return undefined;
  return refusal("program/changes-system", 'kill is refused except as "kill -0 PID": it changes the system.');
}

const AT = refusal("program/endless", "at is refused except as at -l: it outlives the command.", "atq");
const CHAGE = refusal("chage/change", "chage is refused without -l: it would change an account.");
const PASSWD = refusal("passwd/change", 'passwd is refused except as "passwd -S USER": it would change a password.');

function freeBound(args: readonly string[]): Bound | undefined {
  return given(args, options("-c -s: --count")) ? undefined : endless("free");
}

/** Names of hosts go out as questions to name servers. */
function getentRule(given: readonly string[]): ReturnType<Rule> {
  const [first, service = ""] = given;
  if (first === "-s" && !/^(files|db|systemd|compat)$/.test(service)) {
    return refusal("getent/option", "getent -s takes files, db, systemd or compat.", "getent -s files passwd root");
  }
  const args = first === "-s" ? given.slice(2) : given;
  const hosts = /^(ahosts|hosts)/.test(args[0] ?? "");
  const composed = args.slice(1).find((arg) => !isLiteral(arg) && hosts);
  return composed === undefined || !isLiteral(args[0] ?? "") ? undefined : refusal(
    "network/name",
    `${
      show(composed)
    } would go out as a question to a name server, and what it holds is not known: write the name out.`,
    "getent hosts localhost",
  );
}

function getentApproval(args: readonly string[]): ReturnType<Rule> {
  return /^g?shadow$/.test((args[0] === "-s" ? args[2] : args.find((arg) => !arg.startsWith("-"))) ?? "")
    ? refusal("file/secret", "This shows hashes of passwords: an operator has to agree.", "getent passwd root")
    : undefined;
}
