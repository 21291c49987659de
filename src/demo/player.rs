//! Plays a whole campaign: the clock is set from mail to mail, and the real pipeline does the rest.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, Result};
use chrono::{DateTime, FixedOffset, NaiveDate, NaiveTime, TimeDelta};
use tokio::sync::Mutex;

use super::index::{DemoDay, index_html};
use super::shelf::Shelf;
use super::{SampleMail, bounce_of, campaign_mails, embedded};
use crate::archive::Archive;
use crate::clock::{Clock, HandClock};
use crate::config::{self, Config};
use crate::daemon::{Engine, Sending};
use crate::judge::register::Register;
use crate::model::campaign::Campaign;
use crate::model::decision::{Arrival, Origin};
use crate::model::ledger::UnitStatus;
use crate::model::letter::LetterKind;
use crate::model::mail::Address;
use crate::model::standing::CampaignStanding;
use crate::post::{Post, Posted};
use crate::read::Limits;
use crate::store::Store;
use crate::work::collect::Span;
use crate::work::deliver::Quota;
use crate::work::desk::Desk;
use crate::work::opener::Opener;
use crate::work::{collect, workbook};

/// The demo's play is over on this day; the digest of the morning after is still shown.
const LAST_DAY: (i32, u32, u32) = (2021, 8, 13);
/// The consolidated workbook's file name.
const TALLY: &str = "汇总表.xlsx";

/// What was played.
#[derive(Debug)]
pub struct Played {
    pub index: PathBuf,
    pub tally: PathBuf,
    pub main_file: PathBuf,
    pub mails: usize,
    pub letters: usize,
    pub standing: CampaignStanding,
}

/// A moment of the play.
enum Scene {
    Mail(Box<SampleMail>),
    /// The clock strikes: letters may fall due.
    Tick,
}

/// Plays the campaign into `out`, which must be new or empty. `progress` is told how many scenes are done, how many
/// there are, and the day.
///
/// # Errors
/// Where disk or database refuse.
pub async fn play(out: &Path, progress: &dyn Fn(usize, usize, NaiveDate)) -> Result<Played> {
    let main_file = embedded::write_configuration(&out.join("config"))?;
    let config = config::load(&main_file).map_err(|mistakes| anyhow::anyhow!("{mistakes}"))?;
    let campaign = config.campaigns.first().context("the shipped campaign")?.clone();
    let first = campaign.opens;
    let clock = HandClock::new(first);
    let engine = engine(&config, &clock).await?;
    let mut player = Player {
        shelf: Shelf::new(out, &campaign)?,
        engine,
        clock,
        campaign,
        days: BTreeMap::new(),
        letters: 0,
        mails: 0,
        bounce: None,
    };
    let scenes = scenes(&player.campaign, config.offset)?;
    let many = scenes.len();
    for (done, (moment, scene)) in scenes.into_iter().enumerate() {
        progress(done, many, moment.date_naive());
        player.play_bounce(moment).await?;
        player.play(moment, scene).await?;
    }
    player.finish(out, main_file).await
}

async fn engine(config: &Config, clock: &HandClock) -> Result<Engine> {
    let smtp = config.smtp.as_ref().context("the demo's [smtp]")?;
    let register = Arc::new(Register::new(config.campaigns.clone(), vec![smtp.from.address.clone()]));
    let store = Store::open(&config.storage_dir, config.offset).await?;
    let archive = Archive::open(&config.storage_dir);
    let domain = smtp.from.address.rsplit_once('@').map_or("163.example", |(_, domain)| domain).to_owned();
    Ok(Engine {
        desk: Desk::new(store, archive, register, Opener::Here(Limits::default()), domain),
        mailboxes: Vec::new(),
        sending: Some(Sending {
            post: Mutex::new(Post::Memory(Vec::new())),
            from: Address { name: smtp.from.name.clone(), address: smtp.from.address.clone() },
            // Nobody waits in a demo for a provider's quota.
            quota: Quota { per_minute: u32::MAX, per_day: u32::MAX },
            hold_reminders: false,
        }),
        digest_to: config.staff.digest_to.clone(),
        alert_to: config.staff.alert_to.clone(),
        clock: Clock::Hand(clock.clone()),
        offset: config.offset,
        watch: None,
    })
}

/// Mails and strokes of the clock, in order.
fn scenes(campaign: &Campaign, offset: FixedOffset) -> Result<Vec<(DateTime<FixedOffset>, Scene)>> {
    let mut scenes: Vec<(DateTime<FixedOffset>, Scene)> = campaign_mails(&campaign.roster, offset)?
        .into_iter()
        .map(|mail| (mail.received_at, Scene::Mail(Box::new(mail))))
        .collect();
    let mut strokes: Vec<NaiveTime> = campaign.digest_times.clone();
    strokes.extend(campaign.reminders.iter().map(|stage| stage.time));
    strokes.extend(campaign.final_report.map(|report| report.time));
    strokes.sort_unstable();
    strokes.dedup();
    let (year, month, day) = LAST_DAY;
    let last = NaiveDate::from_ymd_opt(year, month, day).context("the last day")?;
    for day in campaign.opens.date_naive().iter_days().take_while(|day| *day <= last) {
        for stroke in &strokes {
            let moment = day.and_time(*stroke).and_local_timezone(offset).single().context("a moment of the play")?;
            scenes.push((moment, Scene::Tick));
        }
    }
    scenes.sort_by_key(|(moment, _)| *moment);
    Ok(scenes)
}

struct Player {
    shelf: Shelf,
    engine: Engine,
    clock: HandClock,
    campaign: Campaign,
    days: BTreeMap<NaiveDate, DemoDay>,
    letters: usize,
    mails: usize,
    /// One reminder comes back; when.
    bounce: Option<(DateTime<FixedOffset>, Box<SampleMail>)>,
}

impl Player {
    async fn play(&mut self, moment: DateTime<FixedOffset>, scene: Scene) -> Result<()> {
        self.clock.set(moment.max(self.campaign.opens));
        if let Scene::Mail(mail) = scene {
            self.take_in(*mail).await?;
        }
        self.engine.clerk().await?;
        self.collect_letters(moment).await?;
        let standing = self.standing(moment).await?;
        let day = self.day(moment);
        day.complete = standing.count(UnitStatus::Complete) + standing.count(UnitStatus::Waived);
        Ok(())
    }

    /// The provider sends one reminder back, some minutes after it went out.
    async fn play_bounce(&mut self, moment: DateTime<FixedOffset>) -> Result<()> {
        match self.bounce.take() {
            Some((at, mail)) if at <= moment => self.play(at, Scene::Mail(mail)).await,
            waiting => {
                self.bounce = waiting;
                Ok(())
            }
        }
    }

    async fn take_in(&mut self, mail: SampleMail) -> Result<()> {
        let now = self.clock_now();
        self.mails += 1;
        self.shelf.keep_mail(&mail)?;
        let origin = Origin::File { path: mail.name.clone() };
        let arrival = Arrival { origin, received_at: mail.received_at, bytes: mail.bytes };
        let taken = self.engine.desk.take_in(arrival, now).await?;
        let arrived = self.shelf.arrival(&self.engine.desk.store, &taken, mail.received_at).await?;
        self.day(mail.received_at).arrived.push(arrived);
        Ok(())
    }

    fn clock_now(&self) -> DateTime<FixedOffset> {
        Clock::Hand(self.clock.clone()).now(self.engine.offset)
    }

    async fn collect_letters(&mut self, moment: DateTime<FixedOffset>) -> Result<()> {
        let Some(sending) = &self.engine.sending else { return Ok(()) };
        let posted: Vec<Posted> = match &mut *sending.post.lock().await {
            Post::Memory(posted) => std::mem::take(posted),
            Post::Smtp(_) | Post::Folder(_) => Vec::new(),
        };
        for Posted { letter, bytes } in posted {
            self.letters += 1;
            if letter.kind == LetterKind::Reminder && self.bounce.is_none() && !self.shelf.saw_bounce() {
                self.plan_bounce(&letter.message_id, &letter.recipients, moment);
            }
            let is_final = self.shelf.is_final(&letter, &self.engine.desk.sender_domain);
            let shown = self.shelf.keep_letter(&letter, is_final, &bytes)?;
            let kind = letter.kind;
            let day = self.day(moment);
            match kind {
                LetterKind::Digest if is_final => day.final_html_file = Some(shown.file_html),
                LetterKind::Digest => day.digest_html_file = Some(shown.file_html),
                LetterKind::Ack | LetterKind::Reminder | LetterKind::Alert => day.letters.push(shown),
            }
        }
        Ok(())
    }

    /// The last reminder of the first round is sent back; its unit then stands on the telephone list.
    fn plan_bounce(&mut self, message_id: &str, recipients: &[String], moment: DateTime<FixedOffset>) {
        if let Some(recipient) = recipients.first() {
            let at = moment + TimeDelta::minutes(4);
            self.bounce = Some((at, Box::new(bounce_of(message_id, recipient, at))));
            self.shelf.note_bounce();
        }
    }

    fn day(&mut self, moment: DateTime<FixedOffset>) -> &mut DemoDay {
        // What came before the campaign is shown on its first day.
        let moment = moment.max(self.campaign.opens);
        let (date, total) = (moment.date_naive(), self.campaign.roster.units().len());
        self.days.entry(date).or_insert_with(|| DemoDay {
            date,
            digest_html_file: None,
            final_html_file: None,
            letters: Vec::new(),
            arrived: Vec::new(),
            complete: 0,
            total,
        })
    }

    async fn standing(&self, now: DateTime<FixedOffset>) -> Result<CampaignStanding> {
        Ok(collect::standing(&self.engine.desk.store, &self.campaign, Span::All, now).await?)
    }

    async fn finish(mut self, out: &Path, main_file: PathBuf) -> Result<Played> {
        let now = self.clock_now();
        let store = &self.engine.desk.store;
        let standing = collect::standing(store, &self.campaign, Span::All, now).await?;
        let tables = collect::standing_tables(store, &self.campaign, Span::All).await?;
        let reviews = store.open_reviews(Some(&self.campaign.id)).await?;
        let bytes = workbook::consolidated(&self.campaign, &standing, &tables, &reviews)
            .map_err(|error| anyhow::anyhow!("{error}"))?;
        let tally = out.join(TALLY);
        std::fs::write(&tally, bytes).with_context(|| tally.display().to_string())?;
        store.close().await;
        let days: Vec<DemoDay> = std::mem::take(&mut self.days).into_values().collect();
        let index = out.join("index.html");
        std::fs::write(&index, index_html(&self.campaign.title, &days, TALLY))
            .with_context(|| index.display().to_string())?;
        Ok(Played { index, tally, main_file, mails: self.mails, letters: self.letters, standing })
    }
}
