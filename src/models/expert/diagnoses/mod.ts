/** All kinds of fault that the expert knows. */
import type { Candidate } from "../candidate.ts";
import type { Evidence } from "../evidence.ts";
import { cpuHog } from "./cpu_hog.ts";
import { diskFull } from "./disk_full.ts";
import { fileAccess } from "./file_access.ts";
import { killed } from "./killed.ts";
import { memoryShort } from "./memory_short.ts";
import { nameResolution } from "./name_resolution.ts";
import { refused } from "./refused.ts";
import { unanswered } from "./unanswered.ts";

const DIAGNOSES = [refused, unanswered, nameResolution, fileAccess, diskFull, killed, cpuHog, memoryShort];

/** Everything that any diagnosis proposes. */
export function diagnose(evidence: Evidence): readonly Candidate[] {
  return DIAGNOSES.flatMap((look) => look(evidence));
}
