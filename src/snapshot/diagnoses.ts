/** Diagnoses that snapshots start: when one may, and where they are kept. */
import { writeReplacing } from "../kernel/write_whole.ts";
import type { HealthFinding } from "../protocol/snapshot.ts";
import { type Hold, type Holder, memoryFolder, takeLock } from "./lock.ts";

const FOLDER = "diagnoses";
/** A diagnosis an hour for two days; older ones go. */
const KEPT = 48;
/** Of what a finding is about: a path may be long. */
const MAX_NAME = 150;
const FOLDER_MODE = 0o700, FILE_MODE = 0o600;
const NAME = /^\d{4}-\d{2}-\d{2}T\d{2}-\d{2}-\d{2}Z_[a-z0-9._-]+$/;
/** Where no state can be kept, since the disk is full: what was diagnosed in the last hour. */
const IN_MEMORY = "diagnosed.json";

/** Whether a diagnosis may start. */
export type Turn =
  | { readonly is: "ours"; readonly finding: HealthFinding; readonly hold: Hold | undefined }
  /** Another one is under way. Nothing counts as diagnosed: the next snapshot asks again. */
  | { readonly is: "busy"; readonly holder: Holder | undefined }
  /** Each of the findings was diagnosed in the last hour, or nobody could tell when. */
  | { readonly is: "none" };

/**
 * The turn of the first finding that had no diagnosis in the last hour. It counts as diagnosed from now on, whatever comes
 * out; the next snapshot takes the turn of the next one.
 */
export async function takeTurn(findings: readonly HealthFinding[], state_dir: string): Promise<Turn> {
  if (findings.length === 0) return { is: "none" };
  const lock = takeLock("diagnosis", state_dir);
  if (lock.is === "busy") return lock;
  const hold = lock.is === "held" ? lock.hold : undefined;
  const finding = await claimed(findings, state_dir);
  if (finding !== undefined) return { is: "ours", finding, hold };
  hold?.[Symbol.dispose]();
  return { is: "none" };
}

async function claimed(findings: readonly HealthFinding[], state_dir: string): Promise<HealthFinding | undefined> {
  const { openBaseline, DIAGNOSED_MS } = await import("./baseline/mod.ts");
  const memory = new ClaimsInMemory(DIAGNOSED_MS);
  using baseline = openBaseline(state_dir, { now: Date.now });
  for (const finding of findings.filter((each) => !memory.has(each))) {
    const [yes] = baseline.claimDiagnosis([finding]) ?? memory.claim(finding);
    if (yes !== undefined) return yes;
  }
  return undefined;
}

/** What stands in for the state until the next boot. A full disk is what most often is to be diagnosed. */
class ClaimsInMemory {
  readonly #claims: ReadonlyMap<string, number>;

  /** @param lasts_ms how long a claim holds; a clock that went back ends it */
  constructor(lasts_ms: number) {
    const now = Date.now();
    this.#claims = new Map(
      claimsIn(`${memoryFolder()}/${IN_MEMORY}`).filter(([, time]) => time <= now && now - time < lasts_ms),
    );
  }

  has(finding: HealthFinding): boolean {
    return this.#claims.has(keyOf(finding));
  }

  /** @returns the finding; nothing where this cannot be kept either, for then it would be diagnosed by every snapshot */
  claim(finding: HealthFinding): readonly HealthFinding[] {
    const folder = memoryFolder();
    if (folder === undefined) return [];
    try {
      Deno.mkdirSync(folder, { recursive: true, mode: FOLDER_MODE });
      const claims = [...this.#claims, [keyOf(finding), Date.now()]];
      writeReplacing(`${folder}/${IN_MEMORY}`, JSON.stringify(claims), { mode: FILE_MODE });
      return [finding];
    } catch {
      return [];
    }
  }
}

function claimsIn(path: string): readonly [string, number][] {
  try {
    const kept: unknown = JSON.parse(Deno.readTextFileSync(path));
    return Array.isArray(kept) ? kept.filter(isClaim) : [];
  } catch {
    return [];
  }
}

function isClaim(kept: unknown): kept is [string, number] {
  return Array.isArray(kept) && typeof kept[0] === "string" && typeof kept[1] === "number";
}

function keyOf({ id, of }: HealthFinding): string {
  return `${id} ${of ?? ""}`;
}

/**
 * A place for one more diagnosis; the oldest beyond {@link KEPT} are removed.
 *
 * @returns a folder that is not there yet
 * @throws {Error} the folder above it can be neither made nor read
 */
export function placeForDiagnosis(state_dir: string, finding: HealthFinding, now = new Date()): string {
  const folder = `${state_dir}/${FOLDER}`;
  Deno.mkdirSync(folder, { recursive: true, mode: FOLDER_MODE });
  const kept = recordsIn(folder);
  for (const name of kept.slice(0, Math.max(0, kept.length - KEPT + 1))) {
    Deno.removeSync(`${folder}/${name}`, { recursive: true });
  }
  const time = now.toISOString().slice(0, 19).replaceAll(":", "-");
  return `${folder}/${time}Z_${nameOf(finding)}`;
}

/** Where the last diagnosis of a finding is kept. */
export function lastDiagnosis(state_dir: string, finding: HealthFinding): string | undefined {
  const folder = `${state_dir}/${FOLDER}`;
  try {
    const last = recordsIn(folder).findLast((name) => name.endsWith(`Z_${nameOf(finding)}`));
    return last === undefined ? undefined : `${folder}/${last}`;
  } catch {
    return undefined; // there was none yet
  }
}

function recordsIn(folder: string): readonly string[] {
  return [...Deno.readDirSync(folder)].filter(({ name, isDirectory }) => isDirectory && NAME.test(name))
    .map(({ name }) => name).sort();
}

function nameOf({ id, of }: HealthFinding): string {
  const words = of === undefined ? id : `${id}_${of}`;
  return words.toLowerCase().replace(/[^a-z0-9._-]/g, "_").slice(0, MAX_NAME);
}
