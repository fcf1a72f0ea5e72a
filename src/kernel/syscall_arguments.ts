// deno-lint-ignore-file
import type { Field } from "./format.ts";
export function syscallArgument(_e: string, f: Field): {kind:"none"}|{kind:"user_string"}|{kind:"argv"}|{kind:"sockaddr",length_field:string} { if(f.name==="filename"||f.name==="pathname")return{kind:"user_string"}; if(f.name==="argv")return{kind:"argv"}; if(f.name==="uservaddr")return{kind:"sockaddr",length_field:"addrlen"}; return {kind:"none"}; }
