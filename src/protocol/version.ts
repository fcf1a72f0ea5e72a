/** What `ktriage --version --json` prints: how this ktriage was made. */
import * as z from "zod";

export const version = z.object({
  schema: z.literal("ktriage.version/1"),
  version: z.string(),
  flavour: z.enum(["tree", "offline", "compile"]).describe(
    "tree: scripts/ktriage; the others are one file, made by scripts/compile",
  ),
  target: z.string().describe("the processor's architecture"),
  commit: z.string().describe("ends in -changed when the tree was not that commit; unknown outside of git"),
  deno: z.string(),
  libbpf: z.string(),
  clang: z.string(),
  bpf_objects: z.record(z.string(), z.string()).describe("SHA-256 of each object, of the bytes that would be loaded"),
});

export type VersionDocument = z.infer<typeof version>;
