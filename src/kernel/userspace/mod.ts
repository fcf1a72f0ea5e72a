export { listUserSymbols } from "./list.ts";
export { namesUserFile } from "./meant.ts";
export { resolveUserFunction } from "./resolve.ts";
export type { NoUserFunction, ResolveOptions, SymbolList, UserFunction, UserSymbol } from "./types.ts";
