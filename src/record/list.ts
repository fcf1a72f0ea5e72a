/** The records below a folder, each in a few words. */
import type { AuditEntry, ListedRun, Machine } from "../protocol/mod.ts";
import { RecordError } from "./files.ts";
import { isRecord, readAudit, readRecord } from "./read.ts";

/** Folders below the one that is looked through; records in records are not looked for. */
const MAX_DEPTH = 4;

/**
 * The records in a folder and below it, oldest first; one that cannot be read is listed with its fault.
 *
 * @param now this host and its boot: to see which runs are still under way
 * @throws {RecordError} the folder itself cannot be read
 */
export function listRecords(folder: string, now: Machine): readonly ListedRun[] {
  return [...foldersOfRecords(folder, 0)].map((found) => listed(found, now))
    .toSorted((one, other) => (one.time ?? "").localeCompare(other.time ?? ""));
}

function* foldersOfRecords(folder: string, depth: number): Generator<string> {
  const entries = entriesIn(folder, depth);
  if (isRecord(new Set(entries.map(({ name }) => name)))) {
    yield folder;
  } else if (depth < MAX_DEPTH) {
    for (const { name, isDirectory } of entries) {
      if (isDirectory) {
        yield* foldersOfRecords(folder === "." ? name : `${folder.replace(/\/+$/, "")}/${name}`, depth + 1);
      }
    }
  }
}

/** Those of a folder further down that cannot be read are passed over, as in any search. */
function entriesIn(folder: string, depth: number): readonly Deno.DirEntry[] {
  try {
    return [...Deno.readDirSync(folder)].toSorted((one, other) => one.name < other.name ? -1 : 1);
  } catch (error) {
    if (depth > 0) return [];
    const why = error instanceof Deno.errors.NotFound
      ? "there is no such folder"
      : error instanceof Error
      ? error.message
      : String(error);
    throw new RecordError(`Cannot list the records in ${folder}: ${why}.`, { cause: error });
  }
}

function listed(folder: string, now: Machine): ListedRun {
  try {
    const audit = readAudit(folder);
    return requestOnly(folder, audit) ?? diagnosis(folder, now);
  } catch (error) {
    if (!(error instanceof RecordError)) throw error;
    return { folder, ...timeOf(folder), state: "broken", fault: error.message };
  }
}

function diagnosis(folder: string, now: Machine): ListedRun {
  const { began, options, run, turns, state } = readRecord(folder, now);
  const outcome = run?.resolution?.root_cause ?? (state === "running" ? undefined : run?.failure?.message);
  return {
    folder,
    time: began.time,
    issue: began.issue,
    hostname: began.host.hostname,
    model: options.model,
    state,
    rounds: turns.length,
    ...(run?.resolution === undefined ? {} : { confidence: run.resolution.confidence }),
    ...(outcome === undefined ? {} : { outcome }),
  };
}

/** The record of a request that `ktriage run` ran; undefined for that of a diagnosis. */
function requestOnly(folder: string, audit: readonly AuditEntry[]): ListedRun | undefined {
  const ended = audit.findLast((entry) => entry.kind === "ended");
  const began = audit.find((entry) => entry.kind === "began");
  const asked = audit.some(({ kind }) => kind === "asked") && !audit.some(({ kind }) => kind === "answered");
  if (ended?.document !== "results.json" && !asked) return undefined;
  const of = (kind: AuditEntry["kind"]): number => audit.filter((entry) => entry.kind === kind).length;
  return {
    folder,
    ...(began === undefined ? {} : { time: began.time }),
    state: ended === undefined ? "interrupted" : "concluded",
    outcome: `one request of ktriage run: ${of("ran")} commands ran, ${of("detached")} programs traced`,
  };
}

function timeOf(folder: string): { readonly time?: string } {
  try {
    const [began] = readAudit(folder);
    return began === undefined ? {} : { time: began.time };
  } catch {
    return {};
  }
}
