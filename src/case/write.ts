/** Files that are there as a whole or as they were, whatever happens while they are written. */
import { closeSync, fchmodSync, fchownSync, fsyncSync, openSync, writeSync } from "node:fs";
import { dirname } from "node:path";

const MODE = 0o600;
/** A disk with less room than this takes no results. */
const TRIAL_BYTES = 64 << 10;

export interface Owner {
  readonly uid: number;
  readonly gid: number;
}

/**
 * Writes a file beside the place and renames it there, when the disk has all of it. A file that was there keeps its
 * mode and its owner; a new one is closed to others.
 *
 * @param owner of a new file, this process's user by default; "own": that of every file, and closed to others
 * @throws {Error} it could not be written: what was there is untouched, and nothing is left beside it
 */
export function writeAtomically(path: string, text: string, owner?: Owner | "own"): void {
  const place = realPath(path);
  const beside = besideOf(place);
  try {
    const file = openSync(beside, "wx", MODE);
    try {
      for (let rest = new TextEncoder().encode(text); rest.length > 0;) rest = rest.subarray(writeSync(file, rest));
      if (owner !== "own") keepAccess(file, place, owner);
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    Deno.renameSync(beside, place);
  } catch (error) {
    removeIfThere(beside);
    throw error;
  }
  syncFolder(dirname(place));
}

/**
 * Makes a file where one is to be written, and removes it: what cannot be written is better known before the work.
 *
 * @returns the mode that a file gets there, for not every file system keeps others out
 * @throws {Error} what the system says
 */
export function tryFolderOf(path: string): number {
  const beside = besideOf(realPath(path));
  try {
    Deno.writeFileSync(beside, new Uint8Array(TRIAL_BYTES), { createNew: true, mode: MODE });
    return (Deno.statSync(beside).mode ?? 0) & 0o777;
  } finally {
    removeIfThere(beside);
  }
}

function besideOf(place: string): string {
  return `${place}.${crypto.randomUUID().slice(0, 8)}.part`;
}

/** A link stays one: the file that it leads to is written. */
export function realPath(path: string): string {
  try {
    return Deno.realPathSync(path);
  } catch {
    return path;
  }
}

/** By the open file, never by its name: in a folder of somebody else the name may lead elsewhere by now. */
function keepAccess(file: number, place: string, owner: Owner | undefined): void {
  try {
    const there = statOf(place);
    const { uid, gid } = there ?? owner ?? {};
    if (typeof uid === "number" && typeof gid === "number" && uid !== Deno.uid()) fchownSync(file, uid, gid);
    if (typeof there?.mode === "number") fchmodSync(file, there.mode & 0o777);
  } catch {
    // A file system without owners and modes, or a user who may not give files away: the content is what matters.
  }
}

function statOf(path: string): Deno.FileInfo | undefined {
  try {
    return Deno.lstatSync(path);
  } catch {
    return undefined;
  }
}

/** So that the new name survives a stick that is pulled. */
function syncFolder(path: string): void {
  try {
    using folder = Deno.openSync(path);
    folder.syncSync();
  } catch {
    // Not every file system can: the file itself is on the disk.
  }
}

function removeIfThere(path: string): void {
  try {
    Deno.removeSync(path);
  } catch {
    // It was not made, or cannot be reached any more.
  }
}
