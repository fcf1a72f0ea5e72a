/** What events of all kinds begin with: when, who, what. */
import { readText } from "../../kernel/read.ts";
import type { TraceEvent } from "../../protocol/result.ts";
import { COMM_BYTES, EVENT } from "../engine/layout.ts";
import { isHostId, plainId } from "../engine/process_ids.ts";

/** `struct event` at `at`, with the data that was read behind it. */
export function headedEvent(
  view: DataView<ArrayBuffer>,
  at: number,
  { event_type, data, epoch_offset_ns }: Pick<TraceEvent, "event_type" | "data"> & { readonly epoch_offset_ns: bigint },
): TraceEvent {
  const tgid = view.getUint32(at + EVENT.tgid, true);
  const event: TraceEvent = {
    timestamp: view.getBigUint64(at + EVENT.time_ns, true) + epoch_offset_ns,
    process_id: plainId(tgid),
    process_name: readText(view, at + EVENT.comm, COMM_BYTES),
    thread_id: plainId(view.getUint32(at + EVENT.tid, true)),
    user_id: view.getUint32(at + EVENT.uid, true),
    event_type,
    data,
  };
  if (isHostId(tgid)) event.host_process = true;
  return event;
}
