/** Tests that last: a short form always, all of it where `scripts/soak` asks for it. */
const SOAK = "KTRIAGE_SOAK";

/** How often something is done. */
export function times({ briefly, all }: { readonly briefly: number; readonly all: number }): number {
  return Deno.env.has(SOAK) ? all : briefly;
}

/** What chance decides: other numbers each time, and the same again with the same `KTRIAGE_SEED`. */
export function seed(): number {
  return Number(Deno.env.get("KTRIAGE_SEED") ?? Date.now() % 1e6);
}
