/** Connects to an address again and again, as a program does that needs it. Arguments: address, port. */
const [hostname = "127.0.0.1", port = "0"] = Deno.args;
Deno.stdout.writeSync(new TextEncoder().encode("ready\n"));
for (;;) {
  try {
    using _connection = await Deno.connect({ hostname, port: Number(port) });
  } catch {
    // the fault that is wanted
  }
  await new Promise((resolve) => setTimeout(resolve, 200));
}
