//! The register of all campaigns the office runs, with what the judges prepare once for each.

use std::sync::Arc;

use chrono::{DateTime, FixedOffset};

use super::names::NameBook;
use crate::model::campaign::Campaign;

/// All campaigns and the office's own addresses.
pub struct Register {
    entries: Vec<Arc<Entry>>,
    /// Lower case.
    own_addresses: Vec<String>,
    notes: Vec<Note>,
}

/// What staff should be told of the configuration itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    pub at: DateTime<FixedOffset>,
    /// A Chinese sentence.
    pub text: String,
    /// It is told until it is mended; otherwise for a day.
    pub lasts: bool,
}

/// One campaign with its names ready to be searched.
pub struct Entry {
    pub campaign: Arc<Campaign>,
    pub names: NameBook,
}

impl Register {
    /// `own_addresses` are those letters are sent from and mailboxes are read at.
    #[must_use]
    pub fn new(campaigns: Vec<Campaign>, own_addresses: Vec<String>) -> Self {
        let mut own_addresses: Vec<String> = own_addresses.iter().map(|address| address.to_lowercase()).collect();
        own_addresses.extend(campaigns.iter().map(|campaign| campaign.contact.email.to_lowercase()));
        let entries = campaigns
            .into_iter()
            .map(|campaign| Arc::new(Entry { names: NameBook::new(&campaign.roster), campaign: Arc::new(campaign) }))
            .collect();
        Self { entries, own_addresses, notes: Vec::new() }
    }

    /// The same register with these notes and no others.
    #[must_use]
    pub fn noting(&self, notes: Vec<Note>) -> Self {
        Self { entries: self.entries.clone(), own_addresses: self.own_addresses.clone(), notes }
    }

    #[must_use]
    pub fn notes(&self) -> &[Note] {
        &self.notes
    }

    /// The register as it was when a mail arrived: a collection that had not opened by then asks for nothing, so that
    /// next year's folder takes no mail from this year's. Where none had opened all are kept, and nothing is filed.
    #[must_use]
    pub fn at(&self, received_at: DateTime<FixedOffset>) -> Self {
        let open = self.entries.iter().filter(|entry| entry.campaign.opens <= received_at);
        let open: Vec<Arc<Entry>> = open.cloned().collect();
        let entries = if open.is_empty() { self.entries.clone() } else { open };
        Self { entries, ..self.noting(self.notes.clone()) }
    }

    #[must_use]
    pub fn entries(&self) -> &[Arc<Entry>] {
        &self.entries
    }

    pub fn campaigns(&self) -> impl Iterator<Item = &Arc<Campaign>> {
        self.entries.iter().map(|entry| &entry.campaign)
    }

    #[must_use]
    pub fn campaign(&self, id: &str) -> Option<&Arc<Campaign>> {
        self.campaigns().find(|campaign| campaign.id == id)
    }

    /// The office's own addresses, lower case.
    #[must_use]
    pub fn own_addresses(&self) -> &[String] {
        &self.own_addresses
    }

    /// This campaign alone: for a mail that a person has said to be a return to it.
    #[must_use]
    pub fn alone(&self, id: &str) -> Option<Self> {
        let campaign = self.campaign(id)?;
        Some(Self::new(vec![campaign.as_ref().clone()], self.own_addresses.clone()))
    }

    /// Whether this address is the office's own.
    #[must_use]
    pub fn is_own(&self, address: &str) -> bool {
        self.own_addresses.contains(&address.to_lowercase())
    }
}
