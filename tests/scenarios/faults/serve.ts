/** Listens on a port of the loopback and accepts whatever comes. Arguments: port, address (default 127.0.0.1). */
const listener = Deno.listen({ hostname: Deno.args[1] ?? "127.0.0.1", port: Number(Deno.args[0]) });
Deno.stdout.writeSync(new TextEncoder().encode("ready\n"));
for await (const connection of listener) connection.close();
