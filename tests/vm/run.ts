/** `scripts/vm`: a shell line on another kernel, for those who look at it by hand. */
import { fetchKernel } from "../support/kernels.ts";
import { runPrepared } from "./machines.ts";

const [line, script, ...rest] = Deno.args;
const encoder = new TextEncoder();

if (line === undefined || script === undefined || rest.length > 0) {
  Deno.stderr.writeSync(
    encoder.encode("Usage: scripts/vm KERNEL LINE, for example: scripts/vm 5.10 'ktriage check'\n"),
  );
  Deno.exit(2);
}
const { status, console } = await runPrepared(script, {
  kernel: await fetchKernel(line),
  limit_s: 3600,
  on_output: (bytes, stream) => void Deno[stream].writeSync(bytes),
});
if (status === undefined) Deno.stderr.writeSync(encoder.encode(`The machine gave no status.\n${console}\n`));
Deno.exit(status ?? 1);
