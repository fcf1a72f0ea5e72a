/** Where bpftool says that members are: another reader of BTF than ours. */

interface BpftoolType {
  readonly id: number;
  readonly kind: string;
  readonly name: string;
  readonly members?: readonly BpftoolMember[];
}

interface BpftoolMember {
  readonly name: string;
  readonly type_id: number;
  readonly bits_offset: number;
  readonly bitfield_size?: number;
}

/** `[bit offset]`, or `[bit offset, bits]` for a bit field; without members that this kernel does not have. */
export type Offsets = Record<string, Record<string, number[]>>;

/** @param file raw BTF, or an ELF file with it */
export async function bpftoolOffsets(
  file: string,
  wanted: Readonly<Record<string, readonly string[]>>,
): Promise<Offsets> {
  const args = ["-j", "btf", "dump", "file", file, "format", "raw"];
  const { code, stdout, stderr } = await new Deno.Command("bpftool", { args, stdout: "piped", stderr: "piped" })
    .output();
  if (code !== 0) throw new Error(`bpftool: ${new TextDecoder().decode(stderr)}`);
  const { types }: { types: readonly BpftoolType[] } = JSON.parse(new TextDecoder().decode(stdout));
  const by_id = new Map(types.map((type) => [type.id, type]));
  const offsets: Offsets = {};
  for (const [struct, names] of Object.entries(wanted)) {
    const type = types.find(({ kind, name }) => kind === "STRUCT" && name === struct);
    if (type === undefined) continue;
    const found = new Map(flatMembers(by_id, type, 0));
    offsets[struct] = Object.fromEntries(names.flatMap((name) => {
      const at = found.get(name);
      return at === undefined ? [] : [[name, at]];
    }));
  }
  return offsets;
}

/** Members of anonymous structs and unions are those of the struct around them. */
function flatMembers(types: ReadonlyMap<number, BpftoolType>, struct: BpftoolType, from: number): [string, number[]][] {
  return (struct.members ?? []).flatMap(({ name, type_id, bits_offset, bitfield_size = 0 }) => {
    const at = from + bits_offset;
    if (name !== "(anon)") return [[name, bitfield_size === 0 ? [at] : [at, bitfield_size]] as [string, number[]]];
    const inner = types.get(type_id);
    return inner === undefined ? [] : flatMembers(types, inner, at);
  });
}
