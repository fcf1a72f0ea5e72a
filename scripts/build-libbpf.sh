#!/usr/bin/env bash
# Builds build/libbpf.so, with libelf and zlib inside, and build/include (libbpf's headers for the BPF C).
# With --arch arm64 build/arm64/libbpf.so instead, on any machine.
#
# The library needs nothing but libc, and of that nothing newer than glibc 2.28, so that one file serves every host.
# Sources are Debian's upstream tarballs, fetched through apt (signatures checked) with a private apt directory:
# the system's own lists stay as they are. The result is cached by the hash of what it is made from.
set -euo pipefail
root=$(readlink -f "$0") && root=${root%/scripts/*}
. "$root/scripts/common.sh"
. "$root/scripts/apt.sh"
. "$root/scripts/parts.sh"

suite=trixie
libbpf=libbpf-1.5.0 libbpf_sha256=53492aff6dd47e4da04ef5e672d753b9743848bdb38e9d90eafbe190b7983c44
elfutils=elfutils-0.192 elfutils_sha256=616099beae24aba11f9b63d86ca6cc8d566d968b802391334c91df54eab416b4
here=$root/scripts
key=$(cat "$here/build-libbpf.sh" "$here/parts.sh" "$here/libbpf-compat.c" | sha256sum | cut -c1-12)
case "$#:${1-}:${2-}" in
  0:*) arch=$(uname -m) to=$build compiler=clang ;;
  2:--arch:arm64) arch=aarch64 to=$build/arm64 compiler=$here/clang-arm64.sh ;;
  *) die "Usage: scripts/build-libbpf.sh [--arch arm64]" ;;
esac
made=$cache/$libbpf-$arch-$key

install_to_build() {
  mkdir -p "$to"
  rm -rf "$to/include"
  cp -R "$made/include" "$to/include"
  rm -rf "$to/parts"
  cp -R "$made/parts" "$to/parts"
  cp "$made/libbpf.so" "$to/libbpf.so.new"
  mv "$to/libbpf.so.new" "$to/libbpf.so" # never a half-written library, even for a reader at this moment
  echo "$key" >"$to/.libbpf"
}

fetch_sources() {
  local apt=$work/apt
  mkdir -p "$apt"
  debian_source deb-src main "$suite" >"$apt/sources.list"
  private_apt "$apt" apt-get update
  (cd "$cache/sources" && private_apt "$apt" apt-get source --download-only libbpf elfutils >/dev/null)
}

# Prints the path of a source tarball; fails when it is not there or not the one that this script was written for.
tarball() {
  local file
  for file in "$cache/sources/${1/-/_}.orig.tar."*[!c]; do
    case $file in *.asc) continue ;; esac
    echo "$2  $file" | sha256sum --check --status 2>/dev/null && echo "$file" && return
  done
  return 1
}

# What elfutils' configure would find on any Linux of these years; without zstd, as libbpf never meets such sections.
elfutils_config='#define _GNU_SOURCE 1
#define HAVE_DECL_MEMPCPY 1
#define HAVE_DECL_MEMRCHR 1
#define HAVE_DECL_POWEROF2 1
#define HAVE_DECL_RAWMEMCHR 1
#define HAVE_DECL_REALLOCARRAY 1
#define HAVE_ERROR_H 1
#define HAVE_ERR_H 1
#define HAVE_FALLTHROUGH 1
#define HAVE_GCC_STRUCT 1
#define HAVE_MREMAP 1
#define HAVE_STDATOMIC_H 1
#define HAVE_VISIBILITY 1
#define PACKAGE_NAME "elfutils"
#include <eu-config.h>'

# compile NAME FLAGS... -- FILES...: every file to $work/obj/NAME/*.o, all processors at once.
# The few thread-local bytes of libelf and libbpf are static TLS: __tls_get_addr would need the dynamic linker by name.
compile() {
  local name=$1 flags=()
  shift
  while [ "$1" != -- ]; do flags+=("$1"); shift; done
  shift
  mkdir -p "$work/obj/$name"
  printf '%s\n' "$@" | (cd "$work/obj/$name" && xargs -P "$(nproc)" -n 8 \
    "$compiler" -c -O2 -fPIC -ftls-model=initial-exec -fvisibility=hidden -ffunction-sections -w -D_LARGEFILE64_SOURCE -D_FILE_OFFSET_BITS=64 "${flags[@]}")
}

build_library() {
  local elf=$work/$elfutils bpf=$work/$libbpf header
  tar -xf "$(tarball "$elfutils" "$elfutils_sha256")" -C "$work" "$elfutils/libelf" "$elfutils/lib"
  tar -xf "$(tarball "$libbpf" "$libbpf_sha256")" -C "$work" "$libbpf/src" "$libbpf/include"
  printf '%s\n' "$elfutils_config" >"$elf/config.h"
  compile elf -std=gnu99 -DHAVE_CONFIG_H -D_GNU_SOURCE "-I$elf" "-I$elf/lib" "-I$elf/libelf" -- "$elf"/libelf/*.c "$elf/lib/eu-search.c"
  compile bpf -std=gnu89 "-I$elf/libelf" "-I$bpf/src" "-I$bpf/include" "-I$bpf/include/uapi" -- "$bpf"/src/*.c
  compile compat -- "$here/libbpf-compat.c"
  "$compiler" -shared -o "$work/libbpf.so" -Wl,-soname,libbpf.so.1 "-Wl,--version-script=$bpf/src/libbpf.map" \
    -Wl,--gc-sections -Wl,--no-undefined -s "$work"/obj/*/*.o -l:libz.a
  mkdir -p "$work/include/bpf" "$work/include/linux"
  for header in bpf_helpers bpf_helper_defs bpf_tracing bpf_core_read bpf_endian usdt.bpf \
    bpf libbpf btf libbpf_common libbpf_legacy libbpf_version; do
    cp "$bpf/src/$header.h" "$work/include/bpf/"
  done
  # The kernel's own BPF headers of libbpf's age: Debian's are too old for some of the helpers' types.
  cp "$bpf"/include/uapi/linux/{bpf,bpf_common,btf}.h "$work/include/linux/"
  record_parts
}

record_parts() {
  local elf=$work/$elfutils parts=$work/parts
  tar -xf "$(tarball "$elfutils" "$elfutils_sha256")" -C "$work" "$elfutils"/COPYING{,-LGPLV3}
  tar -xf "$(tarball "$libbpf" "$libbpf_sha256")" -C "$work" "$libbpf/LICENSE.BSD-2-Clause"
  part "$parts/libbpf" "${libbpf#*-}" "$libbpf_sha256" "$work/$libbpf/LICENSE.BSD-2-Clause"
  part "$parts/libelf" "${elfutils#*-}" "$elfutils_sha256" "$elf"/COPYING{,-LGPLV3}
  debian_part "$parts/zlib" "$compiler" libz.a zlib1g-dev
  gcc_part "$parts/libgcc" "$compiler"
}

[ "$(cat "$to/.libbpf" 2>/dev/null)" != "$key" ] || [ ! -e "$to/libbpf.so" ] || exit 0
mkdir -p "$cache/sources"
exec 9>"$cache/libbpf.lock"
flock 9
if [ ! -e "$made/libbpf.so" ]; then
  work=$(mktemp -d "$cache/libbpf.XXXXXX")
  trap 'rm -rf "$work"' EXIT
  say "building $libbpf for $arch (once, about 20 s)"
  if ! tarball "$libbpf" "$libbpf_sha256" >/dev/null || ! tarball "$elfutils" "$elfutils_sha256" >/dev/null; then
    fetch_sources
    tarball "$libbpf" "$libbpf_sha256" >/dev/null && tarball "$elfutils" "$elfutils_sha256" >/dev/null ||
      die "Cannot build $libbpf: Debian $suite no longer has $libbpf and $elfutils. Update the versions in scripts/build-libbpf.sh."
  fi
  build_library
  "$here/check-libbpf.sh" "$work/libbpf.so"
  mkdir -p "$work/made"
  mv "$work/libbpf.so" "$work/include" "$work/parts" "$work/made/"
  rm -rf "$made"
  mv "$work/made" "$made"
fi
install_to_build
