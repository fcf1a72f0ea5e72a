/** Files that reading alone can harm or that never end: devices, live kernel buffers, other processes' pipes. */
import { GLOB, isLiteral, NUMBER, show, TEXT, WORDS } from "./marks.ts";
import { type Refusal, refusal } from "./verdict.ts";

/** Commands run here, so that a relative path means the same to the policy and to the program. */
const WORKING_DIRECTORY = "/";
/** Where relative paths begin while a line is judged that enters a directory first. */
let directory = WORKING_DIRECTORY;

/** Judges with relative paths that begin in this directory. */
export function inDirectory<Result>(path: string, judge: () => Result): Result {
  const before = directory;
  directory = path;
  try {
    return judge();
  } finally {
    directory = before;
  }
}

/** Trees of the kernel that hold values and nothing else. */
const KERNEL_VALUES: readonly (readonly string[])[] = [
  ["proc", "sys"],
  ["sys", "fs", "cgroup"],
  ["sys", "class", "net"],
  ["sys", "kernel", "mm"],
  ["sys", "devices", "system"],
  ["sys", "module", "*", "parameters"],
  ["sys", "block", "*", "queue"],
];

const ANY = "*";
/** Stands for the directory of a process. */
const PROCESS = "PID";

/** Why a path is not read; `*` is any one component, `PID` a process, a path below a listed one counts as well. */
const UNREADABLE: readonly { readonly rule: string; readonly path: readonly string[]; readonly why: string }[] = [
  { rule: "file/device", path: ["dev", ANY], why: "opening a device can act on it or never end" },
  { rule: "file/kernel-memory", path: ["proc", "kcore"], why: "it is the kernel's whole memory" },
  { rule: "file/consumes", path: ["proc", "kmsg"], why: "a read takes the messages away from others; use dmesg" },
  { rule: "file/process-memory", path: ["proc", PROCESS, "mem"], why: "it is the memory of a process" },
  { rule: "file/process-memory", path: ["proc", PROCESS, "task", ANY, "mem"], why: "it is the memory of a process" },
  { rule: "file/consumes", path: ["proc", PROCESS, "fd", ANY], why: "a read can take data away from the process" },
  {
    rule: "file/consumes",
    path: ["proc", PROCESS, "task", ANY, "fd", ANY],
    why: "a read can take data from the process",
  },
];
/** A read takes trace data away from others, and waits for more. */
const CONSUMED = ["trace_pipe", "trace_pipe_raw"];
/** Devices whose reading harms nothing but never ends, or takes very long. */
const ENDLESS = new RegExp(
  "^/dev/(zero|full|u?random|(sd|vd|xvd|nvme|dm-|md|mmcblk|zram|nbd|loop)[\\w\uE000\uE003-]*|" +
    "(mapper|disk|md|vg\\w*)/[\\w.:/\uE000\uE003-]+)$",
);
/** A watchdog that is opened and closed reboots the host; a tape that is opened winds back. */
const TRIGGERS = ["watchdog", "watchdog0", "watchdog1", "st0", "st1", "nst0", "nst1", "kmsg"];
/** What holds keys and hashes of passwords, and tells nothing about a fault. */
const SECRETS: readonly { readonly pattern: RegExp; readonly name: string }[] = [
  { pattern: /^\/etc\/g?shadow-?$/, name: "/etc/shadow" },
  { pattern: /^\/(root|home\/[^/]+)\/\.(ssh\/id_\w+|aws\/credentials|kube\/config|docker\/config\.json)$/, name: "" },
  {
    pattern: /^\/(root|home\/[^/]+)\/\.(netrc|pgpass|my\.cnf|git-credentials|vault-token|\w*_history)$/,
    name: "/root/.netrc",
  },
  { pattern: /^\/etc\/ssh\/ssh_host_\w+_key$/, name: "/etc/ssh/ssh_host_rsa_key" },
  { pattern: /^\/(etc|root|home|opt|srv|var)\/.*\.(key|p12|pfx|jks|keystore)$/, name: "" },
  { pattern: /^\/etc\/(ssl|pki)\/(private|tls\/private)\//, name: "/etc/ssl/private/x" },
  { pattern: /^\/etc\/(krb5\.keytab|sudoers\.d\/\.key|ppp\/chap-secrets|machine-id\.key)$/, name: "/etc/krb5.keytab" },
  {
    pattern: /^\/etc\/kubernetes\/(admin|super-admin|controller-manager|scheduler)\.conf$/,
    name: "/etc/kubernetes/admin.conf",
  },
  { pattern: /^\/var\/run\/secrets\/|^\/run\/secrets\//, name: "/run/secrets/x" },
  { pattern: /^\/proc\/([\d\uE000\uE003]+|self|thread-self)\/(task\/[^/]+\/)?environ$/, name: "/proc/1/environ" },
];
/** Files below /dev that hold nothing and block nothing. */
const HARMLESS = ["/dev/null", "/dev/stdin", "/dev/fd/0"];
/** Names that device files have; what a path with an unknown part must not end in. */
const DEVICE_NAME = new RegExp(
  "^(k?mem|port|kmsg|kcore|zero|full|u?random|console|ptmx|hpet|fuse|kvm|rtc|psaux|uinput|snapshot|" +
    "([hsv]|xv)d[a-z]+\\d*|sg[a-z]?\\d*|(mmcblk|nbd|fd|md|dm-|loop|ram|sr|n?st|js|lp|event|mouse|nvme|hidraw)\\d.*|" +
    "(tty|pty|vcs|watchdog|rtc|cpu|i2c-|ipmi|tpm|vhost|autofs|btrfs-|zram).*)$",
);

/**
 * Says whether a program may read the file that an argument or a redirection names.
 *
 * @param path as the program gets it, with marks for what is not known; a relative path starts at "/"
 */
export function unreadable(path: string): Refusal | undefined {
  if (path.includes(WORDS)) {
    return refusal(
      "file/unknown",
      `Which files "${show(path)}" names is not known before it runs: put it in double quotes.`,
    );
  }
  if (path.includes(TEXT)) return unreadableUnknown(path);
  const hidden = secret(path);
  if (hidden !== undefined) return hidden;
  const components = normalize(path);
  for (const variant of [components, withoutProcessRoot(components)]) {
    if (HARMLESS.includes("/" + variant.join("/"))) return undefined;
    const found = UNREADABLE.find((entry) => isBelow(variant, entry.path));
    if (found !== undefined) {
      return refusal(found.rule, `Reading ${show(path)} is refused: ${found.why}.`, portProbe(path));
    }
    if (isTracePipe(variant)) {
      return refusal(
        "file/consumes",
        `Reading ${show(path)} is refused: it takes the trace away from others and never ends.`,
      );
    }
  }
  return undefined;
}

/** `</dev/tcp/HOST/PORT` asks whether a port answers, and so does this. */
export function portProbe(path: string): string | undefined {
  const [, host, port] = /^\/dev\/tcp\/(\w[\w.-]*)\/(\d{1,5})$/.exec(path) ?? [];
  return host === undefined || port === undefined ? undefined : `nc -zv -w 3 ${host} ${port}`;
}

/** True for a device that harms nothing and never ends: a reader of it gets a bound. */
export function isEndless(path: string): boolean {
  if (path.includes(TEXT) || path.includes(WORDS)) return false;
  return [normalize(path), withoutProcessRoot(normalize(path))].every((each) => ENDLESS.test("/" + each.join("/")));
}

/** True for a device or a live file that acts, or loses what others wait for, when it is only opened. */
export function isTrigger(path: string): boolean {
  const components = normalize(path);
  const [first = "", name = "", ...deeper] = withoutProcessRoot(components);
  const device = matches(first, "dev") && deeper.length === 0 && TRIGGERS.some((trigger) => matches(name, trigger));
  return isTracePipe(components) || (isLiteral(first) && device) || components.join("/") === "proc/kmsg";
}

/** Why an operator must agree before the file is read; undefined for most files. */
export function secret(path: string): Refusal | undefined {
  if (path.includes(WORDS)) return undefined;
  const absolute = "/" + withoutProcessRoot(normalize(path)).join("/");
  const found = SECRETS.some(({ pattern, name }) =>
    pattern.test(absolute) || (!isLiteral(absolute) && covers(absolute, name))
  );
  return found
    ? refusal(
      "file/secret",
      `${show(path)} holds keys or passwords, which tell nothing about a fault: an operator has to agree.`,
      "stat -c '%A %U %G %s %y %n' " + (isLiteral(path) && /^[\w./-]+$/.test(path) ? path : "/etc/shadow"),
    )
    : undefined;
}

/** Whether a path with marks can be this one, component by component. */
function covers(absolute: string, name: string): boolean {
  const [path, wanted] = [absolute.split("/"), name.split("/")];
  return name !== "" && path.length === wanted.length &&
    path.every((part, index) => matches(part, wanted[index] ?? ""));
}

/** Every file that an argument can name: itself, or what stands in an option (`--file=/x`, `-f/x`). */
export function filesOf(arg: string): readonly string[] {
  if (!arg.startsWith("-")) return [arg];
  const inOption = /^--[a-z-]+=(.*)$|^-[^-/]*(\/.*)$/s.exec(arg);
  return inOption === null ? [] : [inOption[1] ?? inOption[2] ?? ""];
}

/** True when reading everything below the path would reach devices or live kernel files. */
export function holdsUnreadable(path: string): boolean {
  if (path.includes(TEXT) || path.includes(WORDS)) return true;
  const components = withoutProcessRoot(normalize(path));
  if (
    KERNEL_VALUES.some((tree) =>
      tree.every((name, index) => components[index] === name || (name === ANY && components[index] !== undefined))
    )
  ) return false;
  const [first] = components;
  return first === undefined || ["proc", "sys", "dev"].some((name) => matches(first, name));
}

/** The unknown part may hold `..`: only what the path ends in is certain, and no device is called that. */
function unreadableUnknown(path: string): Refusal | undefined {
  const last = path.slice(path.lastIndexOf("/") + 1);
  // A shell, and gawk, open a connection for /dev/tcp and /inet: the first directory must be another one.
  const [first = ""] = normalize(path.slice(0, path.indexOf(TEXT)).replace(/[^/]*$/, ""));
  const known = path.startsWith("/") && first !== "" && isLiteral(first) && !/^(dev|inet[46]?)$/.test(first) &&
    isLiteral(last) && last !== "" && last !== "." && last !== "..";
  if (known && !DEVICE_NAME.test(last) && !CONSUMED.includes(last)) return undefined;
  return refusal(
    "file/unknown",
    `Which file "${
      show(path)
    }" names is not known before it runs: use a fixed path, or one that ends in a fixed name ` +
      `such as "/proc/$pid/status".`,
  );
}

function normalize(path: string): string[] {
  const components: string[] = [];
  for (const component of `${path.startsWith("/") ? "" : `${directory}/`}${path}`.split("/")) {
    if (component === "..") components.pop();
    else if (component !== "" && component !== ".") components.push(component);
  }
  return components;
}

/** /proc/PID/root and /proc/PID/cwd lead out of /proc: what follows is judged as if it began at the root. */
function withoutProcessRoot(components: readonly string[]): readonly string[] {
  const leadsOut = (component = ""): boolean => matches(component, "root") || matches(component, "cwd");
  if (!matches(components[0] ?? "", "proc")) return components;
  if (leadsOut(components[2])) return withoutProcessRoot(components.slice(3));
  if (matches(components[2] ?? "", "task") && leadsOut(components[4])) return withoutProcessRoot(components.slice(5));
  return components;
}

/** By its name wherever it is mounted, by a pattern where it always is. */
function isTracePipe(components: readonly string[]): boolean {
  const last = components.at(-1) ?? "";
  if (isLiteral(last)) return CONSUMED.includes(last);
  const traces = [["sys", "kernel", "tracing"], ["sys", "kernel", "debug", "tracing"]];
  return CONSUMED.some((name) => matches(last, name)) && traces.some((path) => isBelow(components, path));
}

/** Plain files: nothing is below them. */
const PLAIN_FILES = new Set(["kcore", "kmsg", "mem"]);

function isBelow(components: readonly string[], ancestor: readonly string[]): boolean {
  const exact = PLAIN_FILES.has(ancestor.at(-1) ?? "");
  return components.length >= ancestor.length && (!exact || components.length === ancestor.length) &&
    ancestor.every((name, index) => {
      const component = components[index] ?? "";
      return name === ANY || (name === PROCESS ? mayBeProcess(component) : matches(component, name));
    });
}

function mayBeProcess(component: string): boolean {
  return /^[\d\uE000\uE003]+$/.test(component) || matches(component, "self") || matches(component, "thread-self");
}

/** Whether one component, which may hold marks, can be the name. */
function matches(component: string, name: string): boolean {
  if (isLiteral(component)) return component === name;
  const pattern = component.replace(/[.*+?^${}()|[\]\\]/g, "\\$&").replaceAll(GLOB, ".*").replaceAll(
    NUMBER,
    "[-0-9\\s]*",
  );
  return new RegExp(`^${pattern}$`, "s").test(name);
}
