/** Mounted file systems: the text of `/proc/self/mountinfo`, and which of them can run full. */

/** One line of mountinfo (Documentation/filesystems/proc.rst, 3.5). */
export interface Mount {
  /** `major:minor` of the file system; bind mounts of one file system share it. */
  readonly device: string;
  /** What of the file system is mounted here: `/` is all of it. */
  readonly root: string;
  readonly mount_point: string;
  readonly type: string;
  readonly source: string;
  readonly read_only: boolean;
  /** Of this mount, comma-separated; and of the file system, which all of its mounts share. */
  readonly options: string;
  readonly super_options: string;
}

/** Interfaces of the kernel, and images that are full from birth: nobody runs out of space on them. */
const NOT_STORAGE = new Set(
  ("autofs binder binfmt_misc bpf cgroup cgroup2 configfs debugfs devpts devtmpfs efivarfs fuse.lxcfs fuse.portal " +
    "fuse.gvfsd-fuse fusectl hugetlbfs mqueue nfsd nsfs proc pstore ramfs resctrl rootfs rpc_pipefs securityfs selinuxfs " +
    "smackfs sysfs tracefs cramfs erofs iso9660 romfs squashfs udf").split(" "),
);

/** Served by another machine or by a program: the answer may never come. */
const MAY_HANG =
  /^(nfs4?|cifs|smb3|smbfs|ceph|afs|9p|lustre|beegfs|gpfs|glusterfs|ocfs2|gfs2|virtiofs|fuse(blk)?(\..*)?)$/;

/**
 * Mounts in the kernel's order: a later one covers an earlier one at the same place. Lines that do not parse are left out.
 *
 * Spaces, tabs, newlines and backslashes in paths are written as octal escapes.
 */
export function parseMountinfo(text: string): readonly Mount[] {
  return text.split("\n").flatMap((line) => {
    const [before = "", after = ""] = line.split(" - ", 2);
    const [, , device, root, mount_point, options = ""] = before.split(" ");
    const [type, source, super_options = ""] = after.split(" ");
    if (device === undefined || root === undefined || mount_point === undefined || type === undefined) return [];
    return [{
      device,
      root: unescapeOctal(root),
      mount_point: unescapeOctal(mount_point),
      type,
      source: unescapeOctal(source ?? ""),
      read_only: hasOption(options, "ro") || hasOption(super_options, "ro"),
      options,
      super_options,
    }];
  });
}

/**
 * The mounts whose free space matters, each file system once: where all of it is mounted if it is, else at the shortest
 * path. Overlays count only as `/` (layers of containers lie on a file system that is counted itself), and tmpfs only
 * when it can be written (read-only ones hide files).
 */
export function storageMounts(mounts: readonly Mount[]): readonly Mount[] {
  const visible = new Map(mounts.map((mount) => [mount.mount_point, mount]));
  const by_device = new Map<string, Mount>();
  for (const mount of visible.values()) {
    const known = by_device.get(mount.device);
    if (isStorage(mount) && (known === undefined || isBetter(mount, known))) by_device.set(mount.device, mount);
  }
  return [...by_device.values()];
}

/** In a chroot the root is no mount that this process can see, and the disk that it lies on would be missed. */
export function withRoot(mounts: readonly Mount[]): readonly Mount[] {
  if (mounts.some(({ mount_point }) => mount_point === "/")) return mounts;
  const place = { device: "?", root: "/", mount_point: "/", type: "unknown", source: "" };
  return [{ ...place, read_only: false, options: "", super_options: "" }, ...mounts];
}

/** Whether asking this file system for its figures may block for ever. */
export function mayHang({ type }: Pick<Mount, "type">): boolean {
  return MAY_HANG.test(type);
}

function isStorage({ type, mount_point, read_only }: Mount): boolean {
  if (NOT_STORAGE.has(type)) return false;
  if (type === "overlay") return mount_point === "/";
  // below /sys it only holds the mount points of cgroup v1
  return !(type === "tmpfs" && (read_only || mount_point.startsWith("/sys/")));
}

function isBetter(mount: Mount, known: Mount): boolean {
  if ((mount.root === "/") !== (known.root === "/")) return mount.root === "/";
  if (mount.read_only !== known.read_only) return !mount.read_only;
  return mount.mount_point.length < known.mount_point.length;
}

/** Whether a comma-separated list of options has this one. */
export function hasOption(options: string, option: string): boolean {
  return options.split(",").includes(option);
}

function unescapeOctal(text: string): string {
  return text.replace(/\\([0-7]{3})/g, (_all, digits: string) => String.fromCharCode(Number.parseInt(digits, 8)));
}
