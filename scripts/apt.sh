# shellcheck disable=SC2154 shell=bash
# Sourced by bash scripts that fetch from Debian, after common.sh: apt with a folder of its own, so that any suite of the
# mirror that this host uses can be asked while the system's lists stay as they are.

# Sets debian_main and debian_security: the mirrors that apt already uses for this release of Debian and for its security
# updates, whatever other sources the host has.
find_debian_mirrors() {
  local codename targets
  [ -z "${debian_main:-}" ] || return 0
  codename=$(. /etc/os-release && echo "${VERSION_CODENAME:-}")
  targets=$(apt-get indextargets --format '$(SITE) $(RELEASE)')
  debian_main=$(awk -v c="$codename" '
    $2 == c { print $1; found = 1; exit }
    $2 !~ /security/ && !other { other = $1 }
    END { if (!found) print other }' <<<"$targets")
  debian_security=$(awk '$2 ~ /-security$/ { print $1; exit }' <<<"$targets")
  [ -n "$debian_main" ] || die "Cannot fetch from Debian: apt has no mirror. Add one to /etc/apt/sources.list."
  : "${debian_security:=$debian_main-security}"
}

# debian_source deb|deb-src main|security SUITE: a line for sources.list.
debian_source() {
  local site
  find_debian_mirrors
  [ "$2" = security ] && site=$debian_security || site=$debian_main
  echo "$1 [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $site $3 main"
}

# private_apt FOLDER COMMAND...: runs apt-get or apt-cache with FOLDER/sources.list, for this host's architecture or the
# one that $apt_architecture names.
private_apt() {
  local folder=$1 command=$2
  shift 2
  mkdir -p "$folder/lists/partial" "$folder/cache/archives/partial"
  [ -e "$folder/status" ] || : >"$folder/status"
  # The sandbox user could not write below root's cache.
  "$command" -qq -o APT::Sandbox::User=root ${apt_architecture:+-o "APT::Architecture=$apt_architecture" -o "APT::Architectures=$apt_architecture"} \
    -o "Dir::Etc::sourcelist=$folder/sources.list" -o Dir::Etc::sourceparts=- \
    -o "Dir::State::lists=$folder/lists" -o "Dir::State::status=$folder/status" -o "Dir::Cache=$folder/cache" \
    -o Acquire::Languages=none -o Acquire::IndexTargets::deb::DEP-11::DefaultEnabled=false \
    -o Acquire::Retries=3 -o Acquire::http::Timeout=20 -o Acquire::https::Timeout=20 "$@"
}
