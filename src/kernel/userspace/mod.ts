export { listUserSymbols } from "./list.ts";
export { resolveUserFunction } from "./resolve.ts";
export type { NoUserFunction, ResolveOptions, SymbolList, UserFunction, UserSymbol } from "./types.ts";
