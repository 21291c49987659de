//! Named steps at which a test build can end the process, as a crash there would.
//!
//! With the feature `failpoints` and `MAILTALLY_END_AT=claimed:3` in the environment the process aborts when it reaches
//! the step `claimed` for the third time. Without the feature there is nothing here.

/// The steps, in the order one mail and then one letter pass them. Of mails that go together some are reached for each
/// (`archived`, `understood`, `decided`, `recorded`), the others once for all.
pub const STEPS: [&str; 13] = [
    "archived",
    "safe",
    "sighted",
    "understood",
    "decided",
    "half_decided",
    "written",
    "recorded",
    "settled_in_the_mailbox",
    "rendered",
    "claimed",
    "delivered",
    "settled",
];

/// Says that the process has come this far.
#[cfg(not(feature = "failpoints"))]
pub(super) const fn reached(_step: &str) {}

/// Says that the process has come this far, and ends it where that was asked for.
#[cfg(feature = "failpoints")]
pub(super) fn reached(step: &str) {
    use std::sync::LazyLock;
    use std::sync::atomic::{AtomicU32, Ordering};

    static END_AT: LazyLock<Option<(String, u32)>> = LazyLock::new(|| {
        let asked = std::env::var("MAILTALLY_END_AT").ok()?;
        let (step, times) = asked.split_once(':')?;
        Some((step.to_owned(), times.parse().ok()?))
    });
    static TIMES: AtomicU32 = AtomicU32::new(0);
    if let Some((end, times)) = END_AT.as_ref()
        && end == step
        && TIMES.fetch_add(1, Ordering::Relaxed) + 1 == *times
    {
        // No destructor, no flush, no reply to anybody.
        std::process::abort();
    }
}
