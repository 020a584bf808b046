#!/bin/sh
# Install what some tests need and pip cannot bring: Chromium, poppler, which reads PDF, Java for Spark, and SoftHSM, which
# stands in for a hardware security module. Tests that need what is absent say so, and under CI fail.
set -eu

missing=""
command -v chromium >/dev/null 2>&1 || missing="$missing chromium"
command -v pdftotext >/dev/null 2>&1 || missing="$missing poppler-utils"
command -v java >/dev/null 2>&1 || missing="$missing default-jre-headless"
command -v softhsm2-util >/dev/null 2>&1 || missing="$missing softhsm2"
[ -n "$missing" ] || exit 0

if [ "$(id -u)" -ne 0 ] || ! command -v apt-get >/dev/null 2>&1; then
    echo "Not here, and only root on Debian can install it:$missing. The tests that need it are left out." >&2
    exit 0
fi

echo "Installing$missing ..." >&2
export DEBIAN_FRONTEND=noninteractive
# shellcheck disable=SC2086 - a list of names
if ! { apt-get update -qq && apt-get install -y -qq --no-install-recommends $missing; } >/dev/null; then
    echo "apt-get could not install:$missing. The tests that need it are left out." >&2
fi
