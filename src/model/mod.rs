//! The ground floor: plain types in the field's own words; no disk, no network, no clock, no database.

pub mod account;
pub mod alarm;
pub mod authenticity;
pub mod calendar;
pub mod campaign;
pub mod decision;
pub mod form;
pub mod grid;
pub mod hints;
pub mod invisible;
pub mod ledger;
pub mod letter;
pub mod mail;
pub mod mark;
pub mod returns;
pub mod standing;
pub mod unit;
