/** The allowlist: every program that may run, with the rule for its arguments. */
import { CLUSTER_PROGRAMS } from "./clusters.ts";
import { CONTAINER_PROGRAMS } from "./containers.ts";
import { DATABASE_PROGRAMS } from "./databases.ts";
import { HARDWARE_PROGRAMS } from "./hardware.ts";
import { HTTP_PROGRAMS } from "./http.ts";
import { LOG_PROGRAMS } from "./logs.ts";
import { NETWORK_PROGRAMS } from "./network.ts";
import { PACKAGE_PROGRAMS } from "./packages.ts";
import { PATH_PROGRAMS } from "./paths.ts";
import { PROBE_PROGRAMS } from "./probes.ts";
import { PROCESS_PROGRAMS } from "./processes.ts";
import type { Program } from "./program.ts";
import { SECURITY_PROGRAMS } from "./security.ts";
import { SERVICE_PROGRAMS } from "./services.ts";
import { SHELL_PROGRAMS } from "./shell.ts";
import { STORAGE_PROGRAMS } from "./storage.ts";
import { TEXT_PROGRAMS } from "./text.ts";
import { VENDOR_PROGRAMS } from "./vendors.ts";
import { VERSION_PROGRAMS } from "./versions.ts";

export { notListed } from "./refused.ts";
export type { Bound, Inner, Program } from "./program.ts";

/** Programs that may only say their version come first, so that any other entry of the same name counts. */
export const PROGRAMS: ReadonlyMap<string, Program> = new Map(Object.entries({
  ...VERSION_PROGRAMS,
  ...SHELL_PROGRAMS,
  ...TEXT_PROGRAMS,
  ...PATH_PROGRAMS,
  ...PROCESS_PROGRAMS,
  ...LOG_PROGRAMS,
  ...SERVICE_PROGRAMS,
  ...STORAGE_PROGRAMS,
  ...HARDWARE_PROGRAMS,
  ...NETWORK_PROGRAMS,
  ...PROBE_PROGRAMS,
  ...HTTP_PROGRAMS,
  ...CONTAINER_PROGRAMS,
  ...DATABASE_PROGRAMS,
  ...PACKAGE_PROGRAMS,
  ...SECURITY_PROGRAMS,
  ...VENDOR_PROGRAMS,
  ...CLUSTER_PROGRAMS,
}));

/** Names of the programs that may run, sorted: for the prompt and for people. */
export function allowedPrograms(): readonly string[] {
  return [...PROGRAMS.keys()].sort();
}
