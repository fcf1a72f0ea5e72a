/** What functions and raw tracepoints take and give back, and where the values are. */
import { type Btf, KIND } from "./image.ts";
import { bareType, declaration, isCompound, pointedTo, prototypeParameters, sizeOf, typeText } from "./types.ts";

const SLOT_BYTES = 8;
/** A larger struct is handed over on the stack (System V ABI), which no program reads. */
const MAX_STRUCT_BYTES = 16;

export interface Parameter {
  /** `arg<n>`, counted from 0, where BTF has no name. */
  readonly name: string;
  /** As C writes it: `struct sock *`. */
  readonly type: string;
  readonly type_id: number;
  /** The first of its slots. */
  readonly slot: number;
  /** Of 8 bytes each: 1; 2 for a struct by value of 9 to 16 bytes; 0 for a larger one, which cannot be read. */
  readonly slots: 0 | 1 | 2;
}

export interface Signature {
  readonly name: string;
  /** Types of the kernel, or of the module that has the function. */
  readonly btf: Btf;
  readonly parameters: readonly Parameter[];
  /** Slots of all parameters: what `argument_count` of a plan wants. */
  readonly slots: number;
  /** Undefined: void, or a raw tracepoint. */
  readonly returns: { readonly type: string; readonly type_id: number } | undefined;
  /** `…` at the end; fentry and fexit refuse such functions. */
  readonly is_variadic: boolean;
  /** As C declares it: `int tcp_connect(struct sock *sk)`. */
  readonly text: string;
}

/** @returns undefined where BTF does not have the function */
export function functionSignature(btf: Btf, name: string): Signature | undefined {
  const id = btf.find(name, [KIND.function]);
  return id === undefined ? undefined : signatureOf(btf, id);
}

/** @param id of a function, as {@link Btf.ids} lists them */
export function signatureOf(btf: Btf, id: number): Signature {
  const prototype = btf.sizeOrType(id), name = btf.name(id);
  if (btf.kind(prototype) !== KIND.prototype) throw new SyntaxError(`BTF has no prototype of ${name}`);
  const returned = btf.sizeOrType(prototype);
  const returns = returned === 0 ? undefined : { type: typeText(btf, returned), type_id: returned };
  const text = declaration(btf, returned, `${name}(${prototypeParameters(btf, prototype)})`);
  return { name, btf, returns, text, ...parametersOf(btf, prototype, 0) };
}

/**
 * Arguments of a raw tracepoint, from the type of its probes, `btf_trace_<event>`. Their first argument is for the
 * tracepoint's own use and left out.
 *
 * @param event without its category: `sched_process_exit`
 */
export function rawTracepointSignature(btf: Btf, event: string): Signature | undefined {
  const id = btf.find(`btf_trace_${event}`, [KIND.typedef]);
  const prototype = id === undefined ? undefined : pointedTo(btf, id);
  if (prototype === undefined || btf.kind(prototype) !== KIND.prototype) return undefined;
  const taken = parametersOf(btf, namedPrototype(btf, event) ?? prototype, 1);
  const text = `${event}(${taken.parameters.map((each) => declaration(btf, each.type_id, each.name)).join(", ")})`;
  return { name: event, btf, returns: undefined, text, ...taken };
}

/** The function that calls a tracepoint's probes has the names that a type of functions does not. */
function namedPrototype(btf: Btf, event: string): number | undefined {
  const caller = btf.find(`__traceiter_${event}`, [KIND.function]);
  return caller === undefined ? undefined : btf.sizeOrType(caller);
}

function parametersOf(
  btf: Btf,
  prototype: number,
  first: number,
): Pick<Signature, "parameters" | "slots" | "is_variadic"> {
  const parameters: Parameter[] = [];
  let slot = 0, is_variadic = false;
  for (let i = first; i < btf.memberCount(prototype); i++) {
    const type_id = btf.extra(prototype, 2 * i + 1);
    if (type_id === 0) {
      is_variadic = true;
      break;
    }
    const slots = slotsOf(btf, type_id);
    const name = btf.text(btf.extra(prototype, 2 * i)) || `arg${i - first}`;
    parameters.push({ name, type: typeText(btf, type_id), type_id, slot, slots });
    slot += slots;
  }
  return { parameters, slots: slot, is_variadic };
}

function slotsOf(btf: Btf, type_id: number): 0 | 1 | 2 {
  const bytes = sizeOf(btf, type_id);
  if (bytes <= SLOT_BYTES) return 1;
  if (!isCompound(btf, bareType(btf, type_id))) return 2; // __int128
  return bytes <= MAX_STRUCT_BYTES ? 2 : 0;
}
