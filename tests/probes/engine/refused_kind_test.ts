import assert from "node:assert/strict";
import { BpfError } from "../../../src/ffi/libbpf.ts";
import { SystemError } from "../../../src/ffi/libc.ts";
import { refusedKind } from "../../../src/probes/engine/refused_kind.ts";

const EPERM = 1, ENOENT = 2, ESRCH = 3, EACCES = 13, ENODEV = 19, EINVAL = 22, EOPNOTSUPP = 95, ENOTSUPP = 524;

const refused = (kind: Parameters<typeof refusedKind>[0], operation: string, errno: number): string | undefined =>
  refusedKind(kind, new BpfError(operation, errno, ""));

Deno.test("refusedKind() says what the kernel as such lacks or refuses", () => {
  assert.equal(refused("kretprobe", "open the kprobe PMU", ENODEV), "this kernel has no kprobes");
  assert.equal(refused("fentry", "load function", EPERM), "this kernel refuses fentry");
  assert.equal(refused("fexit", "attach fexit_returned", ENOTSUPP), "this kernel has no fexit");
  const no_btf = new BpfError("find f in BTF", ESRCH, "libbpf: kernel BTF is missing at '/sys/kernel/btf/vmlinux'");
  assert.equal(refusedKind("fentry", no_btf), "this kernel has no BTF, which fentry needs");
  assert.equal(refused("kprobe_multi", "attach probe_hit", EINVAL), "this kernel has no kprobe.multi");
  assert.equal(refused("kprobe_session", "attach probe_hit", EOPNOTSUPP), "this kernel has no kprobe.multi");
  assert.equal(
    refusedKind("uprobe", new SystemError("perf_event_open", EACCES)),
    "this kernel refuses uprobes",
  );
});

Deno.test("refusedKind() leaves it to the next function where only this one was refused", () => {
  assert.equal(refused("kprobe", "perf_event_open", ENOENT), undefined);
  assert.equal(refused("kprobe", "perf_event_open", EINVAL), undefined);
  assert.equal(refused("fentry", "find f in BTF", ENOENT), undefined);
  assert.equal(refused("fentry", "find f in BTF", ESRCH), undefined);
  assert.equal(refused("fentry", "load function", EINVAL), undefined);
  assert.equal(refused("kprobe", "load function", EACCES), undefined); // the verifier's word on a program
  assert.equal(refused("kprobe", "perf_event_open", ESRCH), undefined);
  assert.equal(refusedKind("kprobe", new RangeError("too many reads")), undefined);
});
