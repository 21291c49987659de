//! Streams encrypted under the default password, and others.
