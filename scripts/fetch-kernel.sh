#!/usr/bin/env bash
# Fetches Debian's newest kernel of a line and prints the folder that holds it, ready to boot:
#
#   scripts/fetch-kernel.sh 5.10|6.1|6.12|newest|arm64
#
# vmlinux (the ELF inside the package's bzImage, which boots seconds faster under emulation; of arm64 the package's
# image), initramfs.cpio (busybox and the modules that reach the root file system), release (as uname -r prints it).
# arm64 is 6.12 for that architecture, all others are for x86-64. The release is looked up in the
# lists of the mirror that apt uses, and kept outside the tree until there is a newer one. Without a network the one from
# last time serves.
set -euo pipefail
root=$(readlink -f "$0") && root=${root%/scripts/*}
. "$root/scripts/common.sh"
. "$root/scripts/apt.sh"

line=${1:-}
[[ $line =~ ^(5\.10|6\.1|6\.12|newest|arm64)$ ]] || die "Usage: scripts/fetch-kernel.sh 5.10|6.1|6.12|newest|arm64"
kernels=$cache/kernels
# Cloud kernels: half the size of the others, and all that a virtual machine needs.
version=$line flavour=cloud-amd64 apt=$kernels/apt busybox=busybox
if [ "$line" = arm64 ]; then
  version=6.12 flavour=cloud-arm64 apt=$kernels/apt-arm64 apt_architecture=arm64
  busybox=$("$root/scripts/fetch-arm64-root.sh")/bin/busybox
fi
# Lists as old as this are read again, in minutes.
lists_age=60

# Few and short lists first; the whole of Debian only where a line is in none of them.
suites=("security bullseye-security" "security bookworm-security" "security trixie-security" "main trixie-backports")
more_suites=("main bullseye" "main bookworm" "main trixie" "main sid")

# update_lists SUITE...: fails when the mirror cannot be reached; a suite that it does not have is left out. The lists
# that there are stay usable.
update_lists() {
  local suite
  mkdir -p "$apt"
  if [ "$(cat "$apt/suites" 2>/dev/null)" = "$*" ] && [ -n "$(find "$apt/suites" -mmin "-$lists_age")" ]; then return; fi
  rm -f "$apt/suites"
  for suite in "$@"; do debian_source deb "${suite% *}" "${suite#* }"; done >"$apt/sources.list"
  private_apt "$apt" apt-get -o APT::Update::Error-Mode=any update >"$apt/log" 2>&1 || grep -q "does not have a Release file" "$apt/log" || return 1
  echo "$*" >"$apt/suites"
}

# Prints the newest release of the line that the lists have whole. Up to 6.18 linux-image-RELEASE is all of it, after
# that it is linux-binary-RELEASE and linux-modules-RELEASE; what is not signed yet has -unsigned in its name.
newest_release() {
  local prefix='[7-9][.][0-9]+[.+]'
  [ "$version" = newest ] || prefix=${version//./[.]}[.]
  private_apt "$apt" apt-cache pkgnames linux- | awk -v prefix="$prefix" -v flavour="$flavour" '
    match($0, "^linux-(image|binary-unsigned|binary|modules)-" prefix ".*-" flavour) {
      release = $0; sub(/^linux-(image|binary-unsigned|binary|modules)-/, "", release); sub(/-unsigned$/, "", release)
      if (release !~ /-dbg$/) { seen[release]; parts[release] = parts[release] " " $0 }
    }
    END { for (r in seen) if (parts[r] ~ / linux-image-[^7-9]/ || (parts[r] ~ /linux-binary/ && parts[r] ~ /linux-modules/)) print r }' |
    sort -V | tail -n 1
}

# Downloads what there is of a release and unpacks it to a folder.
download() {
  local release=$1 to=$2 package available
  available=$(private_apt "$apt" apt-cache pkgnames linux-)
  mkdir -p "$to" "$work/packages"
  for package in "linux-image-$release" "linux-base-$release" "linux-binary-$release" "linux-binary-unsigned-$release" "linux-modules-$release"; do
    grep -qxF "$package" <<<"$available" || continue
    [ "$package" != "linux-binary-unsigned-$release" ] || ! grep -qxF "linux-binary-$release" <<<"$available" || continue
    (cd "$work/packages" && private_apt "$apt" apt-get download "$package") >"$apt/log" 2>&1 || return 1
  done
  for package in "$work"/packages/*.deb; do dpkg -x "$package" "$to"; done
}

# Prints the ELF inside a bzImage: its place stands in the header (Documentation/arch/x86/boot.rst). QEMU unpacks arm64's.
extract_vmlinux() {
  local image=$1 sectors offset length magic
  [ "$line" != arm64 ] || { cat "$image"; return; }
  number() { od -An "-t$1" "-j$2" "-N$3" "$image" | tr -d ' '; }
  sectors=$(number u1 $((0x1f1)) 1)
  offset=$(((sectors + 1) * 512 + $(number u4 $((0x248)) 4)))
  length=$(number u4 $((0x24c)) 4)
  magic=$(number x1 "$offset" 4)
  payload() { tail -c "+$((offset + 1))" "$image" | head -c "$length"; }
  # The last four bytes are the unpacked size, which no decompressor knows: what it has written by then is whole.
  case $magic in
    28b52ffd) payload | zstd -dcq ;;
    02214c18) payload | head -c -4 | lz4 -dcq ;;
    fd377a58) payload | xz -dcq --single-stream ;;
    1f8b*) payload | gzip -dcq ;;
    *) return 1 ;;
  esac 2>/dev/null || true
}

# The modules that a machine needs before it has its root, and the ones that these need, in order of loading.
modules_in_order() {
  local folder=$1 name
  for name in virtio_pci virtio_console overlay virtiofs; do
    grep -q "/${name//_/[-_]}\.ko" "$folder/modules.builtin" ||
      awk -v name="/${name//_/[-_]}[.]ko" -F: '$1 ~ name { n = split($2, needed, " "); while (n) print needed[n--]; print $1 }' "$folder/modules.dep"
  done | awk '!seen[$0]++'
}

# Prints the archive of busybox and modules; tests add the first process and what it is to do.
make_initramfs() {
  local release=$1 modules=$2 tree=$work/initramfs module name
  mkdir -p "$tree"/{bin,proc,sys,dev,modules,host,upper,root}
  cp "$(command -v "$busybox")" "$tree/bin/busybox"
  depmod -b "${modules%/lib/modules/*}" "$release" 2>/dev/null
  modules_in_order "$modules" | while read -r module; do
    name=$(basename "${module%%.ko*}").ko
    case $module in
      *.xz) xz -dc "$modules/$module" ;;
      *.zst) zstd -dcq "$modules/$module" ;;
      *) cat "$modules/$module" ;;
    esac >"$tree/modules/$name"
    echo "$name" >>"$tree/modules/order"
  done
  (cd "$tree" && find . | busybox cpio -o -H newc 2>/dev/null)
}

# Fetches a release and keeps it in the place of its line's older ones.
prepare() {
  local release=$1 unpacked=$work/unpacked made=$work/made image modules
  say "fetching Linux $release (Debian)"
  download "$release" "$unpacked" || { tail -n 5 "$apt/log" >&2; exit 1; }
  mkdir -p "$made"
  image=$(find "$unpacked" \( -name "vmlinuz-$release" -o -name vmlinuz -o -name vmlinuz.unsigned \) -type f | head -n 1)
  modules=$(find "$unpacked" -path "*/lib/modules/$release/kernel" -type d | head -n 1)
  [ -n "$image" ] && [ -n "$modules" ] || die "Cannot use Linux $release: its packages hold no vmlinuz or no modules."
  extract_vmlinux "$image" >"$made/vmlinux"
  [ "$line" = arm64 ] || [ "$(head -c 4 "$made/vmlinux" | tail -c 3)" = ELF ] || die "Cannot use Linux $release: there is no ELF in $image."
  make_initramfs "$release" "${modules%/kernel}" >"$made/initramfs.cpio"
  echo "$release" >"$made/release"
  # Older ones go, but not what another run may be about to boot.
  find "$kernels/$line" -mindepth 1 -maxdepth 1 -mmin +600 -exec rm -rf {} +
  mv "$made" "$kernels/$line/$release-$key"
}

mkdir -p "$kernels/$line"
exec 9>"$kernels/lock"
flock 9
key=$(sha256sum "$root/scripts/fetch-kernel.sh" | cut -c1-8)
kept=$(find "$kernels/$line" -mindepth 1 -maxdepth 1 -name "*-$key" | sort -V | tail -n 1)
work=$(mktemp -d "$kernels/work.XXXXXX")
trap 'rm -rf "$work"' EXIT
release=
if update_lists "${suites[@]}"; then
  release=$(newest_release)
  [ -n "$release" ] || ! update_lists "${suites[@]}" "${more_suites[@]}" || release=$(newest_release)
fi
if [ -n "$release" ] && [ ! -e "$kernels/$line/$release-$key" ]; then
  # In a shell of its own, where every command that fails ends it.
  prepare "$release" &
  wait $! || release=
fi
if [ -z "$release" ]; then
  [ -n "$kept" ] || die "Cannot get Linux $line: the mirror does not answer or has no such kernel, and none was kept from before. See $apt/log."
  say "the mirror does not answer or has no Linux $line: using $(cat "$kept/release") from before"
  release=$(cat "$kept/release")
fi
echo "$kernels/$line/$release-$key"
