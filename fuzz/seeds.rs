//! Writes the fuzz targets' first inputs (`src/seeds.rs`) to where cargo-fuzz looks for them.

#![allow(
    dead_code,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "shared with tests and fuzz targets"
)]

#[path = "src/looks.rs"]
mod looks;
#[path = "src/seeds.rs"]
mod seeds;

use std::fs;

use mailtally::model::mail::Digest;

fn main() -> std::io::Result<()> {
    for (target, input) in seeds::all()? {
        let folder = looks::root().join("fuzz/corpus").join(target);
        fs::create_dir_all(&folder)?;
        fs::write(folder.join(Digest::of(&input).short()), input)?;
    }
    Ok(())
}
