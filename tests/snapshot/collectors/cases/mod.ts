import type { Case } from "./case.ts";
import { LOOK_ALIKES } from "./look_alikes.ts";
import { MEMORY_CASES } from "./memory.ts";
import { NETWORK_CASES } from "./network.ts";
import { PROCESS_CASES } from "./processes.ts";
import { STORAGE_CASES } from "./storage.ts";
import { SYSTEM_CASES } from "./system.ts";

export const CASES: readonly Case[] = [
  ...MEMORY_CASES,
  ...STORAGE_CASES,
  ...NETWORK_CASES,
  ...PROCESS_CASES,
  ...SYSTEM_CASES,
  ...LOOK_ALIKES,
];
