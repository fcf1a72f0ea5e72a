import assert from "node:assert/strict";
import { type CheckedResolution, checkEvidence } from "../../../src/agent/evidence/mod.ts";
import { type Host, resolutionReply, type Turn } from "../../../src/protocol/mod.ts";
import { hostWith } from "../../models/expert_turns.ts";
import { sceneTurn } from "./scene.ts";

const STORAGE = { type: "ext4", size_bytes: 1e11, available_bytes: 5e10, used_percent: 50, inodes_used_percent: 3 };
const filesystems = [
  { ...STORAGE, mount_point: "/", read_only: false },
  { ...STORAGE, mount_point: "/data", read_only: false },
  { ...STORAGE, mount_point: "/mnt/image", read_only: true },
];
const UPTIME_S = 100_000;
const HOST = hostWith({ uptime_s: UPTIME_S, cpus: 4, load_1m: 9, load_5m: 8, filesystems });

interface Shown {
  readonly turns?: readonly Turn[];
  readonly host?: Host;
  readonly issue?: string;
}

const DEFAULT = sceneTurn([{ id: "up", command: "cat /proc/uptime", stdout: "100000.00 1.00\n" }]);

function check(root_cause: string, { turns = [DEFAULT], host = HOST, issue = "it is slow" }: Shown): CheckedResolution {
  const reply = resolutionReply.parse({
    response_type: "resolution",
    root_cause,
    resolution_plan: "none",
    confidence: "Medium",
    findings: [{ claim: "the command printed 100000.00", evidence: ["up"] }],
  });
  return checkEvidence(reply, [DEFAULT, ...turns], { host, issue });
}

function df(rows: string, id = "df"): Turn {
  const head = "Filesystem     1K-blocks      Used Available Use% Mounted on\n";
  return sceneTurn([{ id, command: "df", stdout: `${head}${rows}\n` }]);
}

function dmesg(at_s: number): Turn {
  const stdout = `[${at_s}.123456] Out of memory: Killed process 812 (shop) total-vm:81200kB\n`;
  return sceneTurn([{ id: "log", command: "dmesg", stdout }]);
}

function oomKills(count: number): Turn {
  const events = Array.from({ length: count }, () => ({ process_name: "shop", process_id: 812, data: { pid: 812 } }));
  return sceneTurn([], [{ name: "ooms", target: "oom/mark_victim", summary: `${count} × oom:mark_victim`, events }]);
}

function connects(...errors: readonly (string | undefined)[]): Turn {
  const events = errors.map((error) => ({
    process_name: "shop",
    process_id: 812,
    data: { addr: "10.0.0.5", port: 5432, ...(error === undefined ? { ret: 0 } : { ret: -111, error }) },
  }));
  return sceneTurn([], [{ name: "connects", target: "syscalls/sys_enter_connect", summary: "connects", events }]);
}

const REFUSED = connects("ECONNREFUSED", "ECONNREFUSED", "ECONNREFUSED");
const FULL = df("/dev/sdb1 98000000 98000000 0 100% /data");
const ASKED = "the shop cannot reach port 5432 on 10.0.0.5";

const CONTRADICTED: Readonly<Record<string, readonly [says: RegExp, shown: Shown]>> = {
  "a full file system": [/^df shows no space left on \/data$/, { turns: [FULL] }],
  "a file system that the figures show full": [/figures shows? no space left on \/$/, {
    host: hostWith({ filesystems: [{ ...filesystems[0]!, available_bytes: 0, used_percent: 100 }] }),
  }],
  "an OOM kill that was traced": [/^ooms_1700000000 shows that the kernel killed/, { turns: [oomKills(1)] }],
  "an OOM kill in the kernel's log": [/^log shows that the kernel killed/, { turns: [dmesg(UPTIME_S - 600)] }],
  "a load far above the CPUs": [/a load of 40 and 35 on 4 CPUs/, {
    host: hostWith({ cpus: 4, load_1m: 40, load_5m: 35 }),
  }],
  "refused connects to what was asked about": [/shows 3 connects to .*5432, and all failed/, {
    turns: [REFUSED],
    issue: ASKED,
  }],
};

for (const [what, [says, shown]] of Object.entries(CONTRADICTED)) {
  Deno.test(`checkEvidence() holds ${what} against an answer that calls the host healthy`, () => {
    for (const root_cause of ["The host is healthy.", "No problem was found on this host; nothing to do."]) {
      const { resolution, evidence_check, complaint } = check(root_cause, shown);
      assert.equal(resolution.confidence, "Low");
      assert.equal(evidence_check.given_confidence, "Medium");
      const claim = evidence_check.claims?.at(-1);
      assert.deepEqual([claim?.part, claim?.status], ["root_cause", "contradicted"]);
      assert.match(claim?.why ?? "", says);
      assert.match(evidence_check.notes.join("\n"), /^Speaks against "/m);
      assert.match(complaint ?? "", /is contradicted: /);
    }
  });
}

const LET_BE: Readonly<Record<string, Shown>> = {
  "nothing unusual": {},
  "a load that its CPUs work off": { host: hostWith({ cpus: 4, load_1m: 31, load_5m: 30 }) },
  "a peak of load": { host: hostWith({ cpus: 4, load_1m: 40, load_5m: 6 }) },
  "a load that has gone since": {
    host: hostWith({ cpus: 4, load_1m: 40, load_5m: 40 }),
    turns: [sceneTurn([{ id: "load", command: "cat /proc/loadavg", stdout: "3.10 4.05 20.20 1/90 4242\n" }])],
  },
  "the load of a machine that a container sees": {
    host: { ...hostWith({ cpus: 1, load_1m: 40, load_5m: 40 }), container: "docker" },
  },
  "a large file system that df rounds up": { turns: [df("/dev/sdb1 4000000000 3970000000 30000000 100% /data")] },
  "images, full by nature": {
    turns: [df("/dev/loop3 64000 64000 0 100% /snap/core/1\n/dev/sdc1 64000 64000 0 100% /mnt/image")],
  },
  "a file system that was cleaned up meanwhile": {
    turns: [FULL, df("/dev/sdb1 98000000 48000000 50000000 50% /data", "df_2")],
  },
  "an OOM kill of long ago": { turns: [dmesg(UPTIME_S - 7200)] },
  "no OOM kill while it was watched": { turns: [oomKills(0)] },
  "connects that fail where nobody asked": { turns: [REFUSED], issue: "the disk is slow" },
  "a connect that was tried again": {
    turns: [connects("ECONNREFUSED", "ECONNREFUSED", "ECONNREFUSED", undefined)],
    issue: ASKED,
  },
};

for (const [what, shown] of Object.entries(LET_BE)) {
  Deno.test(`checkEvidence() lets a host be called healthy with ${what}`, () => {
    const { resolution, evidence_check } = check("The host is healthy.", shown);
    assert.equal(resolution.confidence, "Medium");
    assert.deepEqual(evidence_check.notes, []);
  });
}

Deno.test("checkEvidence() holds nothing against an answer whose cause lies elsewhere", () => {
  for (
    const root_cause of [
      "The host is healthy. Its database on 10.0.0.5 is down.",
      "Nothing listens on port 5432 of 10.0.0.5; nothing is wrong on this host.",
      "The shop cannot reach its database. The host is healthy.",
    ]
  ) {
    const { evidence_check } = check(root_cause, { turns: [REFUSED], issue: ASKED });
    assert.doesNotMatch(evidence_check.notes.join(), /all failed/, root_cause);
  }
});

Deno.test("checkEvidence() holds nothing against an answer that speaks of it, or of a part of the host only", () => {
  for (
    const root_cause of [
      "The host is healthy. /data is full, which its owner wants.",
      "The host is healthy, but /data is full.",
      "The file system is healthy.",
      "No problem was found in the logs of the shop.",
      "Insufficient evidence: the fault did not come.",
    ]
  ) {
    const { evidence_check: { claims = [] } } = check(root_cause, { turns: [FULL] });
    assert.deepEqual(claims.filter(({ status }) => status === "contradicted"), [], root_cause);
  }
  const { evidence_check } = check("The host is healthy. /data is not full.", { turns: [FULL] });
  assert.match(evidence_check.notes.join(), /no space left on \/data/, "what is denied is not admitted");
});
