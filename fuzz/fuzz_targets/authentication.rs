//! Authentication-Results and Received, which anybody may write.

#![no_main]

use mailtally::read::mime::authentication::{parse, receiving_host};
use mailtally_fuzz::target;

target!(|bytes| {
    let _ = (parse(bytes), receiving_host(bytes));
});
