/** `--case`: what is known of a finding, as a file that is carried to who can find its cause. */
import { collectTurns } from "../case/collect.ts";
import { CaseError } from "../case/error.ts";
import { checkWritable, DEFAULT_MAX_BYTES } from "../case/file.ts";
import { holdFile } from "../case/hold.ts";
import { checkPrivatePlace, privatePathOf } from "../case/private.ts";
import { DEFAULT_MAX_ROUNDS } from "../agent/conversation.ts";
import { exists } from "../kernel/exists.ts";
import { readHost } from "../kernel/host/host.ts";
import type { HealthFinding } from "../protocol/snapshot.ts";
import { tellingCaseErrors } from "./case_file.ts";
import { type Places, refuseExisting, writeNewCase } from "./collect.ts";
import { firstEvidence, issueOf } from "./first_evidence.ts";
import { handsFrom } from "./hands.ts";
import { liveProgress } from "./live.ts";
import { type AlarmOptions, tellBehind } from "./snapshot_behind.ts";

const ELSEWHERE = "Name a file on a disk of this host with --case, and carry a copy of it.";

/**
 * The file that keeps a new case from being written: it may hold what nobody has elsewhere.
 *
 * @throws {CliError} a case could not be written there at all
 */
export async function caseInTheWay(path: string): Promise<string | undefined> {
  const places = placesOf(path), there = [places.path, places.private_path].find(exists);
  if (there === undefined) await tellingCaseErrors(() => Promise.try(checkPlaces, places));
  return there;
}

function placesOf(path: string): Places {
  return { path, private_path: privatePathOf(path) };
}

function checkPlaces({ path, private_path }: Places): void {
  checkWritable(path, ELSEWHERE);
  try {
    checkPrivatePlace(private_path, undefined);
  } catch (error) {
    throw error instanceof CaseError ? new CaseError(error.message, ELSEWHERE, { cause: error }) : error;
  }
}

/**
 * Gathers what the expert asks first, and writes it with the snapshot.
 *
 * @throws {CliError} the case cannot be written
 */
export async function writeCase(path: string, finding: HealthFinding, options: AlarmOptions): Promise<void> {
  const { interrupt, invocation: { options: given, writer } } = options;
  const places = placesOf(path);
  await tellingCaseErrors(async () => {
    using _held = holdFile(path), _held_too = holdFile(places.private_path);
    refuseExisting(places);
    const host = await readHost(), issue = issueOf(finding), max_rounds = DEFAULT_MAX_ROUNDS;
    const turns = await collectTurns({
      ...{ issue, host, max_rounds, signal: interrupt.signal, before: [firstEvidence(options.snapshot)] },
      hands: handsFrom(given, writer, () => undefined),
      on_progress: liveProgress(writer),
    });
    await writeNewCase({ issue, host, turns }, { places, redacted: [], max_rounds, max_bytes: DEFAULT_MAX_BYTES });
    const stays = `${places.private_path} stays here.`;
    tellBehind(`Wrote ${path}, which may leave: ktriage ask ${path}. ${stays}`, options);
  });
}
