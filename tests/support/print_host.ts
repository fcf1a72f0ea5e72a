/** Prints the host as ktriage sees it from here: run in other namespaces and as other users by tests. */
import { readHost } from "../../src/kernel/host/host.ts";
import { openTracefs } from "../../src/kernel/tracing/tracefs.ts";

function tracefs(): unknown {
  try {
    using handle = openTracefs();
    return {
      how: handle.how,
      root: handle.root,
      id: Deno.readTextFileSync(`${handle.root}/events/sched/sched_switch/id`).trim(),
    };
  } catch (error) {
    return { error: String(error) };
  }
}

const output = JSON.stringify({ tracefs: tracefs(), host: await readHost({ measure_ms: 20 }) });
await Deno.stdout.write(new TextEncoder().encode(output));
