/** Tests that last: a short form always, all of it where `scripts/soak` asks for it. */
const IS_ASKED_FOR = Deno.env.has("KTRIAGE_SOAK");

/** What is done: how often, for how long. */
export function forms<T>({ briefly, all }: { readonly briefly: T; readonly all: T }): T {
  return IS_ASKED_FOR ? all : briefly;
}

/** What chance decides: other numbers each time, and the same again with the same `KTRIAGE_SEED`. */
export function seed(): number {
  return Number(Deno.env.get("KTRIAGE_SEED") ?? Date.now() % 1e6);
}
