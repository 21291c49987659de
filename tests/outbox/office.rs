//! An office with everything but servers: mail is handed in, letters are kept in memory.

use std::path::Path;
use std::sync::Arc;

use chrono::{DateTime, FixedOffset};
use mailtally::archive::Archive;
use mailtally::clock::{Clock, HandClock};
use mailtally::config;
use mailtally::daemon::{Engine, Sending};
use mailtally::judge::progress;
use mailtally::judge::register::Register;
use mailtally::model::campaign::Campaign;
use mailtally::model::decision::{Arrival, Origin};
use mailtally::model::mail::Address;
use mailtally::model::standing::UnitStanding;
use mailtally::model::unit::{Roster, Unit, UnitCode};
use mailtally::post::{Post, Posted};
use mailtally::read::Limits;
use mailtally::store::Store;
use mailtally::work::deliver::Quota;
use mailtally::work::desk::{Desk, TakenIn};
use mailtally::work::opener::Opener;
use tokio::sync::Mutex;

pub const CAMPAIGN: &str = "2021-bayi";

pub fn at(text: &str) -> DateTime<FixedOffset> {
    DateTime::parse_from_rfc3339(&format!("{text}:00+08:00")).unwrap()
}

pub fn campaign() -> Campaign {
    let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("config/campaigns/2021-bayi");
    config::load_campaign(&shipped, *at("2021-08-01T00:00").offset()).unwrap()
}

pub fn unit(code: &str, name: &str, email: &str) -> Unit {
    Unit {
        code: UnitCode::new(code),
        name: name.to_owned(),
        group: "市直".to_owned(),
        aliases: Vec::new(),
        emails: if email.is_empty() { Vec::new() } else { vec![email.to_owned()] },
        phone: Some("0358-5550199".to_owned()),
        contact: Some("张主任".to_owned()),
        superior: None,
    }
}

pub struct Office {
    _folder: tempfile::TempDir,
    pub engine: Engine,
    clock: HandClock,
}

impl Office {
    pub async fn new(address: &str, campaign: Campaign, quota: Quota) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let offset = *at("2021-08-01T00:00").offset();
        let domain = address.rsplit_once('@').unwrap().1.to_owned();
        let register = Register::new(vec![campaign], vec![address.to_owned()]);
        let store = Store::open(folder.path(), offset).await.unwrap();
        let archive = Archive::open(folder.path());
        let clock = HandClock::new(at("2021-08-01T00:00"));
        let engine = Engine {
            desk: Desk::new(store, archive, Arc::new(register), Opener::Here(Limits::default()), domain),
            mailboxes: Vec::new(),
            sending: Some(Sending {
                post: Mutex::new(Post::Memory(Vec::new())),
                from: Address { name: Some("市双拥办".to_owned()), address: address.to_owned() },
                quota,
                hold_reminders: false,
            }),
            digest_to: Vec::new(),
            alert_to: Vec::new(),
            clock: Clock::Hand(clock.clone()),
            offset,
            watch: None,
        };
        Self { _folder: folder, engine, clock }
    }

    /// An office without need of a quota.
    pub async fn with(address: &str, units: Vec<Unit>) -> Self {
        let mut campaign = campaign();
        campaign.roster = Roster::new(units);
        address.clone_into(&mut campaign.contact.email);
        Self::new(address, campaign, Quota { per_minute: 1000, per_day: 10_000 }).await
    }

    pub async fn receives(&self, name: &str, bytes: &[u8], now: DateTime<FixedOffset>) -> TakenIn {
        self.clock.set(now);
        let origin = Origin::File { path: name.to_owned() };
        self.engine.desk.take_in(Arrival { origin, received_at: now, bytes: bytes.to_vec() }, now).await.unwrap()
    }

    /// One round of the clerk; the letters that went out.
    pub async fn works(&self, now: DateTime<FixedOffset>) -> Vec<Posted> {
        self.clock.set(now);
        self.engine.clerk().await.unwrap();
        match &mut *self.engine.sending.as_ref().unwrap().post.lock().await {
            Post::Memory(posted) => std::mem::take(posted),
            Post::Smtp(_) | Post::Folder(_) => panic!("a post in memory"),
        }
    }

    pub fn store(&self) -> &Store {
        &self.engine.desk.store
    }

    pub async fn standing(&self, code: &str, now: DateTime<FixedOffset>) -> UnitStanding {
        let register = self.engine.desk.register();
        let campaign = register.campaign(CAMPAIGN).unwrap();
        let events = self.store().events(CAMPAIGN).await.unwrap();
        let units = progress::standing(campaign, &events, now).units;
        units.into_iter().find(|unit| unit.unit.code.as_str() == code).unwrap()
    }
}
