/** The sandbox alone, without the policy: what a line may do to files and processes. */
import assert from "node:assert/strict";
import { execute, type Execution, type Limits } from "../../src/commands/execute.ts";
import { NO_NEEDS } from "../../src/commands/needs.ts";
import { presentTasks } from "../../src/commands/sandbox/limits.ts";
import { hostLayers } from "../../src/commands/sandbox/sandbox.ts";
import type { Layer } from "../../src/commands/sandbox/plan.ts";

/** As this host is, and as hosts are that lack something. */
const HOSTS: readonly { readonly name: string; readonly without: readonly Layer[] }[] = [
  { name: "as it is", without: [] },
  ...hostLayers().broker
    ? [{ name: "without Landlock", without: ["landlock"] as const }, {
      name: "without Landlock and control groups",
      without: ["landlock", "cgroup"] as const,
    }]
    : [],
];

async function run(line: string, options: Limits = {}): Promise<Execution> {
  return await execute(line, { timeout_ms: 60_000, ...options });
}

/** A folder with a file, whose names, content and metadata can be compared. */
class Canary implements AsyncDisposable {
  private constructor(readonly path: string) {}

  static async create(): Promise<Canary> {
    const path = await Deno.makeTempDir({ prefix: "canary-" });
    await Deno.mkdir(`${path}/directory`);
    await Deno.writeTextFile(`${path}/file`, "canary");
    await Deno.chmod(path, 0o777); // permissions are not what protects it
    await Deno.chmod(`${path}/file`, 0o666);
    return new Canary(path);
  }

  async state(): Promise<unknown> {
    const names = [...Deno.readDirSync(this.path)].map(({ name }) => name).sort();
    const about = names.map((name) => {
      const { mode, uid, gid, size, mtime, nlink } = Deno.lstatSync(`${this.path}/${name}`);
      return { name, mode, uid, gid, size, nlink, mtime: mtime?.getTime() };
    });
    const attributes = await new Deno.Command("perl", { args: ["-e", PERL_ATTRIBUTES, `${this.path}/file`] }).output();
    return { about, text: Deno.readTextFileSync(`${this.path}/file`), attributes: attributes.stdout };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Deno.remove(this.path, { recursive: true });
  }
}

/** listxattr(2) */
const LIST_ATTRIBUTES = Deno.build.arch === "x86_64" ? 194 : 11;
const PERL_ATTRIBUTES =
  `my $b = "\\0" x 256; my $n = syscall(${LIST_ATTRIBUTES}, $ARGV[0], $b, 256); print substr($b, 0, $n)`;
const SET_ATTRIBUTE = Deno.build.arch === "x86_64" ? 188 : 5;

const WRITES: readonly string[] = [
  "echo x > FILE",
  "echo x >> FILE",
  ": > FILE",
  "rm -f FILE",
  "unlink FILE",
  "mv FILE DIR/other",
  "mv DIR/directory DIR/other",
  "cp /etc/hostname DIR/new",
  "touch FILE",
  "touch DIR/new",
  "chmod 600 FILE",
  "chown 1:1 FILE",
  "ln FILE DIR/hard",
  "ln -s FILE DIR/soft",
  "mkfifo DIR/fifo",
  "mknod DIR/device c 1 3",
  "mkdir DIR/new",
  "rmdir DIR/directory",
  "truncate -s 0 FILE",
  "dd if=/dev/zero of=FILE bs=1 count=1 conv=notrunc",
  "sed -i s/canary/x/ FILE",
  "sort -o FILE /etc/hostname",
  "tee FILE </dev/null",
  "tar cf DIR/x.tar /etc/hostname",
  "cd DIR && echo x > file",
  "cd /proc/self && echo x > root/FILE",
  "echo x > /proc/self/root/FILE",
  "echo x > /proc/PID/root/FILE",
  "echo x > /proc/PID/cwd/../../../../../../FILE",
  "exec 3<FILE; echo x > /proc/self/fd/3",
  "exec 3<FILE; echo x > /dev/fd/3",
  "echo x > $TMPDIR/../../FILE",
  "ln -s FILE $TMPDIR/link; echo x > $TMPDIR/link",
  "ln FILE $TMPDIR/link; echo x > $TMPDIR/link",
  `perl -e 'open my $f, "+<", "FILE"; print $f "x"'`,
  `perl -e 'truncate "FILE", 0; utime 1, 1, "FILE"; chmod 0, "FILE"; rename "FILE", "FILE.2"; link "FILE", "FILE.3"'`,
  `perl -e 'sysopen my $f, "DIR", 020200002, 0600; print $f "x"; link "/proc/self/fd/".fileno($f), "DIR/tmpfile"'`,
  `perl -e 'sysopen my $f, "FILE", 01000'`, // O_RDONLY | O_TRUNC
  `perl -e 'my ($f, $n, $v) = ("FILE", "user.canary", "x"); syscall(${SET_ATTRIBUTE}, $f, $n, $v, 1, 0)'`,
  `perl -e 'use threads; 1' && perl -e 'fork || exec "sh", "-c", "echo x > FILE"; wait'`,
  "setsid sh -c 'echo x > FILE'",
  "unshare -m sh -c 'mount -o bind /etc DIR/directory; echo x > FILE'",
  "unshare -r sh -c 'echo x > FILE'",
  "chattr +a FILE",
  `perl -e 'use Socket; socketpair A, B, AF_UNIX, SOCK_STREAM, 0; bind A, sockaddr_un("DIR/socket")'`,
];

for (const { name, without } of HOSTS) {
  Deno.test(`${name}: no line writes to a canary`, async () => {
    await using canary = await Canary.create();
    const before = await canary.state();
    for (const write of WRITES) {
      const line = write.replaceAll("FILE", `${canary.path}/file`).replaceAll("DIR", canary.path)
        .replaceAll("PID", String(Deno.pid));
      const { sandbox } = await run(`${line}; true`, { without });
      assert.match(sandbox, /^(landlock|broker)\+seccomp\+caps\+(cgroup|subtree)$/);
      assert.deepEqual(await canary.state(), before, `${line} (${sandbox})`);
    }
  });

  Deno.test(`${name}: a line writes to its own directory, which is gone afterwards, and to /dev/null`, async () => {
    const line = 'echo a >/dev/null; echo b >"$TMPDIR/b"; echo c >>"$TMPDIR/b"; mkdir "$TMPDIR/d"; cat "$TMPDIR/b"; ' +
      'rmdir "$TMPDIR/d"; rm "$TMPDIR/b"; ls "$TMPDIR"; echo "$TMPDIR"; echo e >/dev/stderr';
    const { stdout, stderr } = await run(line, { without });
    const [, , directory = ""] = stdout.text.split("\n");
    assert.equal(stdout.text, `b\nc\n${directory}\n`);
    assert.equal(stderr.text, "e\n");
    assert.throws(() => Deno.statSync(directory), Deno.errors.NotFound);
  });

  Deno.test(`${name}: another process is not signalled, traced, slowed down or written to`, async () => {
    const canary = new Deno.Command("sleep", { args: ["1000"] }).spawn();
    try {
      const about = (): string =>
        Deno.readTextFileSync(`/proc/${canary.pid}/stat`).split(" ").slice(17, 19).join() +
        Deno.readTextFileSync(`/proc/${canary.pid}/limits`) +
        Deno.readTextFileSync(`/proc/${canary.pid}/oom_score_adj`);
      const before = about();
      for (
        const line of [
          "kill -9 PID",
          "kill -STOP PID",
          "kill -9 -1",
          "renice -n 15 -p PID",
          "prlimit --pid PID --nofile=5",
          "echo 999 > /proc/PID/oom_score_adj",
          "dd if=/dev/zero of=/proc/PID/mem bs=1 count=1 seek=4096",
          "strace -p PID",
          "ionice -c 3 -p PID",
          "taskset -p 1 PID",
          "chrt -o -p 0 PID",
          "nsenter -t PID -m sh -c 'kill -9 PID'",
          `perl -e 'use Fcntl; pipe R, W; fcntl R, F_SETOWN, PID; fcntl R, 10, 9; fcntl R, F_SETFL, O_ASYNC; print W 1'`,
        ]
      ) {
        await run(`${line.replaceAll("PID", String(canary.pid))}; true`, { without });
        assert.equal(about(), before, line);
      }
    } finally {
      canary.kill("SIGKILL");
      // it was there to the last
      assert.equal((await canary.status).signal, "SIGKILL");
    }
  });

  Deno.test(`${name}: signals within the line work: timeout, kill of a job`, async () => {
    const { stdout } = await run("timeout 0.2 sleep 50; echo $?; sleep 50 & kill $!; wait $!; echo $?", { without });
    assert.equal(stdout.text, "124\n143\n");
  });

  Deno.test(`${name}: sockets are bound to free ports`, async () => {
    const bind = (port: number): string =>
      `perl -MSocket -e 'socket S, AF_INET, SOCK_DGRAM, 0; print bind(S, sockaddr_in(${port}, INADDR_ANY)) ? "yes" : "no"'`;
    assert.equal(
      (await run(`${bind(0)}; ${bind(79)}; getent hosts localhost | wc -l`, { without })).stdout.text,
      "yesno1\n",
    );
  });

  Deno.test(`${name}: a crash starts no program of the host, no file is leased`, async () => {
    const lease = `perl -e 'open F, "<", "/etc/hostname"; print fcntl(F, 1024, 0) ? "yes" : "no"'`;
    const { stdout } = await run(`grep core /proc/self/limits; ${lease}`, { without });
    assert.match(stdout.text, /^Max core file size +1 +1 +bytes *\nno$/);
  });

  Deno.test(`${name}: services are out of reach unless they are needed`, async () => {
    const path = `${await Deno.makeTempDir()}/socket`;
    using service = Deno.listen({ transport: "unix", path });
    await Deno.chmod(path, 0o777);
    let calls = 0;
    const serving = (async () => {
      for await (const call of service) {
        calls++;
        call.close();
      }
    })().catch(() => {});
    const line = `perl -MIO::Socket::UNIX -e 'exit !IO::Socket::UNIX->new(Peer => "${path}")'`;
    assert.notEqual((await run(line, { without })).exit_code, 0);
    assert.equal(calls, 0);
    const needs = { ...NO_NEEDS, local_sockets: true };
    assert.equal((await run(line, { without, needs })).exit_code, 0);
    service.close();
    await serving;
    assert.equal(calls, 1);
  });

  Deno.test(`${name}: it reads what root can read, and other processes`, async () => {
    const other = new Deno.Command("sleep", { args: ["1000"], env: { CANARY: "seen" } }).spawn();
    try {
      const proc = `/proc/${other.pid}`;
      const line =
        `readlink ${proc}/exe; tr '\\0' '\\n' <${proc}/environ | grep CANARY; readlink ${proc}/fd/0 >/dev/null && ` +
        `echo fd; wc -l </etc/shadow >/dev/null && echo shadow; grep -E '^(CapEff|NoNewPrivs)' /proc/self/status; ` +
        `ls /proc/self/fd | wc -l; ps -p ${other.pid} -o comm=`;
      const { stdout, sandbox, notes } = await run(line, { without });
      if (sandbox.startsWith("landlock")) return assert.match(notes.join(), /hides/); // no broker here
      const caps = (Number(BigInt("0x0000000400080004"))).toString(16).padStart(16, "0");
      assert.match(stdout.text, /^\/.*sleep\nCANARY=seen\nfd\nshadow\n/);
      assert.match(stdout.text, new RegExp(`CapEff:\\t${caps}\nNoNewPrivs:\\t1\n4\nsleep\n$`));
    } finally {
      other.kill("SIGKILL");
      await other.status;
    }
  });
}

for (const { name, without } of [...HOSTS, { name: "without control groups", without: ["cgroup"] as const }]) {
  Deno.test(`${name}: a fork bomb, daemons and a flood end in time and leave nothing`, async () => {
    const marker = `7${Deno.pid}.25`;
    for (
      const line of [
        `bomb() { bomb | bomb & sleep ${marker}; }; bomb; sleep ${marker}`,
        `trap '' TERM; setsid sh -c 'trap "" TERM; sleep ${marker}; sleep ${marker}' & sleep ${marker}`,
        `perl -e 'fork and exit; setpgrp; fork and exit; $ENV{TMPDIR} = ""; exec "sleep", "${marker}"'; sleep ${marker}`,
        `yes ${marker}`,
      ]
    ) {
      const started = performance.now();
      using tasks = new HighestTasks();
      const { ended } = await run(line, { without, timeout_ms: 700 });
      // a bomb ends before its time where the watch ends it, or where its first shell cannot fork any more
      if (!line.startsWith("bomb")) assert.equal(ended, "timeout", line);
      // a watch looks every 20 ms, or later where others keep the CPUs busy: of the 32768 that Linux has it leaves most
      assert.ok(
        tasks.more < (without.includes("cgroup") ? 8000 : 800),
        `${tasks.more} more processes and threads than before: ${line}`,
      );
      assert.ok(performance.now() - started < 60_000, line);
      assert.deepEqual(await running(marker), [], line);
    }
  });
}

Deno.test("where nothing guards writes, the result says so", async () => {
  const { sandbox, notes } = await run("true", { without: ["landlock", "broker"] });
  assert.match(sandbox, /^seccomp\+caps/);
  assert.match(notes.join(), /writing/);
});

Deno.test("where no control group bounds processes, the result says so", async () => {
  assert.match((await run("true", { without: ["cgroup"] })).notes.join(), /how many processes/);
});

Deno.test("Landlock is used where the host has it and a line does not look into processes", async () => {
  const first = hostLayers().landlock_abi > 0 ? "landlock" : "broker";
  assert.ok((await run("echo a")).sandbox.startsWith(`${first}+seccomp+caps`));
});

/** How many more processes and threads this host had at one time than at first. */
class HighestTasks implements Disposable {
  readonly #first = presentTasks();
  readonly #timer = setInterval(() => this.more = Math.max(this.more, presentTasks() - this.#first), 10);
  more = 0;

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
  }
}

/** Processes with the marker in their command line, zombies excluded. */
async function running(marker: string): Promise<string[]> {
  const found: string[] = [];
  for await (const { name } of Deno.readDir("/proc")) {
    if (!/^\d+$/.test(name) || Number(name) === Deno.pid) continue;
    const command = await Deno.readTextFile(`/proc/${name}/cmdline`).catch(() => "");
    if (command.includes(marker)) found.push(`${name} ${command}`);
  }
  return found;
}
