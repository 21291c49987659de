# The commands of this repository. `make test` is the one to run before a commit.
.PHONY: test lint deny golden torture bench bench-recognition package try-package try-service

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

# Does everything cruel to the program between a real IMAP and a real SMTP server: kills it at random and at every named
# step, takes its disk and its database away, spoils its lines, sends its servers away, and wears it out with mail. One
# table at the end. Each part waits more than it works, so that several go side by side.
torture:
	sh tests/support/install.sh
	cargo build --locked --release
	MAILTALLY_TEST_SERVERS=1 TORTURE_KILLS=$${TORTURE_KILLS:-240} TORTURE_FAULTS=$${TORTURE_FAULTS:-240} \
	TORTURE_POLLS=$${TORTURE_POLLS:-1000} TORTURE_MAILS=$${TORTURE_MAILS:-20000} \
	TORTURE_PROGRAM=$${TORTURE_PROGRAM:-$(CURDIR)/target/release/mailtally} \
	cargo test --locked --features failpoints --test torture -- --nocapture --test-threads=4
	cargo test --locked --features failpoints --test torture -- --nocapture --ignored the_table

# Whose mail is it: labelled mails through the real reading and judging, with a confusion table; fails where a goal is missed.
bench-recognition:
	cargo test --locked --bench recognition

# How fast, as ratios in one run: a table with a verdict a row. BENCH_LARGE=1 adds ten thousand mails (benches/README.md).
bench:
	sh tests/support/install.sh
	sh benches/speed/mbsync.sh
	cargo bench --locked --bench speed -- $(BENCH_ROWS)

# The Debian package, in target/debian. Built on Debian 12, it runs there and on later ones.
package:
	sh .ci/package

# Installs, upgrades, downgrades, removes and purges that package in a clean Debian 12 below target/ (root, and a mirror).
try-package:
	sh deploy/try-package.sh

# Boots a Debian 12 in a container, and has the service of that package take in a return as its unit says (root, and a mirror).
try-service:
	sh deploy/try-service.sh
