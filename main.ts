import { HELPER_ARGUMENT } from "./src/commands/sandbox/instructions.ts";
import { WORKER_ARGUMENT } from "./src/selftest/deeds.ts";

// without await at the top, which the package's scripts cannot have: see scripts/package/pack.ts
void start();

async function start(): Promise<never> {
  // hidden: ktriage starts itself this way, see src/kernel/host/itself.ts
  if (Deno.args[0] === HELPER_ARGUMENT) (await import("./src/commands/sandbox/helper.ts")).becomeCommand();
  if (Deno.args[0] === WORKER_ARGUMENT) (await import("./src/selftest/worker.ts")).becomeWorker();
  const { mainOfProcess } = await import("./src/cli/app.ts");
  Deno.exit(await mainOfProcess(Deno.args));
}
