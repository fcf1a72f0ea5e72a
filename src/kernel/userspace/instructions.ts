/**
 * Where instructions begin. A breakpoint inside of one changes what the program does, and the kernel cannot tell: it
 * checks that the bytes there would be an instruction, not that they are one.
 */

/**
 * What follows an opcode of x86-64 in 64-bit mode (Intel SDM volume 2, appendix A), one line for 16 opcodes:
 * `.` nothing, `m` ModRM, `b` ModRM and 1 byte, `z` ModRM and 4 bytes (2 with 66), `1` `2` `3` that many bytes,
 * `4` 4 bytes (2 with 66), `r` 4 bytes always, `v` as 4, but 8 with REX.W, `o` an address, `t` `T` ModRM and for TEST
 * 1 or 4 bytes, `p` a prefix or another table, `-` no instruction.
 */
const ONE_BYTE = "mmmm14--mmmm14-p" + "mmmm14--mmmm14--" + "mmmm14p-mmmm14p-" + "mmmm14p-mmmm14p-" +
  "pppppppppppppppp" + "................" + "--pmpppp4z1b...." + "1111111111111111" +
  "bz-bmmmmmmmmmmmm" + "..........-....." + "oooo....14......" + "11111111vvvvvvvv" +
  "bb2.ppbz3.2..1-." + "mmmm---.mmmmmmmm" + "11111111rr-1...." + "p.pp..tT......mm";
const TWO_BYTES = "mmmm-.....-.-m.b" + "mmmmmmmmmmmmmmmm" + "mmmm----mmmmmmmm" + "........p-p-----" +
  "mmmmmmmmmmmmmmmm" + "mmmmmmmmmmmmmmmm" + "mmmmmmmmmmmmmmmm" + "bbbbmmm.mm--mmmm" +
  "rrrrrrrrrrrrrrrr" + "mmmmmmmmmmmmmmmm" + "...mbm--...mbmmm" + "mmmmmmmmmmbmmmmm" +
  "mmbmbbbm........" + "mmmmmmmmmmmmmmmm" + "mmmmmmmmmmmmmmmm" + "mmmmmmmmmmmmmmmm";
/** 1 to 3: after 0f, 0f 38 and 0f 3a, with VEX and EVEX too; 5 and 6: EVEX alone; 8 to 10: XOP of older AMD CPUs. */
const TABLES: Readonly<Record<number, string>> = {
  1: TWO_BYTES,
  ...Object.fromEntries(
    [[2, "m"], [3, "b"], [5, "m"], [6, "m"], [8, "b"], [9, "m"], [10, "z"]].map((
      [table, kind],
    ) => [table, `${kind}`.repeat(256)]),
  ),
};
const FIRST_XOP_TABLE = 8;

const LEGACY_PREFIXES = new Set([0x26, 0x2e, 0x36, 0x3e, 0x64, 0x65, 0x66, 0x67, 0xf0, 0xf2, 0xf3]);
const MAX_INSTRUCTION_BYTES = 15;
const ARM64_INSTRUCTION_BYTES = 4;

/**
 * The instruction that lies at `offset`, when one begins at the start of `code`: where it begins, and where the next
 * does. Undefined where the bytes before are no instructions.
 *
 * @param code from there to the offset, and some bytes more
 */
export function instructionAt(
  code: Uint8Array<ArrayBuffer>,
  offset: number,
  arch: typeof Deno.build.arch = Deno.build.arch,
): { readonly start: number; readonly end: number } | undefined {
  if (arch === "aarch64") {
    const start = offset - offset % ARM64_INSTRUCTION_BYTES;
    return { start, end: start + ARM64_INSTRUCTION_BYTES };
  }
  for (let start = 0;;) {
    const length = instructionLength(code, start);
    if (length === undefined) return undefined;
    if (start + length > offset) return { start, end: start + length };
    start += length;
  }
}

/** Bytes of the x86-64 instruction at `start`; undefined when there is none. */
export function instructionLength(code: Uint8Array<ArrayBuffer>, start: number): number | undefined {
  let at = start, narrow = false, short_address = false, wide = false;
  const byte = (index: number): number => code[index] ?? 0;
  for (; LEGACY_PREFIXES.has(byte(at)) && at - start < MAX_INSTRUCTION_BYTES; at++) {
    narrow ||= byte(at) === 0x66;
    short_address ||= byte(at) === 0x67;
  }
  if ((byte(at) & 0xf0) === 0x40) wide = (byte(at++) & 8) !== 0;
  const opcode = readOpcode(byte, at);
  if (opcode === undefined) return undefined;
  at = opcode.end;
  const kind = opcode.kind;
  if ("mbztT".includes(kind)) {
    const is_test = "tT".includes(kind) && (byte(at) >> 3 & 7) < 2;
    at += addressBytes(byte, at);
    if (kind === "b" || is_test && kind === "t") at += 1;
    if (kind === "z" || is_test && kind === "T") at += narrow ? 2 : 4;
  } else if (kind === "4") at += narrow ? 2 : 4;
  else if (kind === "v") at += wide ? 8 : narrow ? 2 : 4;
  else if (kind === "r") at += 4;
  else if (kind === "o") at += short_address ? 4 : 8;
  else if (kind !== ".") at += Number(kind);
  return at > code.length || at - start > MAX_INSTRUCTION_BYTES ? undefined : at - start;
}

/** @returns what follows the opcode, and where */
function readOpcode(
  byte: (at: number) => number,
  at: number,
): { readonly kind: string; readonly end: number } | undefined {
  const first = byte(at);
  const [table, end] = first === 0x0f
    ? afterEscape(byte, at)
    : first === 0xc5
    ? [1, at + 2]
    : first === 0xc4 || first === 0x8f && (byte(at + 1) & 0x1f) >= FIRST_XOP_TABLE
    ? [byte(at + 1) & 0x1f, at + 3]
    : first === 0x62
    ? [byte(at + 1) & 7, at + 4]
    : [0, at];
  const kind = (table === 0 ? ONE_BYTE : TABLES[table] ?? "")[byte(end)];
  return kind === undefined || kind === "-" || kind === "p" ? undefined : { kind, end: end + 1 };
}

function afterEscape(byte: (at: number) => number, at: number): [table: number, end: number] {
  const second = byte(at + 1);
  return second === 0x38 ? [2, at + 2] : second === 0x3a ? [3, at + 2] : [1, at + 1];
}

/** ModRM, and the SIB and displacement that it asks for. */
function addressBytes(byte: (at: number) => number, at: number): number {
  const mode = byte(at) >> 6, base = byte(at) & 7;
  if (mode === 3) return 1;
  const has_sib = base === 4;
  const far = mode === 2 || mode === 0 && (base === 5 || has_sib && (byte(at + 1) & 7) === 5);
  return 1 + (has_sib ? 1 : 0) + (far ? 4 : mode === 1 ? 1 : 0);
}
