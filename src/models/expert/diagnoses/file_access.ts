/** A file that a process wants again and again is missing, or may not be used. */
import { type Candidate, count, type Diagnose, groupBy, processesOf, processNames } from "../candidate.ts";
import { type Evidence, keysOf, type Seen, seenOf } from "../evidence.ts";
import { numberOf, textOf } from "../fields.ts";
import { namesPath } from "../intent.ts";

const CALLS = ["openat", "openat2", "open", "execve", "access", "faccessat", "faccessat2"];

/**
 * Paths that programs probe and do well without: the loader's and the C library's search paths, locales, the search
 * paths of Python, Node and Deno, terminals, `/proc` entries of processes that have ended.
 */
const PROBED =
  /(\/ld\.so\.|\.so(\.\d+)*$|glibc-hwcaps|\/locale\/|\/locale-langpack\/|LC_\w+|gconv|\/terminfo\/|nscd|zoneinfo|pyvenv\.cfg|__pycache__|site-packages|dist-packages|\.py[cd]?$|\.pth$|\.cpython-|python\d+\.zip|node_modules|package\.json$|deno\.jsonc?$|jsr\.json|\.npmrc|\/\.git(\/|$)|\.gitconfig|^\/proc\/\d+|^\/proc\/self|^\/sys\/|\/userdb\/|\/nsswitch|\/gai\.conf|hugepages|\/cgroup|\.bashrc|\.profile|\.inputrc)/;

const FAILURES: ReadonlySet<string> = new Set(["ENOENT", "EACCES", "EPERM", "ENOTDIR"]);

/** Fewer failures than this are how programs search; a fault repeats. */
const STORM = 5;
/** A failed open that the process dies of is a fault even when it happens once in each life. */
const FATAL_WITHIN_US = 1_000_000;

/** What else happened, arranged once: there may be thousands of groups of failures. */
interface Surroundings {
  readonly evidence: Evidence;
  /** Calls that succeeded, by the last part of their path. */
  readonly found: ReadonlyMap<string, readonly Seen[]>;
  /** Exits with an error status, by process id. */
  readonly failed_exits: ReadonlyMap<string, readonly Seen[]>;
}

export const fileAccess: Diagnose = (evidence) => {
  const calls = seenOf(evidence, ...CALLS);
  const failures = calls.filter(({ error }) => error !== undefined && FAILURES.has(error));
  const around: Surroundings = {
    evidence,
    found: groupBy(
      calls,
      (seen) => seen.error === undefined && seen.data.pending !== true ? lastPart(seen) : undefined,
    ),
    failed_exits: groupBy(
      seenOf(evidence, "exit_group").filter(({ data }) => (numberOf(data.error_code) ?? 0) !== 0),
      ({ process_id }) => String(process_id),
    ),
  };
  return [...groupBy(failures, (seen) => `${seen.error} ${seen.process_name} ${pathOf(seen) ?? ""}`).values()]
    .flatMap((group) => describe(group, around));
};

function describe(group: readonly Seen[], around: Surroundings): readonly Candidate[] {
  const { evidence } = around;
  const [first] = group;
  const path = first === undefined ? undefined : pathOf(first);
  if (first === undefined || path === undefined) return [];
  const isAsked = namesPath(evidence.intent, path);
  const isDenied = first.error === "EACCES" || first.error === "EPERM";
  if (!isAsked && PROBED.test(path) || !isDenied && isSearched(group, around)) return [];

  const fatal = group.filter((seen) => diesOf(seen, around));
  const needed = isAsked || isDenied || fatal.length > 0 ? 2 : STORM;
  if (group.length < needed) return [];

  const who = processesOf(group);
  const looks = lookups(path);
  const look = lookedAt(evidence);
  const isConfirmed = look !== undefined &&
    (isDenied ? look.includes(path) : /No such file/i.test(look) && look.includes(path));
  const problem = isDenied ? "is not permitted" : "does not exist";
  const verb = "argv" in first.data ? "execute" : "open";
  return [{
    category: "file",
    score: Math.min(
      88,
      45 + Math.min(20, group.length) + (isDenied ? 10 : 0) + (isAsked ? 15 : 0) + (fatal.length > 0 ? 15 : 0),
    ),
    confidence: isConfirmed || group.length >= 4 * STORM || fatal.length > 1 ? "High" : "Medium",
    root_cause: isDenied
      ? `${who} may not ${verb} ${path} (${first.error}, ${count(group.length, "time")}).`
      : `The file ${path} is missing: ${who} tries to ${verb} it and fails with ${first.error} ${
        count(group.length, "time")
      }.`,
    plan: isDenied
      ? [
        `Look at the owner and mode of ${path} and of every directory above it (\`namei -l ${path}\`), and at the user that ${first.process_name} runs as.`,
        "Give that user or group the access it needs, no wider; if the mode looks right, check ACLs, SELinux or AppArmor denials and mount options.",
        `Verify: ${first.process_name} opens ${path} without ${first.error}.`,
      ]
      : [
        `Restore ${path} (package, backup, deployment), or mount what should provide it.`,
        `If the path is wrong, correct it in the configuration of ${first.process_name}.`,
        `Verify: \`ls -l ${path}\` shows it, and the ${first.error} errors stop.`,
      ],
    findings: [
      {
        claim: `${who} failed to ${verb} ${path} with ${first.error} ${count(group.length, "time")}`,
        evidence: [...keysOf(group)],
      },
      ...(fatal.length > 0
        ? [{
          claim: `${
            count(new Set(fatal.map(({ process_id }) => process_id)).size, "process exits", "processes exit")
          } with an error within ${FATAL_WITHIN_US / 1e6} s of the ${first.error} for ${path}`,
          evidence: [...new Set([...keysOf(fatal), ...keysOf(seenOf(evidence, "exit_group"))])],
        }]
        : []),
      ...(isConfirmed
        ? [{
          claim: `looked at by name, ${path} ${isDenied ? "exists with the mode listed there" : problem}`,
          evidence: ["file_look"],
        }]
        : []),
    ],
    processes: processNames(group),
    paths: [path],
    follow_up: looks,
  }];
}

/** The path, when it is absolute or a plain relative one; an empty one is a descriptor's own. */
function pathOf({ data }: Seen): string | undefined {
  const path = textOf(data.filename) ?? textOf(data.pathname);
  return path === undefined || path === "" ? undefined : path;
}

/**
 * True when the same processes find a file of the same name elsewhere right after: that is a search along a path
 * (PATH, configuration in the home directory and then in /etc), not a fault.
 */
function isSearched(group: readonly Seen[], { found }: Surroundings): boolean {
  const [first] = group;
  const name = first === undefined ? undefined : lastPart(first);
  if (first === undefined || name === undefined) return false;
  const pids = new Set(group.map(({ process_id }) => process_id));
  return (found.get(name) ?? []).some((seen) =>
    pids.has(seen.process_id) && pathOf(seen) !== pathOf(first) && seen.time_us >= first.time_us
  );
}

function diesOf(failure: Seen, { failed_exits }: Surroundings): boolean {
  return (failed_exits.get(String(failure.process_id)) ?? []).some((exit) =>
    exit.time_us >= failure.time_us && exit.time_us - failure.time_us <= FATAL_WITHIN_US
  );
}

function lastPart(seen: Seen): string | undefined {
  const path = pathOf(seen);
  return path?.slice(path.lastIndexOf("/") + 1);
}

/** What `ls` said: a path that is missing is on its standard error. */
function lookedAt({ commands }: Evidence): string | undefined {
  const result = commands.get("file_look");
  return result === undefined || result.refused !== undefined ? undefined : `${result.stdout}${result.stderr}`;
}

/** A look at the path and its directory; only for paths whose letters mean nothing to a shell. */
function lookups(path: string): Candidate["follow_up"] & object {
  if (!/^\/[\w@%+=:,./-]*$/.test(path)) return [];
  const directory = path.slice(0, path.lastIndexOf("/")) || "/";
  return [{
    id: "file_look",
    command: `ls -ld ${directory} ${path}`,
    description: `owner and mode of ${path}, if it exists`,
  }];
}
