#!/usr/bin/env bash
# Fails unless a libbpf.so (default: build/libbpf.so) loads on every host that has glibc 2.28: it may need libc.so.6
# alone, on arm64 also the dynamic linker (which has the stack protector's guard there), symbols of GLIBC_2.28 at most,
# and export only what libbpf's version script names.
set -euo pipefail
root=$(readlink -f "$0") && root=${root%/scripts/*}
. "$root/scripts/common.sh"

newest=2.28
library=${1:-$build/libbpf.so}
[ -r "$library" ] || die "Cannot check $library: it does not exist. Run scripts/build-libbpf.sh."

needed=$(readelf --dynamic --wide "$library" | sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p' | grep -vxE 'libc\.so\.6|ld-linux-aarch64\.so\.1' || true)
[ -z "$needed" ] || die "$library needs more than libc.so.6:" $needed

symbols=$(readelf --dyn-syms --wide "$library")
imports=$(awk '$7 == "UND" && $8 ~ /@/ { print $8 }' <<<"$symbols")
[ -n "$imports" ] || die "Cannot check $library: readelf shows no versioned import."
too_new=$(while IFS=@ read -r name version; do
  version=${version#@}
  case $version in
    GLIBC_*) [ "$(printf '%s\n' "${version#GLIBC_}" "$newest" | sort -V | tail -1)" = "$newest" ] || echo "$name@$version" ;;
    *) echo "$name@$version" ;;
  esac
done <<<"$imports")
[ -z "$too_new" ] || die "$library needs symbols newer than GLIBC_$newest; define them in scripts/libbpf-compat.c:" $too_new

foreign=$(awk '$7 != "UND" && $5 == "GLOBAL" && $8 !~ /@@?LIBBPF_/ && $8 !~ /^LIBBPF_/ { print $8 }' <<<"$symbols")
[ -z "$foreign" ] || die "$library exports symbols that are not libbpf's:" $foreign
