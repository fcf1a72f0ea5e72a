/** Traces functions until it is killed: the attachments are given as JSON. Says "traces" when it does. */
import { openTracefs } from "../../src/kernel/tracing/tracefs.ts";
import type { Attachment } from "../../src/probes/plan/function_plan.ts";
import { Session } from "../../src/probes/engine/session.ts";
import { functionPlan } from "./functions.ts";

const BIGINTS = ["address", "offset"];
const attachments: readonly Attachment[] = JSON.parse(
  Deno.args[0] ?? "",
  (key, value) => BIGINTS.includes(key) ? BigInt(value) : value,
);
using tracefs = openTracefs();
using session = await Session.open(tracefs);
for (const attachment of attachments) {
  await session.start(functionPlan(attachment), { filters: {}, rate_per_s: 0, on_event: () => {} });
}
await Deno.stdout.write(new TextEncoder().encode("traces\n"));
await new Promise(() => setInterval(() => {}, 1000));
