/** The two ways in which gateways are spoken to. */

/** `openai`: chat completions, TensorZero's among them; `tensorzero`: its native `/inference`. */
export const GATEWAY_KINDS = ["openai", "tensorzero"] as const;
export type GatewayKind = (typeof GATEWAY_KINDS)[number];
