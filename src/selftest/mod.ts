/** The self-test: everything that ktriage can do to this host's kernel is done once, and held against what is known. */
import { readSandbox } from "../commands/sandbox/check.ts";
import { isReady, readCapabilities } from "../kernel/host/capabilities.ts";
import { Ground } from "../probes/ground.ts";
import type { Capability, SelfTest, SelfTestItem } from "../protocol/mod.ts";
import { sandboxParts } from "./confining.ts";
import { Fault } from "./fault.ts";
import { type Circumstances, type Part, runPart, without } from "./part.ts";
import { probeParts } from "./probes.ts";
import { Provoker } from "./provoker.ts";
import { Remains } from "./remains.ts";
import { toolsPart } from "./tools.ts";
import type { Bench } from "./tracing.ts";

/**
 * Runs every part, one after the other. Never throws for what the host lacks, or for what does not work on it.
 *
 * @param signal aborting it ends the test after the part that is under way
 */
export async function selfTest(signal: AbortSignal): Promise<SelfTest> {
  const started = performance.now();
  const remains = new Remains();
  const circumstances = { capabilities: [...await readCapabilities(), await readSandbox()], signal };
  const items = await trace(circumstances, remains);
  for (const part of sandboxParts()) items.push(await runPart(part, undefined, circumstances));
  const nothing_left = { id: "nothing_left", needs: [], run: () => remains.check() };
  // of an interrupted test as well
  items.push(await runPart(nothing_left, undefined, { ...circumstances, signal: new AbortController().signal }));
  return {
    schema: "ktriage.self_test/1",
    works: items.every(({ outcome }) => outcome === "ok" || outcome === "absent"),
    hostname: Deno.hostname(),
    kernel: Deno.osRelease(),
    architecture: Deno.build.arch,
    items,
    duration_ms: Math.round(performance.now() - started),
  };
}

async function trace(circumstances: Circumstances, remains: Remains): Promise<SelfTestItem[]> {
  // before the session, which would know it as one of ktriage's own, and leave it out
  await using worker = new Provoker();
  using resources = new DisposableStack();
  let ground: Ground | undefined;
  const session: Part<undefined> = {
    id: "session",
    needs: [],
    run: async () => {
      await worker.provoke();
      ground = resources.use(orFault(await Ground.open(), circumstances.capabilities));
      return { attached_as: ground.tracefs.root, detail: "ring buffer made, own processes followed" };
    },
  };
  const items = [await runPart(session, undefined, circumstances)];
  for (const part of [...probeParts(), toolsPart()]) {
    items.push(
      ground === undefined
        ? without(part.id, "untried", { detail: "no eBPF program can run: see session" })
        : await runPart<Bench>(part, { ground, worker, remains }, circumstances),
    );
  }
  return items;
}

/** Why nothing can be traced; where the refusal itself does not say what would help, `ktriage check` does. */
function orFault(ground: Awaited<ReturnType<typeof Ground.open>>, capabilities: readonly Capability[]): Ground {
  if (!("error" in ground)) return ground;
  const lacking = isReady(capabilities) ? undefined : capabilities.find(({ available }) => !available);
  throw new Fault(ground.error, ground.hint === "" ? lacking?.fix : ground.hint);
}
