#!/bin/sh
# Tries the unit as it is, with all its hardening: a Debian 12 is booted in a container, with the package and a real
# Dovecot in it, and a unit's return is mailed in. Needs root, debootstrap, systemd-container and a Debian mirror.
#
#   deploy/try-service.sh [PACKAGE.deb]      DEBIAN_MIRROR=http://… names another mirror
set -eu
cd "$(dirname "$0")/.."

package=$(realpath "${1:-$(ls -t target/debian/mailtally_*.deb | head -n 1)}")
mirror=${DEBIAN_MIRROR:-http://deb.debian.org/debian}
work=$PWD/target/try-package
base=$work/bookworm-booted
root=$work/booted

say() { printf '\n== %s\n' "$1"; }
fail() {
    printf 'FAILED: %s\n' "$1" >&2
    [ -z "${booted:-}" ] || within journalctl --no-pager -n 60 -u mailtally >&2 || true
    exit 1
}
inside() { chroot "$root" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin LANG=C.UTF-8 DEBIAN_FRONTEND=noninteractive "$@"; }
within() { nsenter --target "$booted" --all env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin LANG=C.UTF-8 "$@"; }
property() { within systemctl show mailtally --property "$1" --value; }
# Until a command succeeds, for so many seconds.
until_done() {
    left=$1
    shift
    until "$@" >/dev/null 2>&1; do
        left=$((left - 1))
        [ "$left" -gt 0 ] || return 1
        sleep 1
    done
}

cleanup() {
    [ -z "${container:-}" ] || kill "$container" 2>/dev/null || true
    [ -z "${container:-}" ] || wait "$container" 2>/dev/null || true
}
trap cleanup EXIT

if [ ! -e "$base/made" ]; then
    say "a Debian 12 with systemd and Dovecot"
    rm -rf "$base"
    mkdir -p "$work"
    debootstrap --include=adduser,ca-certificates,procps,dbus,systemd,systemd-sysv,dovecot-imapd bookworm "$base" "$mirror" \
        >"$work/debootstrap-booted.log"
    touch "$base/made"
fi
rm -rf "$root"
cp -a "$base" "$root"

say "the package, and an office"
cp "$package" "$root/tmp/mailtally.deb"
inside dpkg -i /tmp/mailtally.deb
cat >"$root/etc/dovecot/dovecot.conf" <<'CONF'
protocols = imap
listen = 127.0.0.1
ssl = no
disable_plaintext_auth = no
mail_location = maildir:/srv/mail/%u
first_valid_uid = 1
passdb {
  driver = static
  args = password=the-code
}
userdb {
  driver = static
  args = uid=mail gid=mail home=/srv/mail/%u
}
CONF
install -d "$root/srv/mail"
inside chown mail:mail /srv/mail
inside mailtally init --provider other --address office@unit.example --imap-host 127.0.0.1 --smtp-host 127.0.0.1 \
    --office 市双拥办 --phone 0358-1 --staff duty@unit.example --password-credential password --storage /var/lib/mailtally
printf 'the-code\n' >"$root/etc/mailtally/password"
# Letters into a folder, and IMAP in the clear, which is for a loopback address alone.
sed -i -e 's/^port = 993/port = 143/' -e '0,/^tls = "implicit"/s//tls = "none"/' -e 's/^poll_seconds = .*/poll_seconds = 2/' \
    -e 's/^transport = "smtp".*/transport = "folder"\npath = "\/var\/lib\/mailtally\/letters"/' \
    "$root/etc/mailtally/mailtally.toml"
cp config/campaigns/2021-bayi/units.csv "$root/etc/mailtally/campaigns/2021-bayi/units.csv"
inside systemctl enable mailtally dovecot

say "boot"
systemd-nspawn --quiet --directory "$root" --register=no --keep-unit --private-network --boot \
    >"$work/boot.log" 2>&1 </dev/null &
container=$!
leader() { pgrep -P "$container" | head -n 1 | grep .; }
until_done 30 leader || fail "the container did not boot"
booted=$(leader)
until_done 60 within systemctl is-active --quiet multi-user.target || fail "no multi-user.target"
until_done 60 within systemctl is-active --quiet mailtally || fail "mailtally is not active"
printf 'active: %s, %s\n' "$(property Type)" "$(property StatusText)"
within systemd-analyze security mailtally --no-pager | tail -n 1

say "a return, read in the confined processes"
case=tests/cases/lishi-whole/mail.eml
install -d "$root/srv/mail/office@unit.example/new" "$root/srv/mail/office@unit.example/cur" "$root/srv/mail/office@unit.example/tmp"
cp "$case" "$root/srv/mail/office@unit.example/new/1.M1P1.office"
inside chown -R mail:mail /srv/mail
office() { within setpriv --reuid mailtally --regid mailtally --init-groups "$@"; }
lishi_is_complete() { office mailtally status --format json | tr -d ' \n' | grep -q '"complete":1'; }
until_done 60 lishi_is_complete || fail "the return was not taken in"
letter() { ls "$root/var/lib/mailtally/letters"/*.eml; }
until_done 60 letter || fail "no receipt was written"
office mailtally history

say "reload, watchdog, memory"
within systemctl reload mailtally
[ "$(property ActiveState)" = active ] || fail "not active after the reload"
printf 'memory: %s octets, restarts: %s, watchdog: %s\n' "$(property MemoryCurrent)" "$(property NRestarts)" "$(property WatchdogUSec)"
within journalctl --no-pager -o cat -u mailtally | tail -n 20

say "stop"
begun=$(date +%s)
within systemctl stop mailtally
[ "$(property Result)" = success ] || fail "it ended with $(property Result)"
printf 'stopped after %s s: %s\n' "$(($(date +%s) - begun))" "$(property Result)"
within journalctl --no-pager -p warning -o cat -u mailtally | tail -n 5
within systemctl poweroff || true
say "the service runs as the unit says"
