/** What `ktriage check` says about the sandbox: it is tried, not guessed. */
import type { Capability } from "../../protocol/mod.ts";
import { execute } from "../execute.ts";
import { exists } from "../../kernel/exists.ts";
import { SHELL } from "./instructions.ts";
import { SCOPING_ABI } from "./landlock.ts";
import type { HostLayers } from "./plan.ts";
import { hostLayers } from "./sandbox.ts";

const INSTEAD = "the policy alone keeps commands from writing, with the permissions of the user";
const FIX = "Linux 5.9 with CONFIG_SECCOMP_FILTER=y, or 6.2 with CONFIG_SECURITY_LANDLOCK=y and landlock in lsm=";

/** Runs two commands that do nothing and says at which level they ran, and what is missing for a better one. */
export async function readSandbox(): Promise<Capability> {
  try {
    const usual = await execute("true");
    const looking = await execute("true /proc");
    const available = !usual.notes.some((note) => /writing/.test(note));
    const detail = [
      `commands run at ${usual.sandbox}`,
      ...looking.sandbox === usual.sandbox ? [] : [`those that look into other processes at ${looking.sandbox}`],
      ...lacksOf(hostLayers(), usual.sandbox),
    ].join("; ");
    return { id: "sandbox", available, detail, ...available ? {} : { instead: INSTEAD, fix: FIX } };
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    const fix = exists(SHELL) ? FIX : `a shell at ${SHELL}`;
    return { id: "sandbox", available: false, detail: why, instead: "no command runs", fix };
  }
}

function lacksOf({ landlock_abi: abi, seccomp, broker }: HostLayers, level: string): string[] {
  const kernel = `kernel ${Deno.osRelease()}`;
  return [
    ...abi === 0 ? [`no Landlock: ${kernel} has none or was booted without it`] : [],
    ...abi > 0 && abi < SCOPING_ABI ? [`Landlock ABI ${abi} does not keep signals in: seccomp does`] : [],
    ...seccomp ? [] : ["no seccomp filters: CONFIG_SECCOMP_FILTER is off, or a container forbids them"],
    ...seccomp && !broker ? ["no broker: pidfd_getfd is forbidden, or the kernel is older than 5.9"] : [],
    ...level.endsWith("cgroup") ? [] : ["no control group of its own: /sys/fs/cgroup is not writable here"],
  ];
}
