/** Errors that the memory controllers counted (Documentation/driver-api/edac.rst). */
import type { HealthFinding } from "../../protocol/snapshot.ts";
import type { Collector, Remembered, Sources } from "../collector.ts";
import { numberOf } from "../readings/counters.ts";
import { rise, shown } from "../readings/figures.ts";
import { bootId } from "../readings/host.ts";
import { absent, quiet } from "../readings/reading.ts";

const FOLDER = "/sys/devices/system/edac/mc";

export const memoryErrors: Collector = {
  name: "memory_errors",
  start: (sources) => {
    const before = read(sources);
    return Promise.resolve(({ remembered }) => {
      const now = read(sources);
      if (now === undefined) {
        return Promise.resolve(absent("this host has no memory controller that counts errors (EDAC)"));
      }
      const past = pastOf(sources, remembered) ?? before;
      const corrected = rise(past?.corrected, now.corrected), uncorrected = rise(past?.uncorrected, now.uncorrected);
      return Promise.resolve({
        figures: [
          shown("memory.corrected_errors", now.corrected),
          shown("memory.uncorrected_errors", now.uncorrected),
        ],
        findings: findingsOf(corrected, uncorrected),
        remember: { boot_id: bootId(sources), ...now },
      });
    });
  },
};

interface Errors {
  readonly corrected: number;
  readonly uncorrected: number;
}

function read(sources: Sources): Errors | undefined {
  const controllers = sources.names(FOLDER).filter((name) => /^mc\d+$/.test(name));
  if (controllers.length === 0) return undefined;
  const sum = (file: string): number =>
    controllers.reduce((all, name) => all + (numberOf(quiet(sources, `${FOLDER}/${name}/${file}`)) ?? 0), 0);
  return { corrected: sum("ce_count"), uncorrected: sum("ue_count") };
}

function pastOf(sources: Sources, remembered: Remembered | undefined): Errors | undefined {
  if (remembered?.boot_id !== bootId(sources)) return undefined;
  const { corrected, uncorrected } = remembered;
  return typeof corrected === "number" && typeof uncorrected === "number" ? { corrected, uncorrected } : undefined;
}

function findingsOf(corrected: number, uncorrected: number): readonly HealthFinding[] {
  if (corrected === 0 && uncorrected === 0) return [];
  return [{
    id: "memory.errors",
    severity: uncorrected > 0 ? "critical" : "warning",
    title: uncorrected > 0
      ? `${uncorrected} errors of memory could not be corrected`
      : `${corrected} errors of memory were corrected since the last snapshot`,
    evidence: [`${FOLDER}: ce_count rose by ${corrected}, ue_count by ${uncorrected}`],
    meaning: "A memory module is failing: corrected errors come before those that kill programs or the host.",
    next: `grep -H . ${FOLDER}/mc*/ce_count ${FOLDER}/mc*/ue_count`,
  }];
}
