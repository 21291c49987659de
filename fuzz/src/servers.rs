//! Servers that say just what they were given, whatever they are told: the far end of `inbox` and `post`.

use std::cell::RefCell;
use std::time::Duration;

use mailtally::inbox::{After, Fetched, ImapSettings, InboxError, KnownFolder, Listing, Patience, Session};
use mailtally::model::account::{Account, TlsMode};
use mailtally::model::decision::{Origin, Place};
use mailtally::model::letter::{Delivery, Letter, LetterKind};
use mailtally::model::mail::Address;
use mailtally::post::{Post, SmtpPatience, SmtpPost, SmtpSettings};
use mailtally::wire::Stream;
use tokio::io::{AsyncWriteExt as _, copy, duplex, sink, split};
use tokio::runtime::Runtime;
use tokio::sync::mpsc;

use super::one_harmless_line;

/// Everything is there at once or never comes: no wait is long.
const SOON: Duration = Duration::from_millis(200);
/// Mails that one session hands over at most.
const MOST_MAILS: usize = 64;

/// A whole session with a server that says this: log in, look, fetch, mark, search the sent mail, wait. Returns how many
/// mails were handed over.
pub fn imap(said: &[u8]) -> usize {
    converse(said, async |stream| {
        let (mails, ended) = session(stream).await;
        if let Err(error) = ended {
            let told = error.to_string();
            one_harmless_line(&told);
            assert!(told.len() < 400, "what a server said is cut short: {told}");
        }
        mails
    })
}

async fn session(stream: Stream) -> (usize, Result<(), InboxError>) {
    let patience = Patience { connect: SOON, silence: SOON, command: SOON };
    let settings = ImapSettings {
        mailbox: "office".to_owned(),
        account: account(),
        folders: vec!["INBOX".to_owned(), "垃圾邮件".to_owned()],
        after: After::Move("已处理".to_owned()),
        max_mail_bytes: 1 << 20,
        patience,
    };
    let mut mails = 0;
    let ended = async {
        let mut session = Session::over(stream, &settings).await?;
        let mut places: Vec<Place> = Vec::new();
        for folder in &settings.folders {
            let now = chrono::DateTime::default();
            let Listing::Found(found) = session.look(folder, &KnownFolder::default()).await? else { continue };
            let (hand_over, mut taken) = mpsc::channel(MOST_MAILS);
            let fetched =
                session.fetch(folder, found.fresh.get(..MOST_MAILS / 2).unwrap_or(&found.fresh), now, &hand_over);
            let fetched = fetched.await;
            while let Ok(one) = taken.try_recv() {
                if let Fetched::Mail(arrival) = one {
                    mails += 1;
                    if let Origin::Imap(place) = arrival.origin {
                        places.push(place);
                    }
                }
            }
            fetched?;
            session.settle(folder, &places).await?;
        }
        session.find_in_sent("ack.0a@office.example").await?;
        session.wait(Duration::from_millis(1)).await?;
        session.leave().await;
        Ok(())
    };
    let ended = ended.await;
    (mails, ended)
}

/// One letter to two recipients, to a server that says this.
pub fn smtp(said: &[u8]) -> Delivery {
    converse(said, async |stream| {
        let patience = SmtpPatience { connect: SOON, reply: SOON, after_dot: SOON };
        let delivery = match SmtpPost::over(SmtpSettings { account: account(), patience }, stream).await {
            Ok(post) => {
                let mut post = Post::Smtp(Box::new(post));
                let from = Address { name: Some("双拥办".to_owned()), address: "office@office.example".to_owned() };
                let delivery = post.deliver(&letter(), &from).await;
                post.close().await;
                delivery
            }
            Err(refused) => refused,
        };
        one_harmless_line(delivery.reply());
        assert!(delivery.reply().len() < 400, "what a server said is cut short: {}", delivery.reply());
        delivery
    })
}
/// Plays the server: it says all it has to say and hangs up, and takes whatever it is told.
fn converse<T>(said: &[u8], client: impl AsyncFnOnce(Stream) -> T) -> T {
    thread_local! {
        static RUNTIME: RefCell<Runtime> = RefCell::new(
            tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime"),
        );
    }
    RUNTIME.with_borrow(|runtime| {
        runtime.block_on(async {
            let (near, far) = duplex(said.len().max(4096));
            let (mut hears, mut says) = split(far);
            let said = said.to_vec();
            let speaking = tokio::spawn(async move {
                let _ = says.write_all(&said).await;
                let _ = says.shutdown().await;
            });
            let hearing = tokio::spawn(async move {
                let _ = copy(&mut hears, &mut sink()).await;
            });
            let outcome = client(Stream::Memory(near)).await;
            speaking.abort();
            hearing.abort();
            outcome
        })
    })
}

/// Nobody listens there: what would dial again is refused at once.
fn account() -> Account {
    Account {
        host: "127.0.0.1".to_owned(),
        port: 9,
        tls: TlsMode::None,
        username: "office@office.example".to_owned(),
        password: "a-secret".to_owned().into(),
        ca_file: None,
    }
}

fn letter() -> Letter {
    Letter {
        kind: LetterKind::Ack,
        campaign: "2021-bayi".to_owned(),
        unit: None,
        message_id: "ack.0a@office.example".to_owned(),
        recipients: vec!["one@unit.example".to_owned(), "two@unit.example".to_owned()],
        subject: "回执".to_owned(),
        text: "收到。\n.\n".to_owned(),
        html: "<p>收到。</p>".to_owned(),
        pictures: Vec::new(),
        attachments: Vec::new(),
        in_reply_to: None,
        references: Vec::new(),
        date: chrono::DateTime::default(),
    }
}
