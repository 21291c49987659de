#!/bin/sh
# Tries the Debian package in a clean Debian 12: install, first steps, upgrade with data and an edited roster, downgrade,
# removal, purge, and installation again. Needs root, debootstrap, python3 and a Debian mirror.
#
#   deploy/try-package.sh [PACKAGE.deb]      DEBIAN_MIRROR=http://… names another mirror
set -eu
cd "$(dirname "$0")/.."

package=$(realpath "${1:-$(ls -t target/debian/mailtally_*.deb | head -n 1)}")
mirror=${DEBIAN_MIRROR:-http://deb.debian.org/debian}
work=$PWD/target/try-package
base=$work/bookworm
root=$work/root
version=$(dpkg-deb --field "$package" Version)

say() { printf '\n== %s\n' "$1"; }
fail() { printf 'FAILED: %s\n' "$1" >&2; exit 1; }
inside() { chroot "$root" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin LANG=C.UTF-8 DEBIAN_FRONTEND=noninteractive "$@"; }
# As the service's user.
office() { inside setpriv --reuid mailtally --regid mailtally --init-groups --no-new-privs "$@"; }
# What a command says, and with which code it must end.
ends_with() {
    code=$1
    shift
    set +e
    said=$("$@" 2>&1)
    ended=$?
    set -e
    printf '%s\n' "$said"
    [ "$ended" -eq "$code" ] || fail "$* ended with $ended, not $code"
}
has() { case "$said" in *"$1"*) ;; *) fail "\"$1\" was not said" ;; esac; }
same() { [ "$1" = "$2" ] || fail "$3: $1, not $2"; }
tally() { office mailtally --now 2021-08-12T09:00:00+08:00 status --format json; }
install_package() { cp "$1" "$root/tmp/mailtally.deb"; inside dpkg -i /tmp/mailtally.deb 2>&1; }

cleanup() { umount "$root/proc" 2>/dev/null || true; }
trap cleanup EXIT
cleanup

if [ ! -x "$base/usr/bin/dpkg" ]; then
    say "a clean Debian 12"
    mkdir -p "$work"
    debootstrap --variant=minbase --include=adduser,ca-certificates,procps bookworm "$base" "$mirror" >"$work/debootstrap.log"
fi
rm -rf "$root"
cp -a "$base" "$root"
mount -t proc proc "$root/proc"

# The same program under a lower number: what is tried is the handing over from package to package.
say "packages: $version, and an older one"
rm -rf "$work/older"
dpkg-deb --raw-extract "$package" "$work/older"
sed -i 's/^Version: .*/Version: 0.0.1-1/' "$work/older/DEBIAN/control"
dpkg-deb -Zgzip -z1 --build --root-owner-group "$work/older" "$work/older.deb" >/dev/null

say "install $(dpkg-deb --field "$work/older.deb" Version)"
said=$(install_package "$work/older.deb"); printf '%s\n' "$said"
has "not configured yet"
inside getent passwd mailtally
same "$(inside stat -c '%a %U %G' /etc/mailtally)" "2750 root mailtally" "/etc/mailtally"
same "$(inside stat -c '%a %U %G' /var/lib/mailtally)" "700 mailtally mailtally" "/var/lib/mailtally"
same "$(inside stat -c '%a %U %s' /etc/mailtally/password)" "600 root 0" "the password's file"
[ ! -e "$root/etc/systemd/system/multi-user.target.wants/mailtally.service" ] || fail "the service is enabled"
inside dpkg --verify mailtally

say "first steps"
inside mailtally --version
ends_with 2 inside mailtally check; has "mailtally init"
office mailtally demo --out /tmp/demo >"$work/demo.log" 2>&1 || { tail "$work/demo.log"; fail "demo"; }
tail -n 5 "$work/demo.log"
inside test -s /usr/share/man/man1/mailtally-purge.1.gz
inside test -s /usr/share/bash-completion/completions/mailtally
ends_with 0 inside mailtally init --provider 163 --address office@163.example --office 市双拥办 --phone 0358-8498917 \
    --staff duty@office.example --password-file /var/lib/mailtally/code
same "$(inside stat -c '%a %U %G' /etc/mailtally/mailtally.toml)" "640 root mailtally" "mailtally.toml"
printf 'code\n' | office sh -c 'umask 077; cat >/var/lib/mailtally/code'
ends_with 0 office mailtally check; has "a mail can be opened in a confined process"

say "data: this collection's roster, edited, and two returns"
cp config/campaigns/2021-bayi/units.csv "$root/etc/mailtally/campaigns/2021-bayi/units.csv"
printf 'S99,市示例局,市直,,,,\n' >>"$root/etc/mailtally/campaigns/2021-bayi/units.csv"
for case in lishi-whole jiaocheng-wrong-total; do cp "tests/cases/$case/mail.eml" "$root/tmp/$case.eml"; done
office mailtally --now 2021-08-02T09:00:00+08:00 ingest /tmp/lishi-whole.eml /tmp/jiaocheng-wrong-total.eml \
    --received-at 2021-08-02T09:00:00+08:00 2>/dev/null
edited=$(cd "$root/etc/mailtally" && find . -type f -exec sha256sum {} + | sort)
before=$(tally)
# The database as the version before this one had it.
python3 - "$root/var/lib/mailtally/mailtally.sqlite" <<'PYTHON'
import sqlite3, sys
database = sqlite3.connect(sys.argv[1])
newest = database.execute("SELECT max(version) FROM _sqlx_migrations").fetchone()[0]
if newest != 9:
    sys.exit(f"this script takes back migrations 5 to 9, and {newest} is the newest: teach it to take that one back first")
database.executescript("""
    DROP TABLE standings; DROP TABLE folders;
    DROP TRIGGER letters_have_recipients; DROP TABLE letter_recipients; DROP INDEX events_of_lessons;
    DROP TABLE probe; ALTER TABLE accounts DROP COLUMN unreachable_since;
    DROP TABLE purged;
    DELETE FROM _sqlx_migrations WHERE version >= 5;
""")
database.commit()
PYTHON
chown --reference="$root/var/lib/mailtally" "$root"/var/lib/mailtally/mailtally.sqlite*

say "upgrade to $version"
install_package "$package"
same "$(inside dpkg-query -f '${Version}' -W mailtally)" "$version" "the version"
same "$(cd "$root/etc/mailtally" && find . -type f -exec sha256sum {} + | sort)" "$edited" "the edited configuration"
ends_with 0 office mailtally check; has "of an older version"
office mailtally --now 2021-08-02T10:00:00+08:00 ingest /tmp/lishi-whole.eml --received-at 2021-08-02T09:00:00+08:00 2>/dev/null
same "$(tally)" "$before" "the tally"
ends_with 0 office mailtally check; has "the database is sound"; has "holds all 2 mails"

say "downgrade, with a database that a newer version has made"
install_package "$work/older.deb"
same "$(tally)" "$before" "the tally"
python3 - "$root/var/lib/mailtally/mailtally.sqlite" <<'PYTHON'
import sqlite3, sys
database = sqlite3.connect(sys.argv[1])
database.execute("INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) VALUES (9999, 'newer', 1, x'00', 0)")
database.commit()
PYTHON
chown --reference="$root/var/lib/mailtally" "$root"/var/lib/mailtally/mailtally.sqlite*
ends_with 1 office mailtally status; has "newer mailtally"
ends_with 1 office mailtally ingest /tmp/lishi-whole.eml; has "newer mailtally"
ends_with 3 office mailtally check; has "newer mailtally"
python3 - "$root/var/lib/mailtally/mailtally.sqlite" <<'PYTHON'
import sqlite3, sys
database = sqlite3.connect(sys.argv[1])
database.execute("DELETE FROM _sqlx_migrations WHERE version = 9999")
database.commit()
PYTHON
chown --reference="$root/var/lib/mailtally" "$root"/var/lib/mailtally/mailtally.sqlite*
install_package "$package"
same "$(tally)" "$before" "the tally, under the newer program again"

say "remove"
inside dpkg --remove mailtally
[ ! -e "$root/usr/bin/mailtally" ] || fail "the program is still there"
same "$(cd "$root/etc/mailtally" && find . -type f -exec sha256sum {} + | sort)" "$edited" "the configuration"
[ -s "$root/var/lib/mailtally/mailtally.sqlite" ] || fail "the data are gone"

say "purge"
said=$(inside dpkg --purge mailtally 2>&1); printf '%s\n' "$said"
has "/var/lib/mailtally is left"
has "/etc/mailtally is left"
inside getent passwd mailtally && fail "the user is still there"
[ ! -e "$root/etc/mailtally/password" ] || fail "the password is still there"
same "$(inside stat -c '%a %U' /var/lib/mailtally)" "700 root" "/var/lib/mailtally"
same "$(inside find /var/lib/mailtally /etc/mailtally ! -user root)" "" "what is not root's"

say "and installed again"
install_package "$package"
same "$(tally)" "$before" "the tally"
ends_with 0 office mailtally check; has "holds all 2 mails"

say "all of it went as it should"
