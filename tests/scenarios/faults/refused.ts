/** Tries to connect to a port where nobody listens, fifty times a second. Argument: the port. */
const port = Number(Deno.args[0]);
Deno.stdout.writeSync(new TextEncoder().encode("ready\n"));
for (;;) {
  await Deno.connect({ hostname: "127.0.0.1", port }).then((connection) => connection.close(), () => undefined);
  await new Promise((resolve) => setTimeout(resolve, 20));
}
