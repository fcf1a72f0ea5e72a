/** Series as healthy hosts have them, and what is done to them to see whether it is found. */
import type { Figure } from "../../../src/protocol/snapshot.ts";

/** Every five minutes. */
export const STEP_MS = 300_000;
export const A_DAY = 288;

export interface Series {
  readonly kind: string;
  readonly name: string;
  readonly unit: Figure["unit"];
  /** The value at each step; called once a step, in order. */
  readonly next: (step: number) => number;
}

export interface Random {
  readonly uniform: () => number;
  readonly normal: () => number;
}

/** The same numbers for the same seed (mulberry32). */
export function random(seed: number): Random {
  let state = seed >>> 0;
  const uniform = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  const normal = (): number => Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform());
  return { uniform, normal };
}

type Maker = (random: Random) => Series["next"];

const hourOf = (step: number): number => step % A_DAY / 12;
const dayOf = (step: number): number => Math.floor(step / A_DAY);
const isWeekend = (step: number): boolean => dayOf(step) % 7 >= 5;
/** Busy by day: 0 to 1. */
const byDay = (step: number, peak: number): number => (1 + Math.cos((hourOf(step) - peak) / 12 * Math.PI)) / 2;

function ar1(share: number, { normal }: Random): () => number {
  let value = normal();
  return () => value = share * value + Math.sqrt(1 - share * share) * normal();
}

/** What a kind of series is called, the unit of its figure, and how it goes. */
export const HEALTHY: readonly (readonly [kind: string, name: string, unit: Figure["unit"], make: Maker])[] = [
  ["steady with normal noise", "memory.cached_bytes", "bytes", (r) => {
    const level = 1e9 * (1 + 9 * r.uniform()), noise = 0.02 + 0.1 * r.uniform();
    return () => level * (1 + noise * r.normal());
  }],
  ["log-normal latencies", "block.latency_us", "us", (r) => {
    const level = 200 + 5_000 * r.uniform(), sigma = 0.2 + 0.6 * r.uniform();
    return () => level * Math.exp(sigma * r.normal());
  }],
  ["power law, of infinite variance", "block.bytes_per_s", "bytes_per_s", (r) => {
    const exponent = 1.3 + r.uniform();
    return () => 1e6 * (1 - r.uniform()) ** (-1 / exponent);
  }],
  ["daily", "network.rx_bytes_per_s", "bytes_per_s", (r) => {
    const peak = 24 * r.uniform(), times = 2 + 20 * r.uniform(), noise = ar1(0.7, r);
    return (step) => 2e6 * (1 + times * byDay(step, peak)) * Math.exp(0.2 * noise());
  }],
  ["weekly: weekends are quiet", "http.requests_per_s", "per_s", (r) => {
    const peak = 10 + 6 * r.uniform(), noise = ar1(0.8, r);
    return (step) => (isWeekend(step) ? 10 : 30 + 300 * byDay(step, peak)) * Math.exp(0.15 * noise());
  }],
  ["a job each night, minutes early or late", "block.read_bytes_per_s", "bytes_per_s", (r) => {
    const at = Math.floor(A_DAY * r.uniform());
    let begins = at, lasts = 0;
    return (step) => {
      if (step % A_DAY === 0) [begins, lasts] = [at + Math.round(4 * r.normal()), 6 + Math.floor(12 * r.uniform())];
      const since = (step - begins + 2 * A_DAY) % A_DAY;
      return (since < lasts ? 8e7 : 3e5) * Math.exp(0.3 * r.normal());
    };
  }],
  ["a job each Sunday", "cpu.user_percent", "percent", (r) => {
    const at = Math.floor(A_DAY * r.uniform() * 0.8), noise = ar1(0.6, r);
    return (step) => {
      const on = dayOf(step) % 7 === 6 && step % A_DAY >= at && step % A_DAY < at + 24;
      return Math.min(100, Math.max(0, (on ? 85 : 12) + 4 * noise()));
    };
  }],
  ["bursts at any time", "processes.forks_per_s", "per_s", (r) => {
    let left = 0, height = 1;
    return () => {
      if (left-- <= 0 && r.uniform() < 0.01) {
        [left, height] = [Math.ceil(-12 * Math.log(1 - r.uniform())), 2 + 10 * r.uniform()];
      }
      return 20 * (left > 0 ? height : 1) * Math.exp(0.2 * r.normal());
    };
  }],
  ["autocorrelated for an hour", "scheduler.wait_ms", "ms", (r) => {
    const noise = ar1(0.92, r);
    return () => 3 * Math.exp(0.4 * noise());
  }],
  ["autocorrelated for a day", "memory.used_percent", "percent", (r) => {
    const noise = ar1(0.9965, r);
    return () => Math.min(100, Math.max(0, 45 + 8 * noise() + 0.5 * r.normal()));
  }],
  ["quantised", "processes.count", "count", (r) => {
    const level = Math.round(3 + 200 * r.uniform()), noise = ar1(0.5, r);
    return () => Math.round(level * (1 + 0.03 * noise()));
  }],
  ["constant", "filesystem.inodes_count", "count", (r) => {
    const level = Math.round(1e6 * r.uniform());
    return () => level;
  }],
  ["mostly zero", "tcp.errors_per_s", "per_s", (r) => {
    const often = 0.002 + 0.03 * r.uniform();
    return () => r.uniform() < often ? -Math.log(1 - r.uniform()) : 0;
  }],
  ["mostly zero, in clusters", "network.drops_per_s", "per_s", (r) => {
    let left = 0;
    return () => {
      if (left-- <= 0 && r.uniform() < 0.003) left = Math.ceil(-6 * Math.log(1 - r.uniform()));
      return left > 0 ? -3 * Math.log(1 - r.uniform()) : 0;
    };
  }],
  ["slow growth", "filesystem.used_bytes", "bytes", (r) => {
    const a_day = 0.001 + 0.01 * r.uniform();
    let value = 4e10;
    return () => value *= 1 + a_day / A_DAY * (1 + r.normal());
  }],
  ["grows and is cleaned up", "filesystem.log_bytes", "bytes", (r) => {
    const a_day = 2e8 * (1 + r.uniform()), phase = Math.floor(7 * r.uniform());
    return (step) => 5e8 + a_day * ((dayOf(step) + phase) % 7 + step % A_DAY / A_DAY) * (1 + 0.05 * r.normal());
  }],
];

/** A host's metrics: of each kind the same number. */
export function healthyHost(seed: number, metrics: number): readonly Series[] {
  return Array.from({ length: metrics }, (_, i) => {
    const [kind, name, unit, make] = HEALTHY[i % HEALTHY.length]!;
    return { kind, name: `${name}#${i}`, unit, next: make(random(seed * 100_003 + i)) };
  });
}
