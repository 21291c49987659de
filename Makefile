# The commands of this repository. `make test` is the one to run before a commit.
.PHONY: test lint deny golden torture bench bench-recognition

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

# How fast, as ratios in one run: a table with a verdict a row. BENCH_LARGE=1 adds ten thousand mails (benches/README.md).
bench:
	sh tests/support/install.sh
	sh benches/speed/mbsync.sh
	cargo bench --locked --bench speed -- $(BENCH_ROWS)
