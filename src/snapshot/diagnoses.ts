/** Where diagnoses that snapshots started are kept. */
import type { HealthFinding } from "../protocol/snapshot.ts";

const FOLDER = "diagnoses";
/** A diagnosis an hour for two days; older ones go. */
const KEPT = 48;
const FOLDER_MODE = 0o700;
const NAME = /^\d{4}-\d{2}-\d{2}T\d{2}-\d{2}-\d{2}Z_[a-z0-9._-]+$/;

/**
 * A place for one more diagnosis; the oldest beyond {@link KEPT} are removed.
 *
 * @returns a folder that is not there yet
 * @throws {Error} the folder above it can be neither made nor read
 */
export function placeForDiagnosis(state_dir: string, { id }: HealthFinding, now = new Date()): string {
  const folder = `${state_dir}/${FOLDER}`;
  Deno.mkdirSync(folder, { recursive: true, mode: FOLDER_MODE });
  const kept = [...Deno.readDirSync(folder)].filter(({ name, isDirectory }) => isDirectory && NAME.test(name))
    .map(({ name }) => name).sort();
  for (const name of kept.slice(0, Math.max(0, kept.length - KEPT + 1))) {
    Deno.removeSync(`${folder}/${name}`, { recursive: true });
  }
  const time = now.toISOString().slice(0, 19).replaceAll(":", "-");
  return `${folder}/${time}Z_${id.toLowerCase().replace(/[^a-z0-9._-]/g, "_")}`;
}
