# The commands of this repository. `make test` is the one to run before a commit.
.PHONY: test lint deny golden torture bench-recognition package try-package try-service

# Installs what the tests need (a real IMAP and a real SMTP server) and runs them all.
test:
	sh tests/support/install.sh
	MAILTALLY_TEST_SERVERS=1 cargo test --locked

lint:
	cargo fmt --check
	cargo clippy --locked --all-targets -- -D warnings

# Licences, bans and sources of every dependency; advisories where their database can be fetched.
deny:
	sh .ci/deny

# Writes the golden cases and letters anew; look at the difference before it is committed.
golden:
	UPDATE_CASES=1 cargo test --locked --test golden
	UPDATE_LETTERS=1 cargo test --locked --test letters

# Kills the program at random and at every named step between a real IMAP and a real SMTP server.
torture:
	sh tests/support/install.sh
	MAILTALLY_TEST_SERVERS=1 TORTURE_KILLS=$${TORTURE_KILLS:-240} cargo test --locked --features failpoints --test torture -- --nocapture

# Whose mail is it: labelled mails through the real reading and judging, with a confusion table; fails where a goal is missed.
bench-recognition:
	cargo test --locked --bench recognition

# The Debian package, in target/debian. Built on Debian 12, it runs there and on later ones.
package:
	sh .ci/package

# Installs, upgrades, downgrades, removes and purges that package in a clean Debian 12 below target/ (root, and a mirror).
try-package:
	sh deploy/try-package.sh

# Boots a Debian 12 in a container, and has the service of that package take in a return as its unit says (root, and a mirror).
try-service:
	sh deploy/try-service.sh
