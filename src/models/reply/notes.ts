/** What was mended in a reply, in sentences for the model and for people. */
import { stringify } from "../../protocol/mod.ts";

const MAX_NOTES = 20;
const MAX_PLACES = 4;

/** Where in the reply, as `commands[0].id`; empty for the whole. */
export type Path = string;

/** Notes of one kind become one sentence that names all of its places. */
export class Notes {
  readonly #places = new Map<string, Set<Path>>();

  /** @param what without a full stop, for example `"15s" was read as 15 seconds` */
  add(what: string, place: Path = ""): void {
    const places = this.#places.get(what) ?? new Set();
    if (place !== "") places.add(place);
    this.#places.set(what, places);
  }

  sentences(): readonly string[] {
    const all = [...this.#places].map(([what, places]) => sentence(what, [...places]));
    const more = all.length - MAX_NOTES;
    return more <= 0 ? all : [...all.slice(0, MAX_NOTES), `${more} more things were mended.`];
  }
}

function sentence(what: string, places: readonly Path[]): string {
  if (places.length === 0) return `${what.charAt(0).toUpperCase()}${what.slice(1)}.`;
  const more = places.length - MAX_PLACES;
  return `${places.slice(0, MAX_PLACES).join(", ")}${more > 0 ? ` and ${more} more` : ""}: ${what}.`;
}

/** A model's own value in a note, on one line and short. */
export function quoted(value: unknown, length = 40): string {
  const text = (typeof value === "string" ? value : stringify(value ?? null)).replaceAll(/\s+/g, " ");
  const short = text.length <= length ? text : `${text.slice(0, length)}…`;
  return typeof value === "string" ? `"${short}"` : short;
}
