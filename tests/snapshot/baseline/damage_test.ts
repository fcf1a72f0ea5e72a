import assert from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import { openBaseline } from "../../../src/snapshot/baseline/mod.ts";
import { MINUTE_MS, run, snapshotOf, START, stateDir, watched } from "./support.ts";

const PAGE = 4096, SNAPSHOTS = 30;
const figures = Array.from({ length: 300 }, (_, i) => watched("net.traffic_per_s", i, { of: `eth${i}` }));
const isRoot = Deno.uid() === 0;

/** A state with some snapshots in it, of which the file is then handed to `harm`. */
function harmed(harm: (file: string) => void): Disposable & { readonly path: string } {
  const state = stateDir();
  for (let i = 0; i < SNAPSHOTS; i++) run(state.path, figures, { time: START + i * 20 * MINUTE_MS });
  harm(`${state.path}/baseline.db`);
  return state;
}

function aside(folder: string): string[] {
  return [...Deno.readDirSync(folder)].map(({ name }) => name).filter((name) => name.includes(".damaged-"));
}

const DAMAGES: readonly (readonly [string, (file: string) => void])[] = [
  ["is cut in the middle of a page", (file) => Deno.truncateSync(file, 5 * PAGE + 100)],
  ["is cut after its first page", (file) => Deno.truncateSync(file, PAGE)],
  ["has no header", (file) => overwrite(file, 0, new Uint8Array(PAGE))],
  ["is text", (file) => Deno.writeTextFileSync(file, "not a database\n".repeat(1000))],
  ["is a folder", (file) => {
    Deno.removeSync(file);
    Deno.mkdirSync(file);
  }],
  ["is a database of another program", (file) => {
    Deno.removeSync(file);
    using db = new DatabaseSync(file);
    db.exec("CREATE TABLE theirs (a); PRAGMA application_id = 42");
    Deno.chmodSync(file, 0o600);
  }],
  ["has only zeros in its pages but the first", (file) => {
    overwrite(file, PAGE, new Uint8Array(Deno.statSync(file).size - PAGE));
  }],
];

for (const [what, harm] of DAMAGES) {
  Deno.test(`openBaseline() sets a store aside that ${what}, says so, and begins anew`, () => {
    using state = harmed(harm);
    const first = run(state.path, figures, { time: START + 1000 * MINUTE_MS });
    assert.equal(first.baseline.state, "fresh", JSON.stringify(first));
    assert.match(first.notes.join(), /^The state was damaged, is set aside, and begins anew: .*baseline\.db\.damaged-/);
    assert.deepEqual(first.unkept, []);
    assert.equal(aside(state.path).length, 1);
    const second = run(state.path, figures, { time: START + 1005 * MINUTE_MS });
    assert.deepEqual([second.baseline.state, second.baseline.snapshots], ["warming_up", 1]);
  });
}

Deno.test("any page full of zeros is found at the latest by the daily check, and nothing ever throws", () => {
  const pages = 20;
  for (let page = 1; page < pages; page += 3) {
    using state = harmed((file) => overwrite(file, page * PAGE, new Uint8Array(PAGE)));
    const { baseline, unkept } = run(state.path, figures, { time: START + 3 * 24 * 60 * MINUTE_MS });
    assert.equal(baseline.state, "fresh", `page ${page}`);
    assert.deepEqual(unkept, []);
  }
});

Deno.test("a row whose bytes are no figures is damage, too", () => {
  using state = harmed((file) => {
    using db = new DatabaseSync(file);
    db.exec("UPDATE snapshots SET figures = x'0102030405'; UPDATE hours SET figures = x'01'; ");
    db.exec(`UPDATE hours SET hour = hour - ${10 * 24}`);
  });
  const { baseline, unkept } = run(state.path, figures, { time: START + (SNAPSHOTS + 1) * 20 * MINUTE_MS });
  assert.equal(baseline.state, "fresh");
  assert.deepEqual(unkept, []);
});

Deno.test("only the two damaged files of late are kept", () => {
  using state = stateDir();
  for (let i = 0; i < 5; i++) {
    run(state.path, figures, { time: START + i * MINUTE_MS });
    Deno.writeTextFileSync(`${state.path}/baseline.db`, "not a database\n".repeat(1000));
  }
  assert.equal(aside(state.path).length, 2);
});

Deno.test("a sound store is never set aside, however often it is opened", () => {
  using state = harmed(() => {});
  const { baseline } = run(state.path, figures, { time: START + 3 * 24 * 60 * MINUTE_MS });
  assert.equal(baseline.state, "warming_up");
  assert.equal(baseline.snapshots, SNAPSHOTS);
  assert.deepEqual(aside(state.path), []);
});

Deno.test("a store of a newer ktriage is left alone, and no state is kept", () => {
  using state = harmed((file) => {
    using db = new DatabaseSync(file);
    db.exec("PRAGMA user_version = 99");
  });
  const before = Deno.readFileSync(`${state.path}/baseline.db`);
  const { baseline, unkept } = run(state.path, figures, { time: START + 1000 * MINUTE_MS });
  assert.equal(baseline.state, "off");
  assert.match(baseline.detail, /a newer ktriage made it \(schema 99; this version knows 1\)/);
  assert.match(unkept.join(), /^No state was kept: .*newer/);
  assert.deepEqual(Deno.readFileSync(`${state.path}/baseline.db`), before);
});

const REFUSED: readonly (readonly [string, (folder: string) => void, RegExp])[] = [
  ["is open to others", (folder) => Deno.chmodSync(folder, 0o755), /open to other users \(mode 0755\).*chmod 0700/],
  ["holds a store that is open to others", (folder) => Deno.chmodSync(`${folder}/baseline.db`, 0o644), /chmod 0600/],
  ["belongs to another user", (folder) => Deno.chownSync(folder, 12345, 12345), /another user \(uid 12345\)/],
  ["holds a store of another user", (folder) => Deno.chownSync(`${folder}/baseline.db`, 12345, 0), /another user/],
  ["is a file", (folder) => {
    Deno.removeSync(folder, { recursive: true });
    Deno.writeTextFileSync(folder, "");
  }, /cannot be made or read/],
];

for (const [what, change, reason] of REFUSED) {
  Deno.test({
    name: `openBaseline() keeps no state where the folder ${what}`,
    ignore: !isRoot,
    fn() {
      using state = harmed(() => {});
      change(state.path);
      const { baseline, unkept } = run(state.path, figures, { time: START });
      assert.equal(baseline.state, "off");
      assert.match(baseline.detail, reason);
      assert.match(unkept.join(), reason);
    },
  });
}

Deno.test("two at once: each of two writers keeps its snapshot", () => {
  using state = stateDir();
  using one = openBaseline(state.path, { now: () => START });
  using other = openBaseline(state.path, { now: () => START + 1 });
  assert.deepEqual(one.keep(snapshotOf(figures, { time: START }), {}), []);
  assert.deepEqual(other.keep(snapshotOf(figures, { time: START + 1 }), {}), []);
  assert.equal(one.compare({ boot_id: "", figures }).baseline.snapshots, 2);
});

Deno.test("a writer that never ends: the other one says that it kept nothing, and the store stays", () => {
  using state = harmed(() => {});
  using db = new DatabaseSync(`${state.path}/baseline.db`);
  db.exec("BEGIN IMMEDIATE");
  const { baseline, unkept } = run(state.path, figures, { time: START + 1000 * MINUTE_MS });
  assert.equal(baseline.state, "warming_up");
  assert.match(unkept.join(), /^No state was kept: .*database is locked/);
  db.exec("ROLLBACK");
  assert.deepEqual(run(state.path, figures, { time: START + 1001 * MINUTE_MS }).unkept, []);
});

Deno.test("a clock that goes back: it is said, nothing is lost, and later times are not compared with", () => {
  using state = harmed(() => {});
  const back = run(state.path, figures, { time: START - 24 * 60 * MINUTE_MS });
  assert.match(
    back.notes.join(),
    /^The clock went back: the snapshot before this one bears a later time \(2026-01-05 09:40Z\)/,
  );
  assert.deepEqual(back.unkept, []);
  const again = run(state.path, figures, { time: START + 1000 * MINUTE_MS });
  assert.deepEqual(again.notes, []);
  assert.equal(again.baseline.snapshots, SNAPSHOTS + 1);
});

Deno.test("a clock that is years ahead for a while costs only a little of the past", () => {
  using state = harmed(() => {});
  for (let i = 0; i < 3; i++) run(state.path, figures, { time: START + (10 * 365 * 24 * 60 + i) * MINUTE_MS });
  const { snapshots } = run(state.path, figures, { time: START + 1000 * MINUTE_MS }).baseline;
  assert.ok(snapshots >= 3, `${snapshots} are left`);
});

function overwrite(file: string, at: number, bytes: Uint8Array): void {
  using open = Deno.openSync(file, { write: true });
  open.seekSync(at, Deno.SeekMode.Start);
  open.writeSync(bytes);
}
