/** What is inside of ktriage, and under which licences: gathered by the build (scripts/components.ts). */
import * as z from "zod";

const hash = z.object({
  algorithm: z.enum(["SHA-256", "SHA-512"]),
  content: z.string().regex(/^[0-9a-f]+$/),
  of: z.string().describe("the file that it is the hash of"),
  what: z.enum(["itself", "source", "file"]).describe(
    "the component as it was taken, its source, or what was built of it",
  ),
});

const component = z.object({
  name: z.string(),
  version: z.string(),
  kind: z.enum(["application", "library", "platform"]),
  part_of: z.string().optional().describe("the component that it is linked into; absent: ktriage"),
  license: z.string().describe("an SPDX expression, as its authors offer it"),
  chosen: z.string().optional().describe("the licence that ktriage takes where there is a choice"),
  purl: z.string().describe("package URL"),
  source: z.string().optional().describe("where its source is"),
  hashes: z.array(hash),
  note: z.string().optional(),
  texts: z.array(z.string()).min(1).describe("names of its licences' texts"),
});

export const licenses = z.object({
  schema: z.literal("ktriage.licenses/1"),
  components: z.array(component).min(1),
  texts: z.record(z.string(), z.string().min(1)).describe("licences and notices by name"),
});

export type Component = z.infer<typeof component>;
export type Licenses = z.infer<typeof licenses>;
