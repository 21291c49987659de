//! The same account opened by staff, who read, move and delete while the program looks.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use mailtally::inbox::{After, KnownFolder, Session};
use mailtally::model::account::TlsMode;
use mailtally::model::mail::Digest;

use crate::engine_scripted::drill_on;
use crate::inbox_real::{USER, arrivals, fetch, look, mail, settings};
use crate::support::clerk::Clerk;
use crate::support::dovecot::{Dovecot, PROGRAMS};
use crate::support::have;

const AUGUST: u64 = 1_627_777_800;
const JUNK: &str = "&V4NXPpCuTvY-";

#[tokio::test]
async fn a_mail_moved_or_deleted_between_list_and_fetch_holds_back_no_other() {
    if !have(&PROGRAMS) {
        return;
    }
    let dovecot = Dovecot::start();
    for number in 1..=4 {
        dovecot.put(USER, "INBOX", &mail(number), AUGUST + number);
    }
    dovecot.put(USER, "垃圾邮件", &mail(9), AUGUST);
    let settings = settings(dovecot.account(USER, TlsMode::None), &["INBOX", "垃圾邮件"], After::Leave);
    let mut session = Session::connect(&settings).await.unwrap();
    let found = look(&mut session, "INBOX", &KnownFolder::default()).await;
    assert_eq!(found.fresh.len(), 4);
    let mut clerk = Clerk::at(&dovecot, USER);
    let uids = clerk.opens("INBOX");
    clerk.does(&format!("UID STORE {} +FLAGS (\\Deleted)", uids[0]));
    clerk.does("EXPUNGE");
    clerk.does(&format!("UID MOVE {} \"{JUNK}\"", uids[2]));
    let (fetched, outcome) = fetch(&mut session, "INBOX", &found.fresh).await;
    outcome.unwrap();
    let bytes: Vec<Vec<u8>> = arrivals(fetched).into_iter().map(|arrival| arrival.bytes).collect();
    assert_eq!(bytes, [mail(2), mail(4)]);
    // What was moved is found where it is now.
    let found = look(&mut session, "垃圾邮件", &KnownFolder::default()).await;
    let (fetched, _) = fetch(&mut session, "垃圾邮件", &found.fresh).await;
    let bytes: BTreeSet<Vec<u8>> = arrivals(fetched).into_iter().map(|arrival| arrival.bytes).collect();
    assert_eq!(bytes, BTreeSet::from([mail(3), mail(9)]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn staff_who_read_move_and_delete_meanwhile_cost_us_no_mail() {
    if !have(&PROGRAMS) {
        return;
    }
    let dovecot = Arc::new(Dovecot::start());
    dovecot.put(USER, "INBOX", &mail(1), AUGUST);
    dovecot.put(USER, "垃圾邮件", &mail(2), AUGUST);
    let account = dovecot.account(USER, TlsMode::Implicit);
    let drill = drill_on(vec![settings(account, &["INBOX", "垃圾邮件"], After::Leave)]).await;
    let (over, deleted) = (Arc::new(AtomicBool::new(false)), Arc::new(Mutex::new(BTreeSet::new())));
    let staff = {
        let (dovecot, over, deleted) = (Arc::clone(&dovecot), Arc::clone(&over), Arc::clone(&deleted));
        std::thread::spawn(move || {
            let mut clerk = Clerk::at(&dovecot, USER);
            let mut moves = 0;
            for number in 3..=80_u64 {
                dovecot.put(USER, "INBOX", &mail(number), AUGUST + number);
                let (from, to) = if number % 2 == 0 { ("INBOX", JUNK) } else { (JUNK, "INBOX") };
                let uids = clerk.opens(from);
                let Some(uid) = uids.get(usize::try_from(number).unwrap() % uids.len().max(1)) else { continue };
                clerk.does(&format!("UID STORE {uid} +FLAGS (\\Seen)"));
                if number % 13 == 0 {
                    // They throw one away, perhaps before anybody else has seen it.
                    let lines = clerk.does(&format!("UID FETCH {uid} (BODY.PEEK[HEADER.FIELDS (FROM)])"));
                    let from = lines.iter().find_map(|line| line.strip_prefix("From: unit")).unwrap();
                    let gone: u64 = from.split('@').next().unwrap().parse().unwrap();
                    clerk.does(&format!("UID STORE {uid} +FLAGS (\\Deleted)"));
                    clerk.does("EXPUNGE");
                    deleted.lock().unwrap().insert(gone);
                } else {
                    clerk.does(&format!("UID MOVE {uid} \"{to}\""));
                    moves += 1;
                }
                std::thread::sleep(Duration::from_millis(5));
            }
            over.store(true, Ordering::SeqCst);
            moves
        })
    };
    let mut minutes = 0;
    while !over.load(Ordering::SeqCst) {
        assert!(drill.look(minutes).await, "no look is spoiled by what staff do");
        minutes += 1;
    }
    let moves = staff.join().unwrap();
    assert!(drill.look(minutes).await && drill.look(minutes + 1).await);
    let recorded = drill.recorded().await;
    let kept: BTreeSet<Digest> = recorded.iter().cloned().collect();
    assert_eq!(kept.len(), recorded.len(), "each once");
    let deleted = deleted.lock().unwrap();
    for number in (1..=80).filter(|number| !deleted.contains(number)) {
        assert!(kept.contains(&Digest::of(&mail(number))), "mail {number} is lost ({moves} moves, {minutes} looks)");
    }
    assert!(moves > 50 && minutes >= 2, "{moves} moves during {minutes} looks");
}
