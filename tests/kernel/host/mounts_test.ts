import assert from "node:assert/strict";
import { filesystemOf } from "../../../src/kernel/host/filesystems.ts";
import { mayHang, parseMountinfo, storageMounts, withRoot } from "../../../src/kernel/host/mounts.ts";

const WRITABLE = { read_only: false, options: "rw", super_options: "rw" };

const sample = (name: string) =>
  parseMountinfo(Deno.readTextFileSync(new URL(`../../data/proc/${name}`, import.meta.url)));

Deno.test("parseMountinfo() undoes octal escapes and skips any number of optional fields", () => {
  const mounts = sample("mountinfo_server");
  assert.equal(mounts.length, 17);
  const [backups, share] = [mounts[9], mounts[11]];
  assert.deepEqual(backups, {
    device: "259:2",
    root: "/",
    mount_point: "/var/lib/backups of db",
    type: "xfs",
    source: "/dev/nvme0n1p2",
    read_only: false,
    options: "rw,relatime",
    super_options: backups!.super_options,
  });
  assert.match(backups!.super_options, /^rw,/);
  assert.equal(share?.mount_point, "/mnt/share\twith\\tab");
  assert.equal(mounts.at(-1)?.type, "btrfs");
});

Deno.test("parseMountinfo() leaves out lines that it cannot read", () => {
  assert.deepEqual(parseMountinfo("\nnonsense\n1 2 3:4 /\n"), []);
});

Deno.test("storageMounts() keeps each real file system once and what the top mount shows", () => {
  assert.deepEqual(
    storageMounts(sample("mountinfo_server")).map(({ mount_point, type }) => `${type} ${mount_point}`).sort(),
    [
      "btrfs /data", // it covers the ext4 that was mounted there before
      "ext4 /", // and not again at its bind mount /var/www
      "fuse.sshfs /home/jo/remote",
      "nfs4 /mnt/share\twith\\tab",
      "tmpfs /run",
      "xfs /var/lib/backups of db",
    ],
  );
});

Deno.test("storageMounts() of a container keeps its root, its tmpfs and the host's file system behind bind mounts", () => {
  assert.deepEqual(
    storageMounts(sample("mountinfo_docker")).map(({ mount_point }) => mount_point).sort(),
    ["/", "/dev", "/dev/shm", "/etc/hostname"],
  );
});

Deno.test("storageMounts() of a virtual machine without initramfs", () => {
  assert.deepEqual(
    storageMounts(sample("mountinfo_vm")).map(({ mount_point }) => mount_point).sort(),
    ["/", "/dev/shm"],
  );
});

Deno.test("mayHang() is about servers and user programs, not about disks", () => {
  const of = (type: string): boolean => mayHang({ type });
  for (const type of ["nfs", "nfs4", "cifs", "fuse.sshfs", "fuse", "ceph", "9p"]) assert.equal(of(type), true, type);
  for (const type of ["ext4", "xfs", "btrfs", "tmpfs", "zfs", "overlay"]) assert.equal(of(type), false, type);
});

Deno.test("filesystemOf() counts like df: blocks reserved for root are neither used nor available", () => {
  const mount = {
    device: "8:1",
    root: "/",
    mount_point: "/",
    type: "ext4",
    source: "/dev/sda1",
    ...WRITABLE,
    read_only: true,
  };
  const figures = {
    block_bytes: 4096,
    blocks: 1000,
    blocks_free: 400,
    blocks_available: 200,
    inodes: 10,
    inodes_free: 1,
  };
  assert.deepEqual(filesystemOf(mount, figures), {
    mount_point: "/",
    type: "ext4",
    size_bytes: 4096000,
    available_bytes: 819200,
    used_percent: 75,
    inodes_used_percent: 90,
    read_only: true,
  });
  assert.equal(filesystemOf(mount, { ...figures, inodes: 0, inodes_free: 0 }).inodes_used_percent, 0); // btrfs
});

Deno.test("withRoot() adds the root where it is no mount, as in a chroot, and nowhere else", () => {
  const server = sample("mountinfo_server");
  assert.equal(withRoot(server), server);
  const inside = server.filter(({ mount_point }) => mount_point !== "/");
  assert.deepEqual(withRoot(inside).map(({ mount_point }) => mount_point), [
    "/",
    ...inside.map(({ mount_point }) => mount_point),
  ]);
});
