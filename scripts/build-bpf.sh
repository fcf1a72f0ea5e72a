#!/usr/bin/env bash
# Compiles every bpf/<name>.bpf.c to build/bpf/<name>.bpf.o, and every bpf/tools/<name>.bpf.c to build/bpf/tool_<name>.bpf.o,
# when it is stale; DWARF stripped, BTF kept.
# With --arch arm64 or --arch x86 for another machine: to build/<arch>/bpf. Needs build/include (scripts/build-libbpf.sh).
set -euo pipefail
root=$(readlink -f "$0") && root=${root%/scripts/*}
. "$root/scripts/common.sh"

case ${1-} in
  '') arch=$(uname -m) objects=$build/bpf ;;
  --arch) arch=${2-} objects=$build/$arch/bpf ;;
  *) die "Usage: scripts/build-bpf.sh [--arch x86|arm64]" ;;
esac
case $arch in
  x86_64 | x86) arch=x86 ;;
  aarch64 | arm64) arch=arm64 ;;
  *) die "Cannot compile BPF programs for $arch: only x86_64 and aarch64 are supported." ;;
esac
[ -e "$build/include/bpf/bpf_helpers.h" ] || die "Cannot compile bpf/: libbpf's headers are missing. Run scripts/build-libbpf.sh."

# ISA v2: the oldest kernels that ktriage runs on verify v3 objects less reliably than these.
# The C library's headers (types of linux/*.h, alike on both machines) come after ours: libbpf's linux/bpf.h is the newer one.
flags=(-g -O2 -fdebug-compilation-dir=. -target bpf -mcpu=v2 -std=gnu11 -Wall -Werror "-D__TARGET_ARCH_$arch"
  -Ibuild/include -Ibpf/include -idirafter "/usr/include/$(uname -m)-linux-gnu")

# An object is stale when any header or this script is newer: they are few, and compile in a second.
newest=$(ls -t "$root"/bpf/include/*.h "$build/include/bpf/bpf_helpers.h" "$root/scripts/build-bpf.sh" | head -1)
mkdir -p "$objects"
# object_of bpf/tools/dns.bpf.c: tool_dns.bpf.o
object_of() {
  local name
  name=$(basename "$1" .c).o
  case $1 in */tools/*) echo "tool_$name" ;; *) echo "$name" ;; esac
}
sources=("$root"/bpf/*.bpf.c "$root"/bpf/tools/*.bpf.c)
wanted=" $(for source in "${sources[@]}"; do object_of "$source"; done | tr '\n' ' ')"
for object in "$objects"/*.bpf.o; do
  [[ $wanted == *" ${object##*/} "* ]] || rm -f "$object"
done
# With relative paths: BTF names the files of the source lines, and an object is the same wherever it is compiled.
compile() {
  (cd "$root" && clang "${flags[@]}" -c "${1#"$root/"}" -o "$2.new")
  llvm-strip -g "$2.new"
  mv "$2.new" "$2"
}
jobs=()
for source in "${sources[@]}"; do
  object=$objects/$(object_of "$source")
  if [ ! "$object" -nt "$source" ] || [ ! "$object" -nt "$newest" ]; then
    compile "$source" "$object" &
    jobs+=($!)
  fi
done
for job in "${jobs[@]}"; do wait "$job"; done
