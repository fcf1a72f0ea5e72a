/** Listens, with the file of its certificate open as servers do that watch it. Arguments: port, file. */
const [port, path = ""] = Deno.args;
using _certificate = Deno.openSync(path);
using _listener = Deno.listen({ hostname: "127.0.0.1", port: Number(port) });
Deno.stdout.writeSync(new TextEncoder().encode("ready\n"));
await new Promise(() => setInterval(() => {}, 1000));
