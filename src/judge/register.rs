//! The register of all campaigns the office runs, with what the judges prepare once for each.

use std::sync::Arc;

use super::names::NameBook;
use crate::model::campaign::Campaign;

/// All campaigns and the office's own addresses.
pub struct Register {
    entries: Vec<Entry>,
    /// Lower case.
    own_addresses: Vec<String>,
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
            .map(|campaign| Entry { names: NameBook::new(&campaign.roster), campaign: Arc::new(campaign) })
            .collect();
        Self { entries, own_addresses }
    }

    #[must_use]
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    pub fn campaigns(&self) -> impl Iterator<Item = &Arc<Campaign>> {
        self.entries.iter().map(|entry| &entry.campaign)
    }

    #[must_use]
    pub fn campaign(&self, id: &str) -> Option<&Arc<Campaign>> {
        self.campaigns().find(|campaign| campaign.id == id)
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
