#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Makes ./configure. Needs autoconf and automake (Debian and Fedora: packages of these names).
set -e
cd "$(dirname "$0")"
for tool in autoreconf automake; do
        command -v "$tool" >/dev/null 2>&1 || {
                echo "autogen.sh: $tool is missing: install the packages autoconf and automake" >&2
                exit 1
        }
done
mkdir -p build-aux
exec autoreconf --install --force
