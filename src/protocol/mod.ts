/** The contract: schemas, types, and exact JSON. */
export * from "./audit.ts";
export * from "./host.ts";
export * from "./json.ts";
export * from "./limits.ts";
export * from "./probes.ts";
export * from "./request.ts";
export * from "./result.ts";
export * from "./run.ts";
export * from "./schemas.ts";
