#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# hocket on a fresh Debian: see `./dev --help`, fresh. Needs root.
#
#   $HOCKET_FRESH/SUITE.tar     the base system, made by debootstrap once
#   $HOCKET_FRESH/SUITE.clone   unpacked anew for each run, with a clone of HEAD; left to be looked at when that fails
#   $HOCKET_FRESH/SUITE         kept, for --exec
#
# Everything inside runs in mount and process namespaces of its own: what is mounted there, and what was started there, is
# gone when the command ends, however it ends; and no folder is removed while something is mounted in it.
set -euo pipefail

repository=$(dirname "$(readlink -f "$0")")/../..
repository=$(readlink -f "$repository")
suite=$1
shift
base=${HOCKET_FRESH:-/var/tmp/hocket-fresh}
mkdir -p "$base"

say() { echo "fresh $suite: $*" >&2; }

# The mirror that this machine uses for Debian, and for its security updates.
mirror() {
    cat /etc/apt/sources.list /etc/apt/sources.list.d/*.{list,sources} 2>/dev/null | grep -v '^ *#' |
        grep -oE 'https?://[^ ]+' | grep -E "$1" | head -n 1 || true
}
debian=$(mirror '/debian/?$')
debian=${debian:-http://deb.debian.org/debian}
security=$(mirror '/debian-security/?$')
security=${security:-http://deb.debian.org/debian-security}

make_base() {
    [[ ! -f $base/$suite.tar ]] || return 0
    say "debootstrap from $debian"
    local new=$base/$suite.new
    remove "$new"
    debootstrap --variant=minbase --include=ca-certificates "$suite" "$new" "$debian" >"$base/$suite.log" 2>&1 ||
        { tail -n 20 "$base/$suite.log" >&2; return 1; }
    tar -C "$new" --exclude='./var/cache/apt/archives/*.deb' -cf "$base/$suite.tar.new" .
    mv "$base/$suite.tar.new" "$base/$suite.tar"
    remove "$new"
}

remove() {
    if grep -qE " $1(/| )" /proc/self/mountinfo; then
        say "something is mounted in $1: not removing it"
        return 1
    fi
    rm -rf --one-file-system "$1"
}

# unpack ROOT: the base system, with this machine's resolver, certificates and apt configuration, adapted to the suite.
unpack() {
    remove "$1"
    mkdir -p "$1"
    tar -C "$1" -xf "$base/$suite.tar"
    cp -L /etc/resolv.conf "$1/etc/resolv.conf"
    cp -n /etc/hosts "$1/etc/hosts" 2>/dev/null || true
    # Proxies, time-outs, checks that are off; not the hooks, which call programs that are not there.
    apt-config dump | grep -E '^Acquire::' | grep -vE '^Acquire::(IndexTargets|Languages)' >"$1/etc/apt/apt.conf.d/99host" || true
    for folder in /etc/apt/auth.conf.d /etc/apt/keyrings /usr/share/keyrings /usr/local/share/ca-certificates; do
        [[ ! -d $folder ]] || { mkdir -p "$1$folder" && cp -rn "$folder/." "$1$folder/"; } 2>/dev/null || true
    done
    rm -f "$1"/etc/apt/sources.list
    cat >"$1/etc/apt/sources.list.d/debian.sources" <<SOURCES
Types: deb
URIs: $debian
Suites: $suite $suite-updates
Components: main
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg

Types: deb
URIs: $security
Suites: $suite-security
Components: main
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg
SOURCES
    chroot "$1" update-ca-certificates >/dev/null 2>&1 || true
    printf '[safe]\n\tdirectory = *\n' >"$1/root/.gitconfig"  # the work tree may be another user's
}

# inside ROOT COMMAND: runs it there, in namespaces of its own, with the work tree at /worktree, read-only.
inside() {
    local root=$1 variables=() name
    for name in http_proxy https_proxy ftp_proxy no_proxy HTTP_PROXY HTTPS_PROXY NO_PROXY ALL_PROXY CI HOCKET_JOBS HOCKET_PRESET \
        HOCKET_TEST_BACKENDS; do
        [[ -z ${!name-} ]] || variables+=("$name=${!name}")
    done
    unshare --mount --pid --fork --kill-child --propagation private bash -euc '
        mkdir -p "$1/worktree"
        mount --bind "$2" "$1/worktree"
        mount -o remount,ro,bind "$1/worktree"
        mount -t proc proc "$1/proc"
        mount --rbind /sys "$1/sys"
        mount --rbind /dev "$1/dev"
        exec chroot "$1" "${@:4}" bash -euo pipefail -c "$3"
    ' fresh "$root" "$repository" "$2" \
        env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LANG=C.UTF-8 TERM="${TERM:-dumb}" "${variables[@]}"
}

exec 9>"$base/$suite.lock"

if [[ ${1-} == --exec ]]; then
    flock 9
    if [[ ! -f $base/$suite/prepared ]]; then
        make_base
        unpack "$base/$suite"
        inside "$base/$suite" "cd /worktree && ./dev setup"
        touch "$base/$suite/prepared"
    fi
    flock -u 9
    inside "$base/$suite" "export HOCKET_BUILD=/build$repository; cd /worktree; $2"
    exit
fi
[[ $# -eq 0 ]] || { say "what is '$1'?"; exit 2; }

flock -n 9 || { say "another run holds $base/$suite"; exit 1; }
start=$SECONDS
make_base
root=$base/$suite.clone
unpack "$root"
# The tree may be another user's. `git -c` would not reach the process that serves the clone; this variable does.
export GIT_CONFIG_GLOBAL=$root/root/.gitconfig
git clone --quiet --depth 1 "file://$repository" "$root/hocket"
commit=$(git -C "$root/hocket" rev-parse --short HEAD)

log=$base/$suite.clone.log
verdict=green
inside "$root" "cd /hocket && ./dev run && ./dev test" </dev/null 2>&1 | tee "$log" || verdict=RED
compiler=$(grep -hoE 'The CXX compiler identification is .*' "$log" | head -n 1 | sed 's/.* is //') || true
summary=$(grep -hoE '[0-9]+ ok, [0-9]+ failed|[0-9]+% tests passed, .*' "$log" | paste -sd ';' | sed 's/;/; /g') || true
say "$verdict: commit $commit, ${compiler:-no compiler}, ${summary:-nothing ran} ($((SECONDS - start)) s)"
[[ $verdict == green ]] || exit 1
remove "$root"
