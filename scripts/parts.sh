# shellcheck shell=bash
# Sourced by bash scripts that link somebody else's code: they record it where they do it, and scripts/components.ts makes
# `ktriage licenses` and the SBOM from that, so that neither can name what is not inside.

# part FOLDER VERSION SHA256 LICENCE...: records the component that FOLDER is named after.
part() {
  local to=$1
  mkdir -p "$to"
  printf '{"version": "%s", "sha256": "%s"}\n' "$2" "$3" >"$to/part.json"
  shift 3
  cp "$@" "$to/"
}

# debian_part FOLDER COMPILER LIBRARY PACKAGE: records a static library of Debian that COMPILER links, with Debian's notices.
debian_part() {
  local library root doc version
  library=$(readlink -f "$("$2" "-print-file-name=$3")")
  [ -e "$library" ] || die "Cannot record $3: $2 does not find it. Install $4 where it looks."
  root=${library%/usr/lib/*}
  doc=$root/usr/share/doc/$4
  if [ -n "$root" ]; then # unpacked by scripts/fetch-arm64-root.sh, where no dpkg knows of it
    version=$(zcat "$doc/changelog.Debian.gz" | sed -n '1s/^[^ ]* (\([^)]*\)).*/\1/p')
  else
    version=$(dpkg-query -W -f '${source:Version}' "$4")
  fi
  part "$1" "$version" "$(sha256sum "$library" | cut -d' ' -f1)" "$doc/copyright"
}

# gcc_part FOLDER COMPILER: records what COMPILER takes of GCC into whatever it links.
gcc_part() {
  local release
  release=$(dirname "$("$2" -print-file-name=libgcc.a)")
  debian_part "$1" "$2" libgcc.a "libgcc-${release##*/}-dev"
}
