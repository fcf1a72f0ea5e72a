/** How long this host takes to find the address of a name: asked for, since it speaks over the network. */
import type { HealthFinding } from "../protocol/snapshot.ts";
import type { Collector } from "./collector.ts";
import { LOOKUP_MS, severityOver } from "./limits.ts";
import { watched } from "./readings/figures.ts";
import { printable } from "./readings/words.ts";

/** Asks as programs do, by getaddrinfo(3). @throws {Error} no address was found */
export type Lookup = (name: string) => Promise<unknown>;

/** By the C library: hosts file, name servers, whatever nsswitch.conf(5) says. */
export const systemLookup: Lookup = async (name) => await (await import("node:dns/promises")).lookup(name);

/** What became of the look-up until the window's end. */
type Outcome = { readonly took_ms: number; readonly error?: string };

export interface LookupOptions {
  readonly lookup?: Lookup;
  /** Milliseconds on a steady clock. */
  readonly now?: () => number;
}

/** Looks a name up once, as the window begins. */
export function nameLookup(
  name: string,
  { lookup = systemLookup, now = () => performance.now() }: LookupOptions = {},
): Collector {
  return {
    name: "name_lookup",
    start: () => {
      const began = now();
      const took = (): number => Math.round(now() - began);
      let outcome: Outcome | undefined;
      lookup(name).then(
        () => void (outcome = { took_ms: took() }),
        (error) => void (outcome = { took_ms: took(), error: error instanceof Error ? error.message : String(error) }),
      );
      return Promise.resolve(() => {
        const { took_ms, error } = outcome ?? { took_ms: took(), error: "no answer until the window's end" };
        return Promise.resolve({
          figures: [watched("resolver.lookup_ms", took_ms, LOOKUP_MS)],
          findings: [...error === undefined ? slow(name, took_ms) : fails(name, { took_ms, error })],
        });
      });
    },
  };
}

const ABOUT = { meaning: "Whatever connects to a name waits as long, or fails.", next: "cat /etc/resolv.conf" };

function slow(name: string, took_ms: number): readonly HealthFinding[] {
  const severity = severityOver(took_ms, LOOKUP_MS);
  if (severity === undefined) return [];
  return [{
    ...{ id: "resolver.slow", of: printable(name), severity, ...ABOUT },
    title: `Looking up ${printable(name)} takes ${(took_ms / 1000).toFixed(1)} s`,
    evidence: [`getaddrinfo ${printable(name)}: an address after ${took_ms} ms`],
  }];
}

function fails(name: string, { took_ms, error = "" }: Outcome): readonly HealthFinding[] {
  return [{
    ...{ id: "resolver.fails", of: printable(name), severity: "critical", ...ABOUT },
    title: `${printable(name)} cannot be looked up`,
    evidence: [`getaddrinfo ${printable(name)}: ${printable(error)}, after ${took_ms} ms`],
  }];
}
