//! The alert: something stands still until a person acts.

use chrono::{DateTime, FixedOffset};
use serde::{Deserialize, Serialize};

use super::words::{Office, clean, local, moment, office};
use crate::model::campaign::Campaign;

/// What one alert tells; kept in the outbox as JSON until the letter is sent.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AlertFacts {
    title: String,
    happened_at: DateTime<FixedOffset>,
    told: Vec<String>,
    remedies: Vec<String>,
}

impl AlertFacts {
    /// `title` in a few words (`邮箱登录失败`), `told` what happened and what it holds up, `remedies` what to do, one
    /// step each; all in Chinese.
    #[must_use]
    pub fn new(title: &str, happened_at: DateTime<FixedOffset>, told: &[String], remedies: &[String]) -> Self {
        let cleaned = |lines: &[String]| lines.iter().map(|line| clean(line, 400)).collect();
        Self { title: clean(title, 60), happened_at, told: cleaned(told), remedies: cleaned(remedies) }
    }

    /// The facts in the words the templates use.
    pub(super) fn view(&self, campaign: &Campaign, now: DateTime<FixedOffset>) -> AlertView {
        AlertView {
            office: office(campaign, now),
            title: self.title.clone(),
            happened: moment(local(campaign, self.happened_at)),
            told: self.told.clone(),
            remedies: self.remedies.clone(),
        }
    }
}

/// What `alert.txt` and `alert.html` see.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(super) struct AlertView {
    office: Office,
    title: String,
    happened: String,
    told: Vec<String>,
    remedies: Vec<String>,
}
