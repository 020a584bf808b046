#!/bin/sh
# Install what some tests need and pip cannot bring: Chromium, poppler, which reads PDF, Java for Spark, and SoftHSM, which
# stands in for a hardware security module. Tests that need what is absent say so, and under CI fail.
set -eu

missing=""
command -v chromium >/dev/null 2>&1 || missing="$missing chromium"
command -v pdftotext >/dev/null 2>&1 || missing="$missing poppler-utils"
command -v java >/dev/null 2>&1 || missing="$missing default-jre-headless"
# A PostgreSQL that speaks TLS, laid aside and not installed: it would take the place of the one that Comity brings.
aside=/usr/local/lib/comity-tests
tls=""
[ -d "$aside/usr/lib/postgresql" ] || tls=postgresql
command -v softhsm2-util >/dev/null 2>&1 || missing="$missing softhsm2"
[ -n "$missing$tls" ] || exit 0

if [ "$(id -u)" -ne 0 ] || ! command -v apt-get >/dev/null 2>&1; then
    echo "Not here, and only root on Debian can install it:$missing $tls. The tests that need it are left out." >&2
    exit 0
fi

echo "Installing$missing $tls ..." >&2
export DEBIAN_FRONTEND=noninteractive
# shellcheck disable=SC2086 - a list of names
if ! { apt-get update -qq && { [ -z "$missing" ] || apt-get install -y -qq --no-install-recommends $missing; }; } >/dev/null; then
    echo "apt-get could not install:$missing. The tests that need it are left out." >&2
fi
[ -n "$tls" ] || exit 0

# Its newest version is what the package without a number depends on; its libraries are installed, and itself unpacked.
server=$(apt-cache depends postgresql | sed -n 's/.*Depends: \(postgresql-[0-9][0-9]*\)$/\1/p' | head -n 1)
libraries=$(apt-cache depends --important "$server" | sed -n '/libllvm/d;s/^ *Depends: \(lib[^ <]*\)$/\1/p')  # LLVM only compiles queries
down=$(mktemp -d)
# shellcheck disable=SC2086 - a list of names
if ! { apt-get install -y -qq --no-install-recommends $libraries && cd "$down" && apt-get download -qq "$server" &&
    mkdir -p "$aside" && dpkg -x "$server"_*.deb "$aside"; } >/dev/null 2>&1; then
    echo "apt-get could not bring: $server. The tests that need a PostgreSQL with TLS are left out." >&2
fi
rm -rf "$down"
