import { exists } from "../../src/kernel/exists.ts";

/**
 * The start of a command line whose rest runs with mounts of its own: what it mounts, nobody else sees.
 *
 * In a chroot the root is no mount, and its propagation cannot be set; there it must be private already.
 */
export const PRIVATE_MOUNTS: readonly string[] = [
  "unshare",
  "--mount",
  "--propagation",
  "unchanged",
  "sh",
  "-c",
  'mount --make-rprivate / 2>/dev/null || ! grep -q " shared:" /proc/self/mountinfo || exit 1; exec "$@"',
  "sh",
];

const TRACEFS = "/sys/kernel/tracing";

/** The same, with tracefs mounted where the host has not done so: users without CAP_SYS_ADMIN cannot do it themselves. */
export const WITH_TRACEFS: readonly string[] = exists(`${TRACEFS}/events`)
  ? []
  : [...PRIVATE_MOUNTS, "sh", "-c", `mount -t tracefs nodev ${TRACEFS} && exec "$@"`, "sh"];
