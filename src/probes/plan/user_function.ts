/** Ways to a function of a program or a library. */
import { resolveUserFunction } from "../../kernel/userspace/mod.ts";
import { userFunctionReading } from "./captures.ts";
import type { Refusal } from "./tracepoint.ts";
import { needsReturn, type Wish } from "../request.ts";
import type { Ways } from "./ways.ts";

/** Plans a program on a user function: `libc:malloc`, `/usr/sbin/nginx:main`, `<pid>:symbol`. */
export async function userFunctionWays(wish: Wish): Promise<Ways | Refusal> {
  const kind = needsReturn(wish) ? "uretprobe" : "uprobe";
  const found = await resolveUserFunction(wish.target, {
    at: kind === "uretprobe" ? "return" : "entry",
    ...(wish.pid === undefined ? {} : { pid: wish.pid }),
  });
  if (!found.ok) return { error: found.error, hint: found.hint };
  const reading = userFunctionReading(wish, { on_return: kind === "uretprobe" });
  if ("error" in reading) return reading;
  const { notes, ...read } = reading;
  const { path, shown, offset, pid, symbol, note } = found;
  const event = `${kind}:${shown.slice(shown.lastIndexOf("/") + 1)}:${symbol}`;
  return [{
    plan: {
      kind: "function",
      event,
      attachment: { kind, path, offset, ...(pid === undefined ? {} : { pid }) },
      ...read,
    },
    kind,
    ...(kind === wish.type ? {} : { told: event, better: "what is asked for is known at the return only" }),
    notes: [...(note === undefined ? [] : [note]), ...notes],
  }];
}
