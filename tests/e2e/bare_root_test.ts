/**
 * The one file where there is next to nothing: chroots with a C library alone, and hosts on which something is missing,
 * full, read-only or forbidden. `check`, `trace` and `diagnose` each time, on this kernel.
 */
import assert from "node:assert/strict";
import { parse, run } from "../../src/protocol/mod.ts";
import { BareRoot, type BareRootOptions } from "../support/bare_root.ts";
import { ktriage } from "../support/cli.ts";
import { assertChecks, assertDiagnoses, assertTraces } from "../support/three_commands.ts";

/** What the expert's commands take. */
const PROGRAMS = ["sh", "cat", "df", "ps"];
const CRON = { HOME: "/root", LOGNAME: "root", PATH: "/usr/bin:/bin", SHELL: "/bin/sh" };
const ODD = '/ein Ordner — für "alle" $HOME/k triäge';
const NOBODY = 65534;
/** Most of a diagnosis is waiting for what its programs see. */
const AT_ONCE = 6;

interface Host extends BareRootOptions {
  /** Where it unpacks; from memory where it is undefined. */
  readonly cache?: string;
}

const HOSTS: Readonly<Record<string, Host>> = {
  // no program, no /tmp, no HOME, no PATH, no /var
  "Debian 11's C library and nothing else": { release: 11 },
  "Debian 12's C library and nothing else": { release: 12 },
  "Debian 13's C library and nothing else, but a place for caches": {
    release: 13,
    folders: ["/var"],
    cache: "/var/cache/ktriage",
  },
  "a read-only root": {
    release: 11,
    programs: PROGRAMS,
    folders: ["/var/cache", "/tmp", "/root"],
    env: CRON,
    finally: 'mount -o remount,bind,ro "$root"',
  },
  "a noexec /tmp, and no other place that can be written": {
    release: 13,
    programs: PROGRAMS,
    folders: ["/tmp"],
    env: { PATH: "/bin", HOME: "/tmp", TMPDIR: "/tmp", XDG_CACHE_HOME: "/tmp" },
    finally: 'mount -o remount,bind,ro "$root"; mount -t tmpfs -o noexec,mode=1777 none "$root/tmp"',
  },
  "a disk that is full": {
    release: 12,
    programs: PROGRAMS,
    folders: ["/var/cache", "/tmp", "/full"],
    env: { PATH: "/bin" },
    // a copy of the root on a file system of its own, with nothing left
    kernel:
      'mount -t tmpfs -o size=80m,mode=755 none "$root/full"; cp -a "$root"/[!f]* "$root/full"; root=$root/full; ' +
      'for of in proc sys dev; do mount --rbind "/$of" "$root/$of"; done; ! cat /dev/zero 2>/dev/null >"$root/filler"',
  },
  "umask 077, and a path with blanks, quotes and umlauts": {
    release: 12,
    programs: PROGRAMS,
    folders: ["/var/cache"],
    file: ODD,
    umask: "077",
    env: { PATH: "/bin", KTRIAGE_CACHE: "/ein Ordner/für Dateien" },
    cache: "/ein Ordner/für Dateien",
  },
  "cron: root with an emptied environment": {
    release: 12,
    programs: PROGRAMS,
    folders: ["/var/cache"],
    cache: "/var/cache/ktriage",
  },
  "a container without tracefs": {
    release: 13,
    programs: PROGRAMS,
    folders: ["/var/cache"],
    env: { PATH: "/bin", HOME: "/" },
    pid_namespace: true,
    kernel: 'mount -t proc proc "$root/proc"; mount -t sysfs sysfs "$root/sys"; mount -t tmpfs dev "$root/dev"; ' +
      'for of in null zero urandom; do : >"$root/dev/$of"; mount --bind "/dev/$of" "$root/dev/$of"; done; ' +
      'mkdir "$root/dev/shm"; mount -t tmpfs shm "$root/dev/shm"',
    cache: "/var/cache/ktriage",
  },
};

Deno.test("with a C library alone, and on hosts that lack something, check, trace and diagnose do their work", async (t) => {
  const ended = limited(Object.values(HOSTS).map((host, number) => () => works(host, number)));
  for (const [number, name] of Object.keys(HOSTS).entries()) {
    // the others go on meanwhile
    await t.step({ name, fn: () => ended[number], sanitizeOps: false, sanitizeResources: false });
  }
  await Promise.allSettled(ended);
});

async function works(host: Host, number: number): Promise<void> {
  await using root = await BareRoot.make(host);
  const place = { behind: root.inside, program: root.file, has_shell: host.programs !== undefined };
  await assertChecks(place);
  await assertTraces({ ...place, name: `bare-root-${number}`, ktriageOf: (pid) => root.ktriageOf(pid) });
  await assertDiagnoses(place);
  assert.deepEqual(root.added(), added(root, host));
}

/** What was unpacked and where, and nothing else. */
function added(root: BareRoot, { cache, folders = [] }: Host): string[] {
  if (cache === undefined) return [];
  const above = cache.replace(/\/[^/]*$/, "");
  const [build] = [...Deno.readDirSync(`${root.path}${cache}`)].map(({ name }) => `${cache}/${name}`);
  const inside = [cache, ...["", "/ktriage", "/main.js", "/pack", "/stamp"].map((name) => `${build}${name}`)];
  for (const path of inside) assert.equal(Deno.statSync(`${root.path}${path}`).mode! & 0o077, 0, path);
  return [...folders.includes(above) ? [] : [above], ...inside];
}

Deno.test("who is not root is told what is missing, and by whom it can be given", async () => {
  await using root = await BareRoot.make({ release: 11, programs: PROGRAMS, uid: NOBODY, env: { PATH: "/bin" } });
  const options = { behind: root.inside, program: root.file };
  const MISSING = /lacks CAP_BPF, CAP_PERFMON, CAP_DAC_READ_SEARCH.*run ktriage as root \(sudo ktriage …\), or grant/;
  const check = await ktriage(["check"], options);
  assert.equal(check.code, 1);
  assert.match(check.stdout.replaceAll(/\s+/g, " "), MISSING);
  assert.match(check.stdout, /\nNot ready: eBPF programs cannot run here; commands and \/proc still tell much\.\n$/);
  const trace = await ktriage(["trace", "openat", "--duration", "1"], options);
  assert.deepEqual([trace.code, trace.stdout], [1, ""]);
  assert.match(
    trace.stderr,
    /ktriage: Cannot start eBPF programs: tracefs (cannot be read: it is open to root only|is not mounted, and .*)\.\n/,
  );
  assert.match(trace.stderr.replaceAll(/\s+/g, " "), MISSING);
  const diagnose = await ktriage(["diagnose", "--json", "--max-time", "20", "the disk is full"], options);
  assert.equal(diagnose.code, 0, diagnose.stderr);
  assert.match(diagnose.stderr.replaceAll(/\s+/g, " "), MISSING);
  const { turns, resolution } = run.parse(parse(diagnose.stdout));
  assert.ok(resolution !== undefined);
  const load = turns.flatMap(({ command_results }) => command_results).find(({ command }) => /loadavg/.test(command));
  assert.match(load!.stdout, /^\d+\.\d\d \d/); // what it may, it does
  assert.deepEqual(root.added(), []);
});

Deno.test("without a C library it says that Deno needs one", async () => {
  await using root = await BareRoot.make({});
  const { code, stdout, stderr } = await ktriage(["--version"], { behind: root.inside, program: root.file });
  assert.deepEqual([code, stdout], [1, ""]);
  assert.match(
    stderr,
    /^ktriage: Cannot start Deno, which is in this file: No such file.* It needs glibc 2\.27 or newer\.\n$/,
  );
});

/** Begins them in order, a few at a time. */
function limited(works: readonly (() => Promise<void>)[]): readonly Promise<void>[] {
  const ended: Promise<void>[] = [];
  for (const [number, work] of works.entries()) {
    const before = ended[number - AT_ONCE] ?? Promise.resolve();
    ended.push(before.catch(() => {}).then(work));
  }
  for (const one of ended) one.catch(() => {}); // who waits for it fails
  return ended;
}
