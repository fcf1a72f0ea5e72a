import assert from "node:assert/strict";
import {
  type ContainerFacts,
  containerKind,
  isInside,
  kernelDevice,
  namespacePids,
} from "../../../src/kernel/host/container.ts";

const INITIAL = {
  pid: "pid:[4026531836]",
  ipc: "ipc:[4026531839]",
  uts: "uts:[4026531838]",
  cgroup: "cgroup:[4026531835]",
};
const OWN_PIDS = { ...INITIAL, pid: "pid:[4026532201]", ipc: "ipc:[4026532200]" };
const NO_MARK: ContainerFacts = {
  namespaces: OWN_PIDS,
  has_dockerenv: false,
  has_containerenv: false,
  has_kubernetes: false,
  cgroup: "0::/\n",
};

Deno.test("containerKind() is undefined on a host, also on a virtual machine made from a container image", () => {
  assert.equal(containerKind({ ...NO_MARK, namespaces: INITIAL }), undefined);
  assert.equal(containerKind({ ...NO_MARK, namespaces: INITIAL, has_dockerenv: true }), undefined);
  assert.equal(containerKind({ ...NO_MARK, namespaces: {} }), undefined);
});

Deno.test("containerKind() names the manager by its mark", () => {
  const kinds: [Partial<ContainerFacts>, string][] = [
    [{ has_dockerenv: true }, "docker"],
    [{ cgroup: "4:memory:/docker/0f3c\n" }, "docker"],
    [{ cgroup: "0::/system.slice/docker-0f3c.scope\n" }, "docker"],
    [{ has_containerenv: true }, "podman"],
    [{ cgroup: "0::/machine.slice/libpod-77.scope\n" }, "podman"],
    [{ environment: "lxc" }, "lxc"],
    [{ cgroup: "0::/lxc.payload.web\n" }, "lxc"],
    [{ run_systemd_container: "systemd-nspawn\n" }, "systemd-nspawn"],
    [{ has_kubernetes: true, has_dockerenv: true }, "kubernetes"],
    [{ cgroup: "11:cpu:/kubepods/burstable/pod1/2\n" }, "kubernetes"],
  ];
  for (const [facts, kind] of kinds) assert.equal(containerKind({ ...NO_MARK, ...facts }), kind, kind);
});

Deno.test("containerKind() says unknown for a pid namespace that nobody marked", () => {
  assert.equal(containerKind(NO_MARK), "unknown");
});

Deno.test("a container with the host's process ids is still a container, but not isInside()", () => {
  const namespaces = { ...OWN_PIDS, pid: INITIAL.pid };
  assert.equal(containerKind({ ...NO_MARK, namespaces, has_dockerenv: true }), "docker");
  assert.equal(isInside({ ...NO_MARK, namespaces }), false);
  assert.equal(isInside(NO_MARK), true);
  // a systemd service with PrivateIPC is no container
  assert.equal(containerKind({ ...NO_MARK, namespaces }), undefined);
});

Deno.test("namespacePids() lists the ids from the namespace of /proc inwards", () => {
  const status = (line: string): string => `Name:\tsh\nNgid:\t0\n${line}NSpgid:\t4711\t1\n`;
  assert.deepEqual(namespacePids(status("NSpid:\t4711\n")), [4711]);
  assert.deepEqual(namespacePids(status("NSpid:\t4711\t12\t1\n")), [4711, 12, 1]);
  assert.deepEqual(namespacePids(status("")), []); // Linux before 4.1
});

Deno.test("kernelDevice() puts the minor number together that stat(2) hands out in two parts", () => {
  assert.equal(kernelDevice(4n), 4n); // nsfs is 0:4
  assert.equal(kernelDevice(0x1000_0002n), 0x10002n); // 0:65538
  assert.equal(kernelDevice(0x801n), (8n << 20n) | 1n); // 8:1
  assert.equal(kernelDevice(0x10_3305n), (0x33n << 20n) | 0x105n); // 51:261
});
