//! Which header of a band stands for which column of the form, where one wording is printed several times.

use std::collections::BTreeMap;

use super::headers::{Fit, Headers, split_header};
use super::layout::Sighting;
use crate::model::form::{Column, ColumnKind, Form};
use crate::model::grid::Grid;

/// Gives every column of the form, by index, the header that stands for it: surely, or none.
#[must_use]
pub fn assign<'s>(row: &[&'s Sighting], grid: &Grid, form: &Form, headers: &Headers) -> BTreeMap<usize, &'s Sighting> {
    let groups = row.iter().map(|sighting| group_over(grid, sighting, headers)).collect();
    let mut assignment = Assignment { row, groups, form, given: BTreeMap::new(), taken: vec![false; row.len()] };
    for (index, column) in form.columns.iter().enumerate() {
        if column.after.is_none() {
            assignment.give(index, |_| true);
        }
    }
    let walls: Vec<u32> = assignment.given.values().map(|sighting| sighting.left).collect();
    let before: Vec<bool> = (0..form.columns.len()).map(|index| assignment.stands_before(index)).collect();
    for (index, column) in form.columns.iter().enumerate() {
        let Some(from) = assignment.leader(column).map(|leader| leader.left) else { continue };
        if before.get(index) == Some(&true) {
            let wall = walls.iter().copied().filter(|wall| *wall < from).max();
            assignment.give(index, |left| left < from && wall.is_none_or(|wall| left > wall));
        } else {
            let wall = walls.iter().copied().filter(|wall| *wall > from).min();
            assignment.give(index, |left| left > from && wall.is_none_or(|wall| left < wall));
        }
    }
    assignment.leftovers(&walls);
    assignment.given
}

fn same_group(seen: Option<&str>, wanted: Option<&str>) -> bool {
    match (seen, wanted) {
        (Some(seen), Some(wanted)) => seen == wanted,
        _ => true,
    }
}

/// The group header above a sighting.
fn group_over<'f>(grid: &Grid, sighting: &Sighting, headers: &Headers<'f>) -> Option<&'f str> {
    (sighting.top.saturating_sub(3)..sighting.top)
        .rev()
        .filter_map(|row| {
            // Unmerged group headers reach to the next one on their row.
            let merged = grid.seen_at(row, sighting.left);
            merged.or_else(|| grid.row(row).iter().rev().find(|cell| cell.column <= sighting.left))
        })
        .find_map(|cell| headers.group_named(&cell.value.shown()))
}

struct Assignment<'a, 's> {
    row: &'a [&'s Sighting],
    /// The group above each of `row`.
    groups: Vec<Option<&'a str>>,
    form: &'a Form,
    given: BTreeMap<usize, &'s Sighting>,
    taken: Vec<bool>,
}

impl<'s> Assignment<'_, 's> {
    fn leader(&self, column: &Column) -> Option<&'s Sighting> {
        let key = column.after.as_deref()?;
        let index = self.form.columns.iter().position(|other| other.key == key)?;
        self.given.get(&index).copied()
    }

    /// The free sightings that may stand for a column, of the better fit only.
    fn fitting(&self, index: usize, column: &Column, allowed: impl Fn(u32) -> bool) -> Vec<usize> {
        let mut found: Vec<(Fit, usize)> = Vec::new();
        for (place, sighting) in self.row.iter().enumerate() {
            let free = self.taken.get(place) == Some(&false) && sighting.columns.contains(&index);
            // A group tells headers of one wording apart; others need none.
            let group = column.after.is_none()
                || same_group(self.groups.get(place).copied().flatten(), column.group.as_deref());
            if free && group && allowed(sighting.left) {
                found.push((sighting.fit, place));
            }
        }
        // Where a leader is missing the form is not counted, and the printed order is the best guess.
        let best = found.iter().map(|(fit, _)| *fit).max().filter(|_| !self.lacks_leader(&column.header));
        found.into_iter().filter(|(fit, _)| best.is_none_or(|best| *fit == best)).map(|(_, place)| place).collect()
    }

    /// Gives the column the sighting that names it. Of several the one in the column's own unit of money, then the
    /// one in the form's own words; of equals the first for words, and none for figures: they may be different ones.
    fn give(&mut self, index: usize, allowed: impl Fn(u32) -> bool) {
        let Some(column) = self.form.columns.get(index) else { return };
        let mut places = self.fitting(index, column, allowed);
        if self.lacks_leader(&column.header) {
            places.truncate(1);
        }
        let header = split_header(&column.header);
        for narrows in [
            |sighting: &Sighting, column: &Column, _: &str| match column.kind {
                ColumnKind::Money(unit) => split_header(&sighting.text).money == Some(unit),
                ColumnKind::Count | ColumnKind::Text => true,
            },
            |sighting: &Sighting, _: &Column, header: &str| split_header(&sighting.text).bare == header,
        ] {
            let fits =
                |place: &usize| self.row.get(*place).is_some_and(|seen| narrows(seen, column, header.bare.as_str()));
            if places.len() > 1 && places.iter().any(fits) {
                places.retain(fits);
            }
        }
        let sure = places.len() == 1 || !column.kind.is_number();
        let Some(first) = places.first().copied().filter(|_| sure) else { return };
        if let (Some(sighting), Some(taken)) = (self.row.get(first), self.taken.get_mut(first)) {
            self.given.insert(index, sighting);
            *taken = true;
        }
    }

    fn lacks_leader(&self, header: &str) -> bool {
        let mut same = self.form.columns.iter().filter(|column| column.after.is_some() && column.header == header);
        same.any(|column| self.leader(column).is_none())
    }

    /// Whether every header of this wording stands left of its leader (经费, then 人数): the form was rearranged.
    fn stands_before(&self, index: usize) -> bool {
        let Some(column) = self.form.columns.get(index) else { return false };
        let same: Vec<&Column> =
            self.form.columns.iter().filter(|other| other.after.is_some() && other.header == column.header).collect();
        let mut starts: Vec<u32> =
            same.iter().filter_map(|other| self.leader(other)).map(|leader| leader.left).collect();
        starts.sort_unstable();
        let (Some(first), Some(last)) = (starts.first(), starts.last()) else { return false };
        let seen: Vec<u32> = self
            .row
            .iter()
            .zip(&self.taken)
            .filter(|(sighting, taken)| !**taken && sighting.columns.contains(&index))
            .map(|(sighting, _)| sighting.left)
            .collect();
        starts.len() == same.len() && seen.iter().any(|left| left < first) && seen.iter().all(|left| left < last)
    }

    /// Columns that are not found beside their leader, where as many headers are left as are wanted.
    fn leftovers(&mut self, walls: &[u32]) {
        for (index, column) in self.form.columns.iter().enumerate() {
            if self.given.contains_key(&index) || column.after.is_none() {
                continue;
            }
            let wanted = self.form.columns.iter().enumerate().filter(|(other, candidate)| {
                candidate.header == column.header
                    && !self.given.contains_key(other)
                    && same_group(candidate.group.as_deref(), column.group.as_deref())
            });
            let leader = self.leader(column).map(|leader| leader.left);
            let beside = |left: u32| {
                // Another leader between would be the nearer one.
                leader
                    .is_none_or(|leader| !walls.iter().any(|wall| *wall > left.min(leader) && *wall < left.max(leader)))
            };
            let fitting = self.fitting(index, column, |_| true);
            let first = fitting.first().and_then(|first| self.row.get(*first)).map(|sighting| sighting.left);
            if fitting.len() == wanted.count() && first.is_some_and(beside) {
                self.give(index, |left| Some(left) == first);
            }
        }
    }
}
