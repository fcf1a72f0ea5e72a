// deno-lint-ignore-file
export function tracepointInstead(_n: string): string | undefined { return undefined; }
export type Resolution = {kind:"tracepoint";category:string;name:string;note?:string}|{kind:"all_syscalls";phase:"enter"|"exit";note:string}|{kind:"unknown";error:string;hint:string};
export function resolveTarget(t: string, events: readonly string[]): Resolution { const n=t.replace(/^.*[\/:]/,"").replace(/^sys_enter_/,""); if(n==="*"||t.startsWith("raw_syscalls"))return{kind:"all_syscalls",phase:"enter",note:"raw_syscalls:sys_enter"}; return events.includes("syscalls:sys_enter_"+n)?{kind:"tracepoint",category:"syscalls",name:"sys_enter_"+n}:{kind:"unknown",error:`Cannot trace tracepoint ${t}`,hint:""}; }
