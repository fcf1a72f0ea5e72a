/** Stacks that a tool's object kept (bpf/include/tool_stacks.h), with names. */
import { kernelAddresses, type KernelPlace } from "../../kernel/functions/addresses.ts";
import { UserAddresses, type UserPlace } from "../../kernel/userspace/addresses.ts";
import { isHostId } from "../engine/process_ids.ts";
import { sumOf, type ToolObject } from "./object.ts";

const STACK_DEPTH = 64;
const LOST_STACK = -2, MORE_STACKS = 1 << 24;
/** Frames that are shown of each side: the innermost tell what is done, the others who asked for it. */
const SHOWN_FRAMES = 16;

/** Numbers of stacks as the kernel gave them; below 0 there is none. */
export interface StackIds {
  readonly tgid: number;
  readonly user_stack: number;
  readonly kernel_stack: number;
}

/** Innermost first, the kernel's before the program's. */
export interface NamedStack {
  readonly frames: readonly string[];
  /** The frames in one line. */
  readonly text: string;
}

export class Stacks {
  readonly #object: ToolObject;
  readonly #users = new UserAddresses();
  #kernel: ((address: bigint) => KernelPlace | undefined) | undefined;
  #unnamed = 0;
  #hidden_kernel = false;

  constructor(object: ToolObject) {
    this.#object = object;
  }

  /** A process that may have ended when its stacks are named: what it has mapped is remembered now. */
  note(tgid: number): void {
    if (tgid !== 0 && !isHostId(tgid)) this.#users.note(tgid);
  }

  /** Names of all stacks, in the order of the ids. Files and kallsyms are read once for all. */
  async name(ids: readonly StackIds[]): Promise<NamedStack[]> {
    for (const { tgid, user_stack } of ids) if (user_stack >= 0) this.note(tgid);
    const users = await this.#userFrames(ids);
    return ids.map(({ kernel_stack, user_stack }, i) => {
      const kernel = kernel_stack === LOST_STACK
        ? ["unknown [kernel: no room for the stack]"]
        : this.#kernelFrames(kernel_stack);
      const user = user_stack === LOST_STACK ? ["unknown (no room for the stack)"] : users[i] ?? [];
      const frames = [...kernel, ...user];
      return { frames, text: [...shown(kernel), ...shown(user)].join(" < ") };
    });
  }

  /** What a reader must know of the names. */
  get notes(): string[] {
    const lost = sumOf(this.#object.perCpu("lost_stacks", 8), 0);
    return [
      ...(lost > 0 ? [`${lost} stacks found no room and are unknown`] : []),
      ...(this.#hidden_kernel ? ["the kernel hides its addresses (kernel.kptr_restrict): its frames are unknown"] : []),
      ...(this.#unnamed > 0
        ? [
          `${this.#unnamed} frames of programs are unknown: stripped, ended or made at run time; of programs built without ` +
          "frame pointers the callers may be missing",
        ]
        : []),
    ];
  }

  async #userFrames(ids: readonly StackIds[]): Promise<readonly (readonly string[])[]> {
    const asked: { readonly pid: number; readonly address: bigint }[] = [];
    const slots = ids.map(({ tgid, user_stack }) => {
      const addresses = this.#addresses(user_stack);
      const from = asked.length;
      // a return address lies behind the call, perhaps in the next function already; the innermost one is exact
      for (const [i, address] of addresses.entries()) {
        asked.push({ pid: tgid, address: i === 0 ? address : address - 1n });
      }
      return { from, to: asked.length };
    });
    const places = await this.#users.resolve(asked);
    this.#unnamed += places.filter(({ name }) => name === undefined).length;
    return slots.map(({ from, to }) => places.slice(from, to).map(userText));
  }

  #kernelFrames(stack: number): string[] {
    const addresses = this.#addresses(stack);
    if (addresses.length === 0) return [];
    this.#kernel ??= kernelAddresses(readKallsyms());
    const frames = addresses.map((address, i) => this.#kernel?.(i === 0 ? address : address - 1n));
    this.#hidden_kernel ||= frames.every((frame) => frame === undefined);
    return frames.map(kernelText);
  }

  #addresses(stack: number): bigint[] {
    if (stack < 0) return [];
    const value = (stack & MORE_STACKS) === 0
      ? this.#object.value("stacks", stack, STACK_DEPTH * 8)
      : this.#object.value("more_stacks", stack & ~MORE_STACKS, STACK_DEPTH * 8);
    const addresses: bigint[] = [];
    for (let i = 0; value !== undefined && i < STACK_DEPTH; i++) {
      const address = value.getBigUint64(i * 8, true);
      if (address === 0n) break;
      addresses.push(address);
    }
    return addresses;
  }
}

function readKallsyms(): string {
  try {
    return Deno.readTextFileSync("/proc/kallsyms");
  } catch {
    return ""; // a kernel without symbols, or not for this user: every frame is unknown
  }
}

function kernelText(place: KernelPlace | undefined): string {
  if (place === undefined) return "unknown [kernel]";
  return `${place.name} [${place.module ?? "kernel"}]`;
}

function userText({ name, file, why }: UserPlace): string {
  if (name !== undefined) return file === undefined || file === name ? name : `${name} (${file})`;
  return `unknown (${[file, why].filter((part) => part !== undefined).join(": ")})`;
}

function shown(frames: readonly string[]): string[] {
  const more = frames.length - SHOWN_FRAMES;
  return more > 0 ? [...frames.slice(0, SHOWN_FRAMES), `… ${more} more`] : [...frames];
}
