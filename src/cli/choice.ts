/** Who answers: the gateway that the flags or the environment name, or the built-in expert. */
import { GATEWAY_KINDS, type GatewayKind } from "../models/gateway/kinds.ts";
import { type Model, ModelError } from "../models/model.ts";
import type { GatewayOptions } from "../models/gateway/mod.ts";
import type { Options } from "./arguments.ts";
import { UsageError } from "./errors.ts";

/** What becomes of what leaves for a gateway. */
export type OutboundOptions = Pick<
  GatewayOptions,
  "redact" | "identities" | "on_outbound" | "on_unusable" | "dry_run" | "placeholders"
>;

export interface ChoiceInput {
  /** `--endpoint` */
  readonly endpoint: string | undefined;
  /** `--model` */
  readonly model: string | undefined;
  /** `--gateway-kind`; by the endpoint's path when undefined. */
  readonly kind?: GatewayKind | undefined;
  /** `--timeout`, in seconds. */
  readonly timeout_s?: number | undefined;
  /** `--window`, in tokens. */
  readonly window_tokens?: number | undefined;
  /** `--ca`, a file. */
  readonly ca_file?: string | undefined;
  /** Reads a variable of the environment; an empty one counts as not set. */
  readonly variable: (name: string) => string | undefined;
  readonly outbound?: OutboundOptions;
}

const MAX_TIMEOUT_S = 24 * 3600;
/** The contract alone takes about this much; no model's context is larger than a hundred million. */
const WINDOW_RANGE = { min: 1024, max: 100_000_000 };

/**
 * What the options of `GATEWAY` (table.ts) say about who answers.
 *
 * @throws {UsageError} a value that is none
 */
export function choiceFrom(options: Options): ChoiceInput {
  return {
    endpoint: options.text("endpoint"),
    model: options.text("model"),
    kind: options.word("gateway-kind", GATEWAY_KINDS),
    timeout_s: options.number("timeout", { min: 1, max: MAX_TIMEOUT_S }),
    window_tokens: options.integer("window", WINDOW_RANGE),
    ca_file: options.text("ca"),
    variable: (name) => Deno.env.get(name),
  };
}

/**
 * The model that answers; a flag wins over its variable. The expert is not loaded for a gateway, nor the other way
 * round.
 *
 * @throws {UsageError} only one of endpoint and model is known, or something of the gateway's settings cannot be used
 */
export async function chooseModel(input: ChoiceInput): Promise<Model> {
  const gateway = await gatewayOptionsFrom(input);
  if (gateway === undefined) return (await import("../models/expert/mod.ts")).createExpert();
  const { createGateway } = await import("../models/gateway/mod.ts");
  return await asUsage(() => createGateway(gateway));
}

/**
 * The gateway that flags and environment name; undefined when they name none.
 *
 * @throws {UsageError} as {@link chooseModel}
 */
export async function gatewayOptionsFrom(input: ChoiceInput): Promise<GatewayOptions | undefined> {
  const { variable, kind, timeout_s } = input;
  const endpoint = given(input.endpoint) ?? given(variable("NANNYAPI_ENDPOINT"));
  const model = given(input.model) ?? given(variable("NANNYAPI_MODEL"));
  if (endpoint === undefined && model === undefined) return undefined;
  if (endpoint === undefined) throw incomplete("NANNYAPI_ENDPOINT", "--endpoint");
  if (model === undefined) throw incomplete("NANNYAPI_MODEL", "--model");
  const window_tokens = input.window_tokens ?? windowFrom(given(variable("NANNYAPI_WINDOW")));
  const ca_file = given(input.ca_file) ?? given(variable("NANNYAPI_CA_FILE"));
  const [{ readApiKey }, { readAuthorities }] = await Promise.all([
    import("../models/api_key.ts"),
    import("../models/gateway/authorities.ts"),
  ]);
  return await asUsage(() => {
    const api_key = readApiKey(variable);
    return {
      ...input.outbound,
      endpoint,
      model,
      ...(kind === undefined ? {} : { kind }),
      ...(timeout_s === undefined ? {} : { timeout_ms: timeout_s * 1000 }),
      ...(window_tokens === undefined ? {} : { window_tokens }),
      ...(ca_file === undefined ? {} : { authorities: readAuthorities(ca_file) }),
      ...(api_key === undefined ? {} : { api_key }),
    };
  });
}

/**
 * What is wrong with a setting is wrong with the command line.
 *
 * @throws {UsageError} in place of a ModelError
 */
export async function asUsage<T>(make: () => T | Promise<T>): Promise<T> {
  try {
    return await make();
  } catch (error) {
    if (error instanceof ModelError) throw new UsageError(error.message, error.hint, { cause: error });
    throw error;
  }
}

function windowFrom(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const tokens = /^\d+$/.test(text) ? Number(text) : NaN;
  if (tokens >= WINDOW_RANGE.min && tokens <= WINDOW_RANGE.max) return tokens;
  throw new UsageError(
    `Cannot use NANNYAPI_WINDOW="${text}": it takes a whole number of tokens from ${WINDOW_RANGE.min} on.`,
    "Set it to what fits into the model's context, for example 32768, or unset it.",
  );
}

function given(text: string | undefined): string | undefined {
  const trimmed = text?.trim() ?? "";
  return trimmed === "" ? undefined : trimmed;
}

function incomplete(missing: string, flag: string): UsageError {
  const set = missing === "NANNYAPI_MODEL" ? "NANNYAPI_ENDPOINT" : "NANNYAPI_MODEL";
  return new UsageError(
    `Cannot ask a gateway: ${set} is set, but ${missing} is not.`,
    `Set ${missing} (or ${flag}) too, or unset ${set} to let the built-in expert answer.`,
  );
}
