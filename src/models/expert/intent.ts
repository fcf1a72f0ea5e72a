/** What the words of an issue, and the host's own figures, ask to be looked at. */
import type { HostFigures } from "../../protocol/mod.ts";

export type Category = "network" | "name_resolution" | "process" | "file" | "disk" | "cpu" | "memory";

export interface Intent {
  /** Named by the issue's words, the strongest first. */
  readonly asked: readonly Category[];
  /** Not in the words, but the host's figures stand out there. */
  readonly from_figures: readonly Category[];
  /** True when the words speak of something that comes and goes. */
  readonly intermittent: boolean;
  /** Words of the issue in lower case: names of processes and paths are compared with them. */
  readonly words: ReadonlySet<string>;
  /** Host names with a dot in the issue: worth asking the resolver for. */
  readonly host_names: readonly string[];
}

/**
 * Each match counts once, so a category that is named by several words comes first. A phrase that settles the matter
 * (an error text, say) counts double.
 */
const WORDS: Readonly<Record<Category, { readonly plain: RegExp; readonly telling: RegExp }>> = {
  network: {
    plain:
      /\b(connect\w*|network\w*|sockets?|ports?|tcp|udp|https?|api|curl|requests?|upstream|unreachable|remote|peers?|proxy|gateway|tim(?:e|es|ed|ing)[ -]?outs?|ssh|packets?|database|db|redis|postgres\w*|mysql|listen\w*|server)\b/g,
    telling:
      /(connection refused|connection timed out|econnrefused|etimedout|cannot reach|can't reach|no route|\b50[234]\b)/g,
  },
  name_resolution: {
    plain: /\b(dns|resolv\w*|resolution|name ?servers?|lookups?|host ?names?|domains?)\b/g,
    telling:
      /(name resolution|could not resolve|cannot resolve|can't resolve|unknown host|name or service not known|nxdomain|servfail|eai_\w+|getaddrinfo)/g,
  },
  process: {
    plain:
      /\b(crash\w*|restart\w*|kill\w*|dies|died|dying|exit\w*|terminat\w*|abort\w*|respawn\w*|signals?|forks?|zombies?|daemons?|services?|start\w*)\b/g,
    telling:
      /(segfault\w*|segmentation fault|core dump\w*|crash ?loop\w*|sig(kill|segv|abrt|bus)|keeps (crashing|dying|restarting))/g,
  },
  file: {
    plain:
      /\b(files?|paths?|permissions?|denied|missing|director(?:y|ies)|folders?|config\w*|open(?:s|ing)?|cert\w*|librar(?:y|ies))\b/g,
    telling:
      /(no such file|permission denied|access denied|enoent|eacces|not found|cannot open|can't open|cannot read)/g,
  },
  disk: {
    plain:
      /\b(disks?|space|full|quotas?|inodes?|storage|volumes?|partitions?|file ?systems?|writ(?:e|es|ing)|sav(?:e|es|ing))\b/g,
    telling: /(no space|disk full|disk is full|enospc|edquot|out of space|quota exceeded)/g,
  },
  cpu: {
    plain: /\b(slow\w*|cpus?|load|performance|hangs?|hanging|lag\w*|laten\w*|busy|sluggish|spin\w*|hot|stuck|fans?)\b/g,
    telling: /(high (cpu|load)|100 ?%( cpu)?|cpu (usage|hog|bound)|too slow|very slow)/g,
  },
  memory: {
    plain: /\b(memory|ram|swap\w*|leak\w*|thrash\w*|alloc\w*|oom\w*)\b/g,
    telling: /(out of memory|oom[ -]kill\w*|cannot allocate|enomem|memory leak)/g,
  },
};

const INTERMITTENT =
  /\b(random\w*|sometimes|intermittent\w*|flak\w*|occasional\w*|sporadic\w*|now and then|from time to time)\b/;
const HOST_NAME = /\b(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}\b/g;
/** Endings that make a dotted word a file rather than a host. */
const FILE_ENDING =
  /\.(conf|cfg|ini|json|ya?ml|toml|log|txt|sh|py|js|ts|so|service|socket|pid|sock|db|env|pem|crt|key|lock)$/;

/** Reads an issue. Words come first; figures only add what the words do not name. */
export function readIntent(issue: string, figures: HostFigures): Intent {
  const text = issue.toLowerCase();
  const scores = new Map<Category, number>();
  for (const [category, { plain, telling }] of Object.entries(WORDS) as [Category, typeof WORDS[Category]][]) {
    const score = distinct(text, plain) + 2 * distinct(text, telling);
    if (score > 0) scores.set(category, score);
  }
  const asked = [...scores].sort(([, a], [, b]) => b - a).map(([category]) => category);
  return {
    asked,
    from_figures: categoriesOfFigures(figures).filter((category) => !scores.has(category)),
    intermittent: INTERMITTENT.test(text),
    words: new Set(text.match(/[\w./:@+-]+/g)?.map((word) => word.replace(/[.,:]+$/, "")) ?? []),
    host_names: [...new Set(text.match(HOST_NAME) ?? [])].filter((name) => !FILE_ENDING.test(name)).slice(0, 2),
  };
}

/** Categories in which the host's figures stand out, by thresholds that a healthy host seldom passes. */
function categoriesOfFigures(figures: HostFigures): readonly Category[] {
  const found: Category[] = [];
  const isFull = figures.filesystems.some((fs) =>
    !fs.read_only && (fs.used_percent >= 95 || fs.inodes_used_percent >= 95)
  );
  if (isFull) found.push("disk");
  const pressure = figures.pressure_some_avg10;
  // a moment's peak is no fault: the queue must be as long as all CPUs can take
  const isBusy = figures.cpu_busy_percent >= 85 && figures.load_1m >= figures.cpus;
  if (isBusy || figures.load_1m > 2 * figures.cpus || (pressure?.cpu ?? 0) >= 40) {
    found.push("cpu");
  }
  const available = figures.memory_available_bytes / Math.max(1, figures.memory_total_bytes);
  if (available < 0.08 || (pressure?.memory ?? 0) >= 10 || figures.oom_kills > 0) found.push("memory");
  if (!isFull && (figures.iowait_percent >= 25 || figures.processes_blocked >= 4 || (pressure?.io ?? 0) >= 40)) {
    found.push("disk");
  }
  return found;
}

/** True when the issue names this process, by its whole comm or by a longer word that begins with it. */
export function namesProcess(intent: Intent, comm: string): boolean {
  const name = comm.toLowerCase();
  return name.length >= 2 &&
    [...intent.words].some((word) => word === name || (name.length === 15 && word.startsWith(name)));
}

/** True when the issue names this path, whole or by its last part. */
export function namesPath(intent: Intent, path: string): boolean {
  const name = path.toLowerCase();
  const last = name.slice(name.lastIndexOf("/") + 1);
  return intent.words.has(name) || (last.length >= 3 && intent.words.has(last));
}

function distinct(text: string, pattern: RegExp): number {
  return new Set(text.match(pattern) ?? []).size;
}
