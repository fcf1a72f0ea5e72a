#!/usr/bin/env bash
# Compiles every bpf/<name>.bpf.c to build/bpf/<name>.bpf.o when it is stale; DWARF stripped, BTF kept.
# Needs build/include (scripts/build-libbpf.sh).
set -euo pipefail
root=$(readlink -f "$0") && root=${root%/scripts/*}
. "$root/scripts/common.sh"

case $(uname -m) in
  x86_64) arch=x86 ;;
  aarch64) arch=arm64 ;;
  *) die "Cannot compile BPF programs for $(uname -m): only x86_64 and aarch64 are supported." ;;
esac
[ -e "$build/include/bpf/bpf_helpers.h" ] || die "Cannot compile bpf/: libbpf's headers are missing. Run scripts/build-libbpf.sh."

# ISA v2: the oldest kernels that ktriage runs on verify v3 objects less reliably than these.
# The C library's headers (types of linux/*.h) come after ours: libbpf's linux/bpf.h is the newer one.
flags=(-g -O2 -target bpf -mcpu=v2 -std=gnu11 -Wall -Werror "-D__TARGET_ARCH_$arch"
  "-I$build/include" "-I$root/bpf/include" -idirafter "/usr/include/$(uname -m)-linux-gnu")

# An object is stale when any header or this script is newer: they are few, and compile in a second.
newest=$(ls -t "$root"/bpf/include/*.h "$build/include/bpf/bpf_helpers.h" "$root/scripts/build-bpf.sh" | head -1)
mkdir -p "$build/bpf"
for object in "$build"/bpf/*.bpf.o; do
  [ -e "$root/bpf/$(basename "$object" .o).c" ] || rm -f "$object"
done
compile() {
  clang "${flags[@]}" -c "$1" -o "$2.new"
  llvm-strip -g "$2.new"
  mv "$2.new" "$2"
}
jobs=()
for source in "$root"/bpf/*.bpf.c; do
  object=$build/bpf/$(basename "$source" .c).o
  if [ ! "$object" -nt "$source" ] || [ ! "$object" -nt "$newest" ]; then
    compile "$source" "$object" &
    jobs+=($!)
  fi
done
for job in "${jobs[@]}"; do wait "$job"; done
