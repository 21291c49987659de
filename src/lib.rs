//! mailtally collects formal returns by e-mail: it reads the tables, checks the figures, answers, reminds, tallies.
//!
//! The map, the path of one mail and the invariants stand in `ARCHITECTURE.md`. In short, three floors, and imports
//! point downward only (`tests/floors.rs` holds it):
//! 1. `model`: plain types in the field's own words.
//! 2. `read` and `judge`, which are pure; `inbox`, `post`, `wire`, `archive`, `sandbox`, `store`, `clock`, which touch
//!    the world.
//! 3. `work`, where both meet; above it `config`, `daemon`, `demo` and `cli`.

pub mod archive;
pub mod cli;
pub mod clock;
pub mod config;
pub mod daemon;
pub mod demo;
pub mod dkim;
pub mod inbox;
pub mod judge;
pub mod model;
pub mod post;
pub mod read;
pub mod sandbox;
pub mod store;
pub mod wire;
pub mod work;
