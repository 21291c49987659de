//! `status`, `export` and `digest`: how the campaign stands, for people and programs.

use std::path::Path;
use std::sync::Arc;

use anyhow::Context;
use chrono::{DateTime, FixedOffset, NaiveDate, NaiveTime};

use super::setup::{self, Call};
use super::{Failure, status};
use crate::archive::Archive;
use crate::config::Config;
use crate::judge::due;
use crate::model::campaign::Campaign;
use crate::model::letter::{LetterKey, LetterOrder, LetterState};
use crate::model::mail::Address;
use crate::post::compose;
use crate::store::{Store, StoredLetter};
use crate::work::collect::Span;
use crate::work::deliver::Outbox;
use crate::work::enclose::Copyist;
use crate::work::opener::Opener;
use crate::work::render::{self, Rendering};
use crate::work::vitals::Vitals;
use crate::work::{WorkError, collect, workbook};

/// Prints how every unit stands.
pub(super) async fn status(call: &Call, id: Option<&str>, format: status::Format) -> Result<(), Failure> {
    let config = call.load()?;
    let campaign = setup::campaign_now(&config.campaigns, id, call.clock().now(config.offset))?;
    let store = Store::open_reading(&config.storage_dir, config.offset).await?;
    let now = call.clock().now(config.offset);
    let standing = collect::standing(&store, campaign, Span::All, now).await?;
    let mut out = std::io::BufWriter::new(std::io::stdout().lock());
    status::print(&mut out, campaign, &standing, format)?;
    std::io::Write::flush(&mut out)?;
    Ok(())
}

/// Writes the consolidated workbook.
pub(super) async fn export(call: &Call, id: Option<&str>, out: &Path) -> Result<(), Failure> {
    let config = call.load()?;
    let campaign = setup::campaign_now(&config.campaigns, id, call.clock().now(config.offset))?;
    let store = Store::open_reading(&config.storage_dir, config.offset).await?;
    let now = call.clock().now(config.offset);
    let bytes = consolidated(&store, campaign, now).await?;
    std::fs::write(out, bytes).with_context(|| out.display().to_string())?;
    println!("{}", out.display());
    Ok(())
}

/// The workbook as it is at `now`.
async fn consolidated(store: &Store, campaign: &Campaign, now: DateTime<FixedOffset>) -> Result<Vec<u8>, WorkError> {
    let tally = collect::tally(store, campaign, Span::All, now).await?;
    let reviews = store.open_reviews(Some(&campaign.id)).await?;
    workbook::consolidated(campaign, &tally.standing, &tally.tables, &reviews)
        .map_err(|error| WorkError::Workbook(error.to_string()))
}

/// Writes the digest into a folder, or sends it where no folder is given.
pub(super) async fn digest(
    call: &Call,
    id: Option<&str>,
    date: Option<NaiveDate>,
    out: Option<&Path>,
) -> Result<(), Failure> {
    let config = call.load()?;
    let campaign = setup::campaign_now(&config.campaigns, id, call.clock().now(config.offset))?;
    let (now, span) = moment(call, &config, date)?;
    match out {
        Some(folder) => write_digests(&config, campaign, span, now, folder).await,
        None => send_digest(call, &config, campaign, now).await,
    }
}

/// Today is now, with all that is recorded; another day is its evening, with what had come in by then.
fn moment(call: &Call, config: &Config, date: Option<NaiveDate>) -> Result<(DateTime<FixedOffset>, Span), Failure> {
    let now = call.clock().now(config.offset);
    let Some(date) = date.filter(|date| *date != now.date_naive()) else { return Ok((now, Span::All)) };
    let evening = NaiveTime::from_hms_opt(23, 59, 59).unwrap_or(NaiveTime::MIN);
    date.and_time(evening)
        .and_local_timezone(config.offset)
        .single()
        .map(|evening| (evening, Span::Until(evening)))
        .ok_or_else(|| Failure::Wrong(format!("there is no day {date}")))
}

fn order(config: &Config, campaign: &Campaign, slot: String, now: DateTime<FixedOffset>) -> LetterOrder {
    LetterOrder {
        key: LetterKey::Digest { campaign: campaign.id.clone(), slot },
        campaign: campaign.id.clone(),
        unit: None,
        recipients: config.staff.digest_to.clone(),
        facts: serde_json::Value::Null,
        due_at: now,
        expires_at: None,
    }
}

/// The digest, and on its day the final report beside it.
async fn write_digests(
    config: &Config,
    campaign: &Campaign,
    span: Span,
    now: DateTime<FixedOffset>,
    folder: &Path,
) -> Result<(), Failure> {
    let store = Store::open_reading(&config.storage_dir, config.offset).await?;
    write_digest(config, campaign, &store, ("digest", due::slot_name(now)), (span, now), folder).await?;
    if campaign.final_moment().is_some_and(|moment| moment.date_naive() == now.date_naive()) {
        write_digest(config, campaign, &store, ("final", due::final_slot(campaign)), (span, now), folder).await?;
    }
    Ok(())
}

async fn write_digest(
    config: &Config,
    campaign: &Campaign,
    store: &Store,
    (stem, slot): (&str, String),
    (span, now): (Span, DateTime<FixedOffset>),
    folder: &Path,
) -> Result<(), Failure> {
    let order = order(config, campaign, slot, now);
    let message_id = order.key.message_id(&setup::sender_domain(config));
    let stored = StoredLetter {
        order,
        message_id,
        attempts: 0,
        state: LetterState::Queued,
        sent_at: None,
        owed_at: now,
        last_reply: None,
    };
    let copying = setup::Copying::from(config);
    let letter = match render::letter(store, &setup::register(config), copying.copyist(), &stored, span, now).await? {
        Rendering::Letter(letter) => letter,
        Rendering::NotOwed(reason) | Rendering::Faulty(reason) => return Err(Failure::Wrong(reason)),
    };
    let from = config.smtp.as_ref().map_or_else(
        || Address { name: Some(campaign.office.clone()), address: campaign.contact.email.clone() },
        |smtp| smtp.from.clone(),
    );
    std::fs::create_dir_all(folder).with_context(|| folder.display().to_string())?;
    let name = format!("{stem}-{}-{}", campaign.id, now.format("%Y-%m-%d"));
    let eml = compose::compose(&letter, &from).map_err(|error| Failure::World(anyhow::anyhow!("{error}")))?;
    let mut files = vec![(format!("{name}.eml"), eml), (format!("{name}.html"), compose::page(&letter).into_bytes())];
    files.extend(letter.attachments.iter().map(|file| (file.name.clone(), file.bytes.clone())));
    for (name, bytes) in files {
        let path = folder.join(name);
        std::fs::write(&path, bytes).with_context(|| path.display().to_string())?;
        println!("{}", path.display());
    }
    Ok(())
}

/// Sends a digest now, beside those that are due by the clock.
async fn send_digest(
    call: &Call,
    config: &Config,
    campaign: &Campaign,
    now: DateTime<FixedOffset>,
) -> Result<(), Failure> {
    if config.staff.digest_to.is_empty() {
        return Err(Failure::Wrong("staff.digest_to names nobody to send the digest to".to_owned()));
    }
    let Some(sending) = setup::sending(config)? else {
        return Err(Failure::Wrong("there is no [smtp], so nothing can be sent".to_owned()));
    };
    let lock = Store::lock(&config.storage_dir, "digest --send")?;
    let store = Store::open(&config.storage_dir, config.offset).await?;
    let order = order(config, campaign, due::slot_name(now), now);
    let key = order.key.clone();
    store.queue(&[order], &setup::sender_domain(config), now).await?;
    let clock = call.clock();
    let register = setup::register(config);
    let mut post = sending.post.into_inner();
    let (archive, opener) = (Archive::open(&config.storage_dir), Arc::new(Opener::for_the_desk()));
    let mut outbox = Outbox {
        store: &store,
        register: &register,
        copyist: Copyist { archive: &archive, opener: &opener },
        post: &mut post,
        from: &sending.from,
        quota: sending.quota,
        clock: &clock,
        offset: config.offset,
        vitals: &Vitals::default(),
    };
    outbox.deliver_due().await?;
    let letter = store.letter(&key).await?;
    store.close().await;
    drop(lock);
    match letter {
        Some(letter) if letter.state == LetterState::Sent => {
            println!("sent to {}", config.staff.digest_to.join(", "));
            Ok(())
        }
        letter => {
            let state = letter.as_ref().map_or("not there", |letter| letter.state.as_str());
            let said =
                letter.as_ref().and_then(|letter| letter.last_reply.as_deref()).unwrap_or("the quota is used up");
            Err(Failure::World(anyhow::anyhow!("the digest is {state}: {said}")))
        }
    }
}
