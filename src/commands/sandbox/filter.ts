/** A seccomp filter: rules about system calls as the kernel's classic BPF program. */
import { AUDIT_ARCH, callNumber, LAST_KNOWN_CALL, type SystemCall } from "../../ffi/system_calls.ts";

/** What happens to a call that a rule is about; `ask`: whoever holds the filter's listener decides. */
export type Action = { readonly errno: number } | "ask";

/** About the low or the high half of one argument, after `mask`. */
export interface Test {
  readonly argument: number;
  readonly half?: "low" | "high";
  readonly mask?: number;
  readonly is: "in" | "not_in";
  readonly values: readonly number[];
}

/** Applies when all tests hold; the first rule that applies decides, and without one the call is allowed. */
export interface Rule {
  readonly calls: readonly SystemCall[];
  readonly action: Action;
  readonly tests?: readonly Test[];
}

/** include/uapi/linux/filter.h, bpf_common.h, seccomp.h */
const LOAD = 0x20, AND = 0x54, JUMP = 0x05, JUMP_EQUAL = 0x15, JUMP_GREATER = 0x25, RETURN = 0x06;
const RETURN_KILL = 0x8000_0000, RETURN_ERRNO = 0x0005_0000, RETURN_ASK = 0x7fc0_0000, RETURN_ALLOW = 0x7fff_0000;
/** struct seccomp_data */
const NUMBER_AT = 0, ARCH_AT = 4, ARGUMENTS_AT = 16;
const ENOSYS = 38;
const MAXIMUM_INSTRUCTIONS = 4096;

interface Instruction {
  readonly code: number;
  readonly value: number;
  readonly if_true?: number;
  readonly if_false?: number;
}

/**
 * Compiles rules to an array of struct sock_filter.
 *
 * A process of another architecture (32 bit on a 64-bit kernel) is killed, since its calls have other numbers; calls that
 * are younger than the table do not exist for the program.
 *
 * @throws {RangeError} too many rules
 */
export function compileFilter(rules: readonly Rule[]): Uint8Array<ArrayBuffer> {
  const instructions: Instruction[] = [
    { code: LOAD, value: ARCH_AT },
    { code: JUMP_EQUAL, value: AUDIT_ARCH, if_true: 1 },
    { code: RETURN, value: RETURN_KILL },
    { code: LOAD, value: NUMBER_AT },
    // x32 as well: its numbers begin at 0x40000000
    { code: JUMP_GREATER, value: LAST_KNOWN_CALL, if_false: 1 },
    { code: RETURN, value: RETURN_ERRNO | ENOSYS },
    ...rules.flatMap(compileRule),
    { code: RETURN, value: RETURN_ALLOW },
  ];
  if (instructions.length > MAXIMUM_INSTRUCTIONS) throw new RangeError(`${instructions.length} instructions`);
  return encode(instructions);
}

function compileRule({ calls, action, tests = [] }: Rule): Instruction[] {
  const body = compileBody(action, tests);
  return calls.flatMap((name) => {
    const number = callNumber(name);
    return number === undefined ? [] : [{ code: JUMP_EQUAL, value: number, if_false: body.length }, ...body];
  });
}

/** Ends behind itself, with the call's number loaded again, when a test does not hold. */
function compileBody(action: Action, tests: readonly Test[]): Instruction[] {
  const verdict = { code: RETURN, value: action === "ask" ? RETURN_ASK : RETURN_ERRNO | action.errno };
  if (tests.length === 0) return [verdict];
  return [...tests.reduceRight((rest, test) => [...compileTest(test, rest.length), ...rest], [verdict]), {
    code: LOAD,
    value: NUMBER_AT,
  }];
}

/** @param rest length of what runs when the test holds, and is jumped over when not */
function compileTest({ argument, half = "low", mask, is, values }: Test, rest: number): Instruction[] {
  const load = { code: LOAD, value: ARGUMENTS_AT + 8 * argument + (half === "high" ? 4 : 0) };
  const and = mask === undefined ? [] : [{ code: AND, value: mask }];
  const compared = values.map((value, i) => {
    const left = values.length - 1 - i;
    return { code: JUMP_EQUAL, value, if_true: is === "in" ? left + 1 : left + rest };
  });
  return [load, ...and, ...compared, ...(is === "in" ? [{ code: JUMP, value: rest }] : [])];
}

function encode(instructions: readonly Instruction[]): Uint8Array<ArrayBuffer> {
  const view = new DataView(new ArrayBuffer(8 * instructions.length));
  instructions.forEach(({ code, value, if_true = 0, if_false = 0 }, i) => {
    if (if_true > 0xff || if_false > 0xff) throw new RangeError("a rule is longer than a jump");
    view.setUint16(8 * i, code, true);
    view.setUint8(8 * i + 2, if_true);
    view.setUint8(8 * i + 3, if_false);
    view.setUint32(8 * i + 4, value, true);
  });
  return new Uint8Array(view.buffer);
}
