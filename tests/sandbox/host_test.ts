/** The sandbox alone, without the policy: what a line may do to the host; and what ktriage leaves when it is killed. */
import assert from "node:assert/strict";
import { execute } from "../../src/commands/execute.ts";
import { readSandbox } from "../../src/commands/sandbox/check.ts";
import { keepHelperReady } from "../../src/commands/sandbox/helper_process.ts";
import { hostLayers } from "../../src/commands/sandbox/sandbox.ts";
import { PRIVATE_MOUNTS } from "../support/private_mounts.ts";
import { until } from "../support/until.ts";

const HERE = new URL(".", import.meta.url).pathname;

for (const without of [[], ...hostLayers().broker ? [["landlock"]] : []]) {
  const name = without.length === 0 ? "as it is" : `without ${without}`;
  Deno.test(`${name}: network, names, mounts and shared memory stay as they are`, async () => {
    const [unshare = "", ...args] = [...PRIVATE_MOUNTS, "unshare", "--net", "--uts", "--ipc"];
    const run = [Deno.execPath(), "run", "-A", "--no-check", `${HERE}change_namespace.ts`, ...without];
    const { stdout, stderr } = await new Deno.Command(unshare, { args: [...args, ...run] }).output();
    const text = new TextDecoder().decode(stdout);
    assert.match(text, /^\{/, new TextDecoder().decode(stderr));
    assert.deepEqual(JSON.parse(text), { changed: [], proof: "canary\n1\n" });
  });
}

Deno.test("a helper that is kept ready runs a command, and is gone afterwards", async () => {
  const before = helpers();
  {
    await using _ready = keepHelperReady();
    assert.equal(helpers().length, before.length + 1);
    assert.equal((await execute("echo a")).stdout.text, "a\n");
    assert.equal(helpers().length, before.length + 1);
    const [first, second] = await Promise.all([execute("echo b"), execute("echo c")]);
    assert.equal(first.stdout.text + second.stdout.text, "b\nc\n");
  }
  assert.deepEqual(helpers(), before);
});

Deno.test("a command gets descriptors 0, 1 and 2 only", async () => {
  using _file = Deno.openSync("/etc/hostname");
  using _socket = Deno.listen({ port: 0 });
  assert.equal((await execute("ls /proc/self/fd; readlink /proc/self/fd/0")).stdout.text, "0\n1\n2\n3\n/dev/null\n");
});

Deno.test("readSandbox() says the levels", async () => {
  const { id, available, detail } = await readSandbox();
  assert.equal(id, "sandbox");
  assert.equal(available, hostLayers().broker || hostLayers().landlock_abi > 0);
  assert.match(detail, /commands run at ((landlock|broker)\+)?(seccomp\+)?caps\+(cgroup|subtree)/);
  if (hostLayers().landlock_abi === 0) assert.match(detail, /no Landlock: kernel/);
});

Deno.test(
  "ktriage is killed: the shell ends with it, the next ktriage ends the rest",
  async () => {
    const marker = `81${Deno.pid}.5`;
    // out of the shell's session, where the sandbox lets go
    const line = `session=$(setsid echo setsid); $session sleep ${marker} & sleep ${marker}`;
    const source = `import { execute } from "${new URL("../../src/commands/execute.ts", import.meta.url)}";
    console.log(await execute(${JSON.stringify(line)}));`;
    const script = await Deno.makeTempFile({ suffix: ".ts" });
    await Deno.writeTextFile(script, source);
    const run = ["run", "-A", "--no-check", "--no-config", script];
    const killed = new Deno.Command(Deno.execPath(), { args: run, stdout: "null" }).spawn();
    await until("all of it runs", () => running(marker).length >= 3);
    const shells = running(marker).filter((pid) => Deno.readTextFileSync(`/proc/${pid}/comm`) === "sh\n");
    killed.kill("SIGKILL");
    await killed.status;
    // this process may have adopted them, and keep what is left of them
    await until("the shells end", () => !running(marker).some((pid) => shells.includes(pid)));
    await Deno.writeTextFile(script, source.replaceAll(`sleep ${marker}`, "true"));
    await new Deno.Command(Deno.execPath(), { args: run, stdout: "null" }).output();
    const grouped = (await execute("true")).sandbox.endsWith("cgroup");
    for (const pid of grouped ? [] : running(marker)) Deno.kill(pid, "SIGKILL"); // nothing finds them there
    await until("nothing of it is left", () => running(marker).length === 0);
    await Deno.remove(script);
  },
);

Deno.test("where somebody else answers system calls already, as in some containers, the next best layer serves", async () => {
  const { stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-check", `${HERE}behind_listener.ts`],
  }).output();
  const text = new TextDecoder().decode(stdout);
  assert.match(text, /^\{/, new TextDecoder().decode(stderr));
  const { sandbox, notes, printed } = JSON.parse(text);
  assert.equal(printed, "ran\n");
  const has_landlock = hostLayers().landlock_abi > 0;
  assert.match(sandbox, has_landlock ? /^landlock\+seccomp\+caps/ : /^seccomp\+caps/);
  assert.match(notes.join(), has_landlock ? /hides/ : /writing/);
});

/** Helpers that this process has started. */
function helpers(): number[] {
  return [...Deno.readDirSync("/proc")].map(({ name }) => Number(name)).filter((pid) => {
    const stat = read(`/proc/${pid}/stat`);
    return stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1] === String(Deno.pid) &&
      read(`/proc/${pid}/cmdline`).includes("helper.ts");
  });
}

/** Shells and sleepers with the marker, not the script's own process. */
function running(marker: string): number[] {
  return [...Deno.readDirSync("/proc")].map(({ name }) => Number(name)).filter((pid) =>
    /^(sh|sleep)\n$/.test(read(`/proc/${pid}/comm`)) && read(`/proc/${pid}/cmdline`).includes(marker)
  );
}

function read(path: string): string {
  try {
    return Deno.readTextFileSync(path);
  } catch {
    return ""; // it has ended
  }
}
