/** The contract: schemas, types, and exact JSON. */
export * from "./audit.ts";
export * from "./bounds.ts";
export * from "./citation.ts";
export * from "./gateway_check.ts";
export * from "./host.ts";
export * from "./json.ts";
export * from "./limits.ts";
export * from "./not_run.ts";
export * from "./probes.ts";
export * from "./record.ts";
export * from "./request.ts";
export * from "./result.ts";
export * from "./run.ts";
export * from "./schemas.ts";
export * from "./licenses.ts";
export * from "./self_test.ts";
export * from "./versioned.ts";
