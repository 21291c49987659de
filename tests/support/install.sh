#!/bin/sh
# Installs the real IMAP and SMTP servers that tests/servers.rs runs against. Quiet where they are there already.
# They are run by the tests alone, from temporary folders on loopback ports; the services of the system stay off.
set -eu

PATH="$PATH:/usr/sbin:/sbin"
missing=""
command -v dovecot >/dev/null 2>&1 && [ -e /usr/lib/dovecot/imap ] || missing="$missing dovecot-imapd"
command -v exim4 >/dev/null 2>&1 || missing="$missing exim4-daemon-light"
command -v openssl >/dev/null 2>&1 || missing="$missing openssl"
[ -z "$missing" ] && exit 0

if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null 2>&1; then
    echo "the tests need$missing; install them, or run this as root on Debian" >&2
    exit 1
fi

# A service that is installed must not start: the tests bring their own configuration.
policy=/usr/sbin/policy-rc.d
made_policy=""
if [ ! -e "$policy" ]; then
    printf '#!/bin/sh\nexit 101\n' >"$policy"
    chmod 755 "$policy"
    made_policy=yes
fi
trap '[ -z "$made_policy" ] || rm -f "$policy"' EXIT

log=$(mktemp)
install() {
    # shellcheck disable=SC2086
    DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=300 install -y --no-install-recommends $missing
}
echo "installing$missing for the tests" >&2
if ! install >"$log" 2>&1; then
    # The lists of a fresh machine are empty or old.
    if ! { apt-get update && install; } >"$log" 2>&1; then
        cat "$log" >&2
        rm -f "$log"
        exit 1
    fi
fi
rm -f "$log"
