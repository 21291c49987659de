//! The store under a process that is killed while it writes: every mail is there whole, or not at all.

mod store_support;

use std::collections::BTreeSet;
use std::io::{BufRead as _, BufReader};
use std::process::{Command, Stdio};

use mailtally::archive::Archive;
use mailtally::model::letter::LetterState;
use mailtally::store::{LetterFilter, Store};
use store_support::*;

#[tokio::test]
async fn a_killed_writer_leaves_whole_mails_and_no_letter_half_sent() {
    let dir = tempfile::tempdir().unwrap();
    let mut told = BTreeSet::new();
    for round in 1..=3_usize {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "records_until_it_is_killed", "--ignored", "--nocapture"])
            .env("STORE_TEST_DIR", dir.path())
            .env("STORE_TEST_ROUND", round.to_string())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
        told.extend(lines.filter_map(|line| Some(line.split_once("recorded ")?.1.to_owned())).take(20 * round));
        child.kill().unwrap();
        child.wait().unwrap();

        // A reading command may come first, and finds a log that nobody has folded in yet.
        let clerk = Store::open_reading(dir.path(), offset()).await.unwrap();
        let seen = clerk.mails(None, None, None).await.unwrap();
        clerk.close().await;
        let store = open(dir.path()).await;
        assert_eq!(store.check().await.unwrap(), Vec::<String>::new());
        let mails = store.mails(None, None, None).await.unwrap();
        assert_eq!(seen, mails);
        let kept: BTreeSet<String> = mails.iter().map(|mail| mail.sha256.to_string()).collect();
        assert!(kept.is_superset(&told), "what was told as recorded is recorded");
        assert_eq!(store.events(CAMPAIGN).await.unwrap().len(), 3 * mails.len());
        assert_eq!(store.letters(&LetterFilter::default()).await.unwrap().len(), mails.len());
        let archive = Archive::open(dir.path());
        for mail in &mails {
            assert_eq!(store.readings_of(&mail.sha256).await.unwrap().len(), 2);
            assert!(archive.get(&mail.sha256).unwrap().starts_with(b"mail"));
        }
        store.recover_interrupted().await.unwrap();
        let sending = LetterFilter { state: Some(LetterState::Sending), ..LetterFilter::default() };
        assert_eq!(store.letters(&sending).await.unwrap(), []);
        store.close().await;
    }
}

#[tokio::test]
#[ignore = "the child of a_killed_writer_leaves_whole_mails_and_no_letter_half_sent"]
async fn records_until_it_is_killed() {
    let Some(dir) = std::env::var_os("STORE_TEST_DIR") else { return };
    let round = std::env::var("STORE_TEST_ROUND").unwrap();
    let dir = std::path::PathBuf::from(dir);
    let (store, archive) = (open(&dir).await, Archive::open(&dir));
    for number in 0..100_000_u32 {
        let text = format!("mail {number} of round {round}");
        let mail = archive.put(text.as_bytes()).unwrap();
        store.record(&submission(&text, "141102"), &seen_at(number), DOMAIN, at(10, 0)).await.unwrap();
        store.claim(&ack(&mail), at(10, 0)).await.unwrap();
        println!("recorded {mail}");
    }
}
