/** All collectors, in the order in which a page shows their figures. */
import type { Collector } from "../collector.ts";
import { blockDevices } from "./block_devices.ts";
import { certificates } from "./certificates.ts";
import { cgroups } from "./cgroups.ts";
import { clock } from "./clock.ts";
import { conntrack } from "./conntrack.ts";
import { cpu } from "./cpu.ts";
import { filesystemErrors } from "./filesystem_errors.ts";
import { filesystems } from "./filesystems.ts";
import { kernelLimits } from "./kernel_limits.ts";
import { kernelLogErrors } from "./kernel_log.ts";
import { listenQueues } from "./listen_queues.ts";
import { memory } from "./memory.ts";
import { memoryErrors } from "./memory_errors.ts";
import { nameResolution } from "./name_resolution.ts";
import { networkInterfaces } from "./network_interfaces.ts";
import { networkProtocols } from "./network_protocols.ts";
import { oom } from "./oom.ts";
import { pressure } from "./pressure.ts";
import { processLimits } from "./process_limits.ts";
import { processes } from "./processes.ts";
import { reboot } from "./reboot.ts";
import { sockets } from "./sockets.ts";
import { swap } from "./swap.ts";
import { taint } from "./taint.ts";
import { units } from "./units.ts";

export const COLLECTORS: readonly Collector[] = [
  cpu,
  pressure,
  memory,
  memoryErrors,
  swap,
  oom,
  filesystems,
  filesystemErrors,
  blockDevices,
  networkInterfaces,
  networkProtocols,
  listenQueues,
  sockets,
  conntrack,
  nameResolution,
  processes,
  processLimits,
  kernelLimits,
  cgroups,
  units,
  kernelLogErrors,
  taint,
  clock,
  certificates,
  reboot,
];
