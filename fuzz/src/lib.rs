//! What the fuzz targets share beside what they do with an input (`looks`): what counts as a finding.
//!
//! A panic in our own code, an overrun of time or memory, and an end of the process are findings. A panic inside a library
//! is not: readers are called under a guard, and it comes out as a damaged piece.

pub mod looks;

/// Libraries' panics are left to the guard; ours end the run.
pub fn only_our_panics() {
    std::panic::set_hook(Box::new(|panic| {
        let ours = panic.location().is_none_or(|place| {
            !["/registry/", "/rustc/", "/rustlib/"].iter().any(|library| place.file().contains(library))
        });
        if ours {
            eprintln!("{panic}");
            std::process::abort();
        }
    }));
}

/// A fuzz target by its name in `looks::TARGETS`.
#[macro_export]
macro_rules! target {
    ($name:literal) => {
        libfuzzer_sys::fuzz_target!(init: { $crate::only_our_panics(); }, |bytes: &[u8]| $crate::looks::look($name, bytes));
    };
}
