//! What is new in a folder: pure comparison of what is recorded with what the server says.
//!
//! A UID says where a mail was seen, never which mail it is: 163 gives unrelated accounts the same UIDVALIDITY and no
//! UIDNEXT, Exmail may leave UIDVALIDITY out, QQ has reshuffled UIDs between sessions. So a mail counts as seen only
//! where UID, size and INTERNALDATE all agree with what was recorded. Fetching one twice is harmless, because its
//! identity is the digest of its bytes.

use std::collections::BTreeMap;

use chrono::{DateTime, FixedOffset};

use crate::model::decision::FolderSeen;

/// What the store knows of a folder.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KnownFolder {
    /// UIDVALIDITY of the last look; 0 where the server does not tell or none was recorded.
    pub uid_validity: u32,
    /// Every place recorded last under its UID: RFC822.SIZE and INTERNALDATE in seconds since 1970.
    pub places: BTreeMap<u32, (u32, i64)>,
}

/// A mail as the server lists it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    pub uid: u32,
    /// RFC822.SIZE, octets.
    pub size: u32,
    /// INTERNALDATE; `None` where the server sent none that can be read.
    pub internal_date: Option<DateTime<FixedOffset>>,
    /// Whether it carries `\Seen`. Told, never judged by: staff read the mailbox too.
    pub seen: bool,
}

impl Listed {
    /// INTERNALDATE in seconds since 1970, 0 where there is none: as it is recorded.
    #[must_use]
    pub fn internal_seconds(&self) -> i64 {
        self.internal_date.map_or(0, |date| date.timestamp())
    }
}

/// What the server says of a folder as it is opened.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Selected {
    pub exists: u32,
    pub uid_validity: Option<u32>,
    pub uid_next: Option<u32>,
}

impl Selected {
    /// By what the folder is known again, where the server tells enough: 163 gives every folder the UIDVALIDITY 1 and
    /// tells no UIDNEXT.
    pub fn seen(&self) -> Option<FolderSeen> {
        let uid_validity = self.uid_validity.filter(|validity| *validity > 1)?;
        Some(FolderSeen { uid_validity, uid_next: self.uid_next?, exists: self.exists })
    }
}

/// Which UIDs to list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Plan {
    Nothing,
    /// The whole folder.
    All,
    /// From this UID on. The answer always holds the folder's last mail (RFC 3501 §6.4.8), known or not.
    From(u32),
}

/// Decides what to list. `before` is what the folder said at the last look on this same connection; `highest` the
/// highest UID listed then; `overdue` says that the whole folder was last listed too long ago.
pub(super) fn plan(known: &KnownFolder, now: &Selected, before: Option<(&Selected, u32)>, overdue: bool) -> Plan {
    if now.exists == 0 {
        return Plan::Nothing;
    }
    let Some((before, highest)) = before else { return Plan::All };
    let recorded_validity = (known.uid_validity != 0).then_some(known.uid_validity);
    let validity_stands = now.uid_validity == before.uid_validity
        && (recorded_validity.is_none() || recorded_validity == now.uid_validity);
    if overdue || !validity_stands {
        return Plan::All;
    }
    if now.uid_next.is_some() && now == before {
        return Plan::Nothing;
    }
    Plan::From(highest.saturating_add(1))
}

/// Those of the listed mails that are not recorded, or not as they are now; each UID once, in their order.
pub(super) fn fresh(known: &KnownFolder, listed: impl IntoIterator<Item = Listed>) -> Vec<Listed> {
    let by_uid: BTreeMap<u32, Listed> = listed.into_iter().map(|mail| (mail.uid, mail)).collect();
    by_uid
        .into_values()
        .filter(|mail| known.places.get(&mail.uid) != Some(&(mail.size, mail.internal_seconds())))
        .collect()
}

/// Cuts a list of mails into fetches, each of at most `octets` and `count` mails; a longer mail goes alone.
pub(super) fn batches(listed: &[Listed], octets: u64, count: usize) -> Vec<Vec<Listed>> {
    let mut batches: Vec<Vec<Listed>> = Vec::new();
    let mut room = 0;
    for mail in listed {
        let size = u64::from(mail.size);
        match batches.last_mut() {
            Some(batch) if batch.len() < count && size <= room => {
                room -= size;
                batch.push(mail.clone());
            }
            _ => {
                room = octets.saturating_sub(size);
                batches.push(vec![mail.clone()]);
            }
        }
    }
    batches
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mail(uid: u32, size: u32, seconds: i64) -> Listed {
        let internal_date = DateTime::from_timestamp(seconds, 0).map(|date| date.fixed_offset());
        Listed { uid, size, internal_date, seen: false }
    }

    fn known(validity: u32, places: &[(u32, u32, i64)]) -> KnownFolder {
        KnownFolder {
            uid_validity: validity,
            places: places.iter().map(|(uid, size, seconds)| (*uid, (*size, *seconds))).collect(),
        }
    }

    fn said(exists: u32, uid_validity: Option<u32>, uid_next: Option<u32>) -> Selected {
        Selected { exists, uid_validity, uid_next }
    }

    #[test]
    fn the_first_look_of_a_connection_lists_everything() {
        let known = known(1, &[(1, 10, 100)]);
        assert_eq!(plan(&known, &said(1, Some(1), Some(2)), None, false), Plan::All);
        assert_eq!(plan(&known, &said(0, Some(1), Some(2)), None, false), Plan::Nothing);
    }

    #[test]
    fn nothing_is_listed_only_where_uidnext_is_told_and_stands() {
        let known = known(1, &[(1, 10, 100)]);
        let told = said(1, Some(1), Some(2));
        assert_eq!(plan(&known, &told, Some((&told, 1)), false), Plan::Nothing);
        // 163 tells no UIDNEXT: one mail may have gone and another come.
        let untold = said(1, Some(1), None);
        assert_eq!(plan(&known, &untold, Some((&untold, 1)), false), Plan::From(2));
        assert_eq!(plan(&known, &said(2, Some(1), Some(3)), Some((&told, 1)), false), Plan::From(2));
        assert_eq!(plan(&known, &told, Some((&told, 1)), true), Plan::All);
    }

    #[test]
    fn a_folder_is_known_again_only_by_all_three() {
        let seen = said(3, Some(1_628_000_000), Some(9)).seen();
        assert_eq!(seen, Some(FolderSeen { uid_validity: 1_628_000_000, uid_next: 9, exists: 3 }));
        assert_eq!(said(3, Some(1), Some(9)).seen(), None, "the UIDVALIDITY of every folder at 163");
        assert_eq!(said(3, None, Some(9)).seen(), None);
        assert_eq!(said(3, Some(1_628_000_000), None).seen(), None);
    }

    #[test]
    fn another_uidvalidity_lists_everything() {
        let known = known(1, &[(1, 10, 100)]);
        let before = said(1, Some(1), Some(2));
        assert_eq!(plan(&known, &said(1, Some(2), Some(2)), Some((&before, 1)), false), Plan::All);
        assert_eq!(plan(&known, &said(1, None, Some(2)), Some((&before, 1)), false), Plan::All);
    }

    #[test]
    fn a_uid_is_no_identity() {
        let known = known(1, &[(1, 10, 100), (2, 20, 200), (3, 30, 300)]);
        let listed = [mail(3, 30, 300), mail(1, 10, 101), mail(2, 21, 200), mail(4, 1, 1), mail(4, 1, 1)];
        let uids: Vec<u32> = fresh(&known, listed).iter().map(|mail| mail.uid).collect();
        assert_eq!(uids, [1, 2, 4]);
    }

    #[test]
    fn the_same_moment_in_another_zone_is_the_same() {
        let mut here = mail(1, 10, 100);
        here.internal_date =
            here.internal_date.map(|date| date.with_timezone(&FixedOffset::east_opt(8 * 3600).unwrap()));
        assert!(fresh(&known(1, &[(1, 10, 100)]), [here]).is_empty());
    }

    #[test]
    fn batches_hold_no_more_than_told() {
        let mails: Vec<Listed> =
            [4, 4, 4, 50, 1, 1, 1, 1].iter().zip(1..).map(|(size, uid)| mail(uid, *size, 0)).collect();
        let uids: Vec<Vec<u32>> =
            batches(&mails, 10, 3).iter().map(|batch| batch.iter().map(|mail| mail.uid).collect()).collect();
        assert_eq!(uids, [vec![1, 2], vec![3], vec![4], vec![5, 6, 7], vec![8]]);
    }
}
