/** Where BPF programs find the file behind a descriptor: enum file_offsets of bpf/include/files.h, in its order. */
import { memberOffsets } from "./offsets.ts";
import type { ToolRun } from "./tool.ts";

const MEMBERS = [
  "task_struct.files",
  "files_struct.fdt",
  "fdtable.max_fds",
  "fdtable.fd",
  "file.private_data",
  "file.f_inode",
  "file.f_path.dentry",
  "file.f_path.mnt",
  "inode.i_mode",
] as const;

/** @throws {Unavailable} there is no BTF */
export function fileOffsets(run: ToolRun): Promise<number[]> {
  return memberOffsets(run, MEMBERS);
}

/** For programs that do without. */
export const NO_FILE_OFFSETS: readonly number[] = MEMBERS.map(() => 0);
