/** Landlock: this process and what it starts may write beneath a few paths only, whatever its user id. */
import type { SystemCalls } from "../../ffi/confine.ts";
import { exists } from "../../kernel/exists.ts";

const CREATE_RULESET_VERSION = 1;
const RULE_PATH_BENEATH = 1;
const O_PATH = 0o10000000, O_CLOEXEC = 0o2000000, AT_FDCWD = -100;

/** include/uapi/linux/landlock.h: WRITE_FILE, REMOVE_DIR … MAKE_SYM of ABI 1, REFER of 2, TRUNCATE of 3. */
const WRITE_FILE = 1n << 1n, TRUNCATE = 1n << 14n;
const DIRECTORY_CHANGES = 0b1_1111_1111n << 4n, REFER = 1n << 13n;
const EVERY_WRITE = WRITE_FILE | DIRECTORY_CHANGES | REFER | TRUNCATE;
const SCOPE_ABSTRACT_UNIX_SOCKET = 1n, SCOPE_SIGNAL = 2n;

/** Before ABI 3 (Linux 6.2) it does not see that a file is cut off: the filter denies what does that without writing. */
export const TRUNCATE_ABI = 3;
/** Before ABI 2 a file never changes its directory. */
const REFER_ABI = 2;
/** Since ABI 6 (Linux 6.12) it can keep signals and abstract sockets within the domain. */
export const SCOPING_ABI = 6;

/** 0 where the kernel does not have Landlock, or was booted without it. */
export function landlockAbi(system: SystemCalls): number {
  return Math.max(0, system.attempt("landlock_create_ruleset", 0, 0, CREATE_RULESET_VERSION));
}

export interface LandlockOptions {
  readonly abi: number;
  /** A directory in which everything may be done. */
  readonly directory: string;
  /** Files that may be written, where they are there. */
  readonly files: readonly string[];
  readonly keeps_abstract_sockets: boolean;
}

/**
 * Confines this thread, and what it will execute, for good.
 *
 * @throws {SystemError} the kernel refused a step
 */
export function confineWrites(system: SystemCalls, options: LandlockOptions): void {
  const { abi, directory, files, keeps_abstract_sockets } = options;
  const scopes = SCOPE_SIGNAL | (keeps_abstract_sockets ? SCOPE_ABSTRACT_UNIX_SOCKET : 0n);
  const handled = handledBy(abi);
  const attributes = new BigUint64Array([handled, 0n, abi >= SCOPING_ABI ? scopes : 0n]);
  const bytes = new Uint8Array(attributes.buffer);
  // older kernels want the fields that they know; a longer structure is fine while the rest is zero
  const ruleset = system.call("landlock_create_ruleset", bytes, bytes.length, 0);
  allow(system, { ruleset, path: directory, access: handled });
  for (const path of files.filter(exists)) allow(system, { ruleset, path, access: (WRITE_FILE | TRUNCATE) & handled });
  system.call("landlock_restrict_self", ruleset, 0);
  system.call("close", ruleset);
}

function handledBy(abi: number): bigint {
  return EVERY_WRITE & ~(abi < REFER_ABI ? REFER : 0n) & ~(abi < TRUNCATE_ABI ? TRUNCATE : 0n);
}

function allow(
  system: SystemCalls,
  rule: { readonly ruleset: number; readonly path: string; readonly access: bigint },
): void {
  const path = new TextEncoder().encode(`${rule.path}\0`);
  const fd = system.call("openat", AT_FDCWD, path, O_PATH | O_CLOEXEC);
  // struct landlock_path_beneath_attr is packed: __u64 allowed_access, __s32 parent_fd
  const view = new DataView(new ArrayBuffer(12));
  view.setBigUint64(0, rule.access, true);
  view.setInt32(8, fd, true);
  system.call("landlock_add_rule", rule.ruleset, RULE_PATH_BENEATH, new Uint8Array(view.buffer), 0);
  system.call("close", fd);
}
