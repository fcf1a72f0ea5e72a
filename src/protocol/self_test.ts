/** What `ktriage self-test` prints: what was done on this host, and what came of it. */
import * as z from "zod";

export const selfTestItem = z.object({
  id: z.string().describe("stable name, for example kprobe or sandbox_landlock"),
  outcome: z.enum(["ok", "absent", "failed", "untried"]).describe(
    "absent: this host does not have it, which is no failure; failed: it should work here and does not; untried: what " +
      "it stands on has failed, or the test was interrupted",
  ),
  attached_as: z.string().optional().describe("how it is done here: the event, or the layers of the sandbox"),
  detail: z.string().describe("what was seen, or why not"),
  fix: z.string().optional().describe("what to do about it"),
  duration_ms: z.int(),
});

export const selfTest = z.object({
  schema: z.literal("ktriage.self_test/1"),
  works: z.boolean().describe("false when anything failed or could not be tried; what is absent does not count"),
  hostname: z.string(),
  kernel: z.string().describe("uname -r"),
  architecture: z.string(),
  items: z.array(selfTestItem),
  duration_ms: z.int(),
}).describe("every way to trace and to confine, tried on this host: `ktriage self-test --json`");

export type SelfTestItem = z.infer<typeof selfTestItem>;
export type SelfTest = z.infer<typeof selfTest>;
