#!/bin/sh
# What `make test-more` uses beyond Python: a browser, Postgres 15, the API linter.
# As root it is installed here; otherwise the tests that miss it skip with a message.
set -u
want() { command -v "$1" > /dev/null 2>&1; }

if [ "$(id -u)" = 0 ] && want apt-get; then
    missing=""
    want chromium || missing="$missing chromium"
    [ -x /usr/lib/postgresql/15/bin/postgres ] || missing="$missing postgresql-15"
    want npm || missing="$missing npm"
    if [ -n "$missing" ]; then
        export DEBIAN_FRONTEND=noninteractive
        apt-get update -qq
        # shellcheck disable=SC2086  # a list of packages
        apt-get install -qq -y --no-install-recommends $missing > /dev/null
    fi
fi
if want npm && [ ! -x node_modules/.bin/spectral ]; then
    npm install --no-save --no-package-lock --silent --no-audit --no-fund \
        @stoplight/spectral-cli@6.16.3 > /dev/null || echo "the API linter could not be installed"
fi
