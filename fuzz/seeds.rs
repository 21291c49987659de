//! Writes the fuzz targets' first inputs (`src/seeds.rs`) to where cargo-fuzz looks for them.

#[allow(dead_code, reason = "an example uses a part")]
#[path = "src/looks.rs"]
mod looks;
#[allow(dead_code, reason = "an example uses a part")]
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
