/** The collectors on this host before a fault and while it is there: what came with it. */
import assert from "node:assert/strict";
import type { HealthFinding } from "../../src/protocol/snapshot.ts";
import type { Remembered, Sources } from "../../src/snapshot/collector.ts";
import { COLLECTORS } from "../../src/snapshot/collectors/mod.ts";
import { hostSources } from "../../src/snapshot/sources.ts";

/** Long enough for ten periods of 100 ms, for a stuck process to count as one, and for twenty refused connects. */
const WINDOW_S = 2.5;

export interface WatchOptions {
  /** How much later the collectors believe it to be, in days. */
  readonly days_later?: number;
}

/** What the collectors remember from one snapshot to the next. */
export class Watch {
  readonly #memory = new Map<string, Remembered>();
  readonly #options: WatchOptions;
  /** Findings that were there when nothing had been done: other programs of this host may be ill. */
  readonly #known = new Set<string>();

  private constructor(options: WatchOptions) {
    this.#options = options;
  }

  /** Looks at this host as it is. */
  static async begin(options: WatchOptions = {}): Promise<Watch> {
    const watch = new Watch(options);
    for (const finding of await watch.#look()) watch.#known.add(keyOf(finding));
    return watch;
  }

  /** What is there now and was not before. `during` is run within the window. */
  async news(during: () => Promise<void> = () => Promise.resolve()): Promise<readonly HealthFinding[]> {
    const found = await this.#look(during);
    return found.filter((finding) => !this.#known.has(keyOf(finding)));
  }

  /** Exactly this finding and no other is new; its evidence and title are returned to be looked at. */
  async only(id: string, during?: () => Promise<void>): Promise<HealthFinding> {
    const news = await this.news(during);
    assert.deepEqual(news.map((each) => each.id), [id], JSON.stringify(news, null, 1));
    return news[0]!;
  }

  async #look(during: () => Promise<void> = () => Promise.resolve()): Promise<readonly HealthFinding[]> {
    const sources = this.#sources();
    const started = [];
    for (const { name, start } of COLLECTORS) started.push({ name, finish: await start(sources) });
    const began_ms = performance.now();
    await Promise.all([during(), new Promise((resolve) => setTimeout(resolve, WINDOW_S * 1000))]);
    const window_s = (performance.now() - began_ms) / 1000;
    const findings: HealthFinding[] = [];
    for (const { name, finish } of started) {
      const collected = await finish({ window_s, remembered: this.#memory.get(name) });
      if (collected.remember !== undefined) this.#memory.set(name, JSON.parse(JSON.stringify(collected.remember)));
      findings.push(...collected.findings);
    }
    return findings;
  }

  #sources(): Sources {
    const sources = hostSources();
    const later_ms = (this.#options.days_later ?? 0) * 86_400_000;
    return { ...sources, now: () => sources.now() + later_ms };
  }
}

function keyOf({ id, of }: HealthFinding): string {
  return `${id} ${of ?? ""}`;
}
