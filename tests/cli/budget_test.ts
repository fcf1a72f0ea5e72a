import assert from "node:assert/strict";
import { parseArguments } from "../../src/cli/arguments.ts";
import { budgetFrom } from "../../src/cli/budget.ts";
import { UsageError } from "../../src/cli/errors.ts";
import { SUBCOMMANDS } from "../../src/cli/table.ts";
import type { Budget } from "../../src/agent/budget/budget.ts";

function budgetOf(...args: readonly string[]): Partial<Budget> {
  const { options } = SUBCOMMANDS.find(({ name }) => name === "diagnose")!;
  return budgetFrom(parseArguments(args, options).options);
}

Deno.test("budgetFrom() reads the bounds of time and tokens, and leaves the defaults alone", () => {
  assert.deepEqual(budgetOf("it is slow"), {});
  assert.deepEqual(budgetOf("--max-time=90.5", "--max-tokens", "20000"), { max_time_s: 90.5, max_tokens: 20_000 });
});

Deno.test("budgetFrom() refuses bounds that no answer could keep", () => {
  for (const args of [["--max-time=0"], ["--max-time=soon"], ["--max-tokens=1999"], ["--max-tokens=5000.5"]]) {
    assert.throws(() => budgetOf(...args), UsageError, args.join());
  }
});
