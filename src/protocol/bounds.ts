/** What ktriage takes of its host at most. */
import * as z from "zod";

export const ownBounds = z.object({
  nice: z.number().int().describe("CPU priority; 0 is that of other processes, more is less"),
  io_priority: z.string().describe("class and level of its I/O priority"),
  oom_score_adj: z.number().int().describe("1000: the kernel ends it first when memory runs out"),
  heap_bytes: z.number().int().optional().describe("bound of its own memory for data; absent: none was set"),
  computing_threads: z.number().int().describe("threads that can compute; the others only wait for the kernel"),
});

export type OwnBounds = z.infer<typeof ownBounds>;
