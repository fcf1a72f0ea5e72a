import assert from "node:assert/strict";
import { headedEvent } from "../../../src/probes/events/event_head.ts";
import { EVENT } from "../../../src/probes/engine/layout.ts";
import { isHostId, plainId } from "../../../src/probes/engine/process_ids.ts";

/** A `struct event` of a process with these ids. */
function head(tgid: number, tid: number): DataView<ArrayBuffer> {
  const view = new DataView(new ArrayBuffer(EVENT.bytes));
  view.setUint32(EVENT.tgid, tgid, true);
  view.setUint32(EVENT.tid, tid, true);
  return view;
}

Deno.test("isHostId() and plainId() know the mark of bpf/include/ids.h", () => {
  assert.deepEqual([7, 0x8000_0007, 4_194_304].map(isHostId), [false, true, false]);
  assert.deepEqual([7, 0x8000_0007, 4_194_304].map(plainId), [7, 7, 4_194_304]);
});

Deno.test("headedEvent() says of which processes it has the host's ids, and only of those", () => {
  const named = { event_type: "sched:sched_switch", data: {}, epoch_offset_ns: 0n };
  const inside = headedEvent(head(7, 9), 0, named), outside = headedEvent(head(0x8000_0007, 0x8000_0009), 0, named);
  for (const { process_id, thread_id } of [inside, outside]) assert.deepEqual([process_id, thread_id], [7, 9]);
  assert.deepEqual([inside.host_process, outside.host_process], [undefined, true]);
});
