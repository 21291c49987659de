//! The line along which mails pass the desk: kept, then read, then recorded, each step at work while the next mails are at
//! the one before. Mails are kept and recorded many at a time, so that the disk is waited for once for all of them.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, FixedOffset};
use futures_util::future::BoxFuture;
use futures_util::stream::FuturesOrdered;
use futures_util::{FutureExt as _, StreamExt as _};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};
use tokio::time::{Instant, timeout_at};

use super::keeping::Kept;
use super::recording::Read;
use super::{Desk, TakenIn};
use crate::model::decision::{Arrival, Origin};
use crate::work::WorkError;

/// So many mails are kept, or recorded, at once at most.
pub(super) const MOST_TOGETHER: usize = 64;
/// And none waits longer than this for others to come along.
const LONGEST_WAIT: Duration = Duration::from_millis(50);
/// Octets of mails on the line that are not read yet; a longer mail is there alone.
const MOST_OCTETS: usize = 4 << 20;
/// Permits count so many octets each.
const GRAIN: usize = 1 << 10;
/// Mails that are being read, or wait for a reader or for the DNS.
const MOST_READING: usize = 8;

/// A mail with its share of the octets that may be on the line.
pub(super) struct Weighed {
    pub arrival: Arrival,
    pub share: OwnedSemaphorePermit,
}

/// What time it is.
pub type Now<'a> = &'a (dyn Fn() -> DateTime<FixedOffset> + Send + Sync);
/// What became of a mail, with where it was seen.
pub type OnTaken<'a> = &'a mut (dyn FnMut(TakenIn, Origin) + Send);

impl Desk {
    /// Takes in mails as they come until no more can come, each as [`Desk::take_in`] does, and tells what became of it
    /// with where it was seen. `now` is asked for each step.
    ///
    /// # Errors
    /// Where disk or database fail; then what was not told of is as if it had not come, and comes again.
    pub fn take_in_all<'a>(
        &'a self,
        arrivals: mpsc::Receiver<Arrival>,
        now: Now<'a>,
        on_taken: OnTaken<'a>,
    ) -> BoxFuture<'a, Result<(), WorkError>> {
        let (to_read, from_keeping) = mpsc::channel(1);
        let (to_record, from_reading) = mpsc::channel(MOST_TOGETHER);
        let (known, from_known) = mpsc::channel(MOST_TOGETHER);
        let keep = self.keep_all(arrivals, to_read, known, now);
        let read = self.read_all(from_keeping, to_record, now);
        let record = self.record_all(from_reading, from_known, now, on_taken);
        async { tokio::try_join!(keep, read, record).map(|_| ()) }.boxed()
    }

    /// The first step: keeps mails as they come.
    async fn keep_all(
        &self,
        mut arrivals: mpsc::Receiver<Arrival>,
        to_read: mpsc::Sender<Vec<Kept>>,
        known: mpsc::Sender<(TakenIn, Origin)>,
        now: Now<'_>,
    ) -> Result<(), WorkError> {
        let room = Arc::new(Semaphore::new(MOST_OCTETS / GRAIN));
        let mut next = None;
        loop {
            let together = gather(&mut arrivals, &mut next, &room).await;
            if together.is_empty() {
                return Ok(());
            }
            let kept = self.keep(together, now()).await?;
            for one in kept.known {
                if known.send(one).await.is_err() {
                    return Ok(());
                }
            }
            if !kept.unread.is_empty() && to_read.send(kept.unread).await.is_err() {
                return Ok(());
            }
        }
    }

    /// The second step: opens and judges mails, several at once, and hands them on in their order.
    async fn read_all(
        &self,
        mut kept: mpsc::Receiver<Vec<Kept>>,
        to_record: mpsc::Sender<Read>,
        now: Now<'_>,
    ) -> Result<(), WorkError> {
        let mut waiting: VecDeque<Kept> = VecDeque::new();
        let mut reading = FuturesOrdered::new();
        let mut done: VecDeque<Read> = VecDeque::new();
        let mut more = true;
        // One that was begun before is read with no other beside it.
        let mut alone = false;
        while more || !waiting.is_empty() || !reading.is_empty() || !done.is_empty() {
            alone &= !reading.is_empty();
            while !alone
                && reading.len() + done.len() < MOST_READING
                && let Some(next) = waiting.pop_front_if(|next| !next.begun_before || reading.is_empty())
            {
                alone = next.begun_before;
                reading.push_back(self.read(next, now()));
            }
            // What is being read is never left standing: it may hold what the step after it waits for.
            tokio::select! {
                come = kept.recv(), if more && waiting.is_empty() => match come {
                    Some(come) => waiting.extend(come),
                    None => more = false,
                },
                Some(read) = reading.next() => done.push_back(read?),
                room = to_record.reserve(), if !done.is_empty() => match (room, done.pop_front()) {
                    (Ok(room), Some(read)) => room.send(read),
                    (Ok(_), None) => {}
                    (Err(_), _) => return Ok(()),
                },
            }
        }
        Ok(())
    }

    /// The last step: records what was read, and tells of it and of what was known.
    async fn record_all(
        &self,
        mut read: mpsc::Receiver<Read>,
        mut known: mpsc::Receiver<(TakenIn, Origin)>,
        now: Now<'_>,
        on_taken: OnTaken<'_>,
    ) -> Result<(), WorkError> {
        loop {
            let mut together = Vec::new();
            tokio::select! {
                biased;
                Some((taken, origin)) = known.recv() => on_taken(taken, origin),
                first = read.recv() => match first {
                    Some(first) => together.push(first),
                    None => break,
                },
            }
            if together.is_empty() {
                continue;
            }
            let until = Instant::now() + LONGEST_WAIT;
            while together.len() < MOST_TOGETHER
                && let Ok(Some(next)) = timeout_at(until, read.recv()).await
            {
                together.push(next);
            }
            for (taken, origin) in self.record(together, now()).await? {
                on_taken(taken, origin);
            }
        }
        while let Some((taken, origin)) = known.recv().await {
            on_taken(taken, origin);
        }
        Ok(())
    }
}

/// Mails that go on together: what comes within a while, as far as there is room for its octets. `next` is one for which
/// there was none.
async fn gather(
    arrivals: &mut mpsc::Receiver<Arrival>,
    next: &mut Option<Arrival>,
    room: &Arc<Semaphore>,
) -> Vec<Weighed> {
    let first = match next.take() {
        Some(first) => Some(first),
        None => arrivals.recv().await,
    };
    let Some(first) = first else { return Vec::new() };
    let Ok(share) = Arc::clone(room).acquire_many_owned(weight(&first)).await else { return Vec::new() };
    let mut together = vec![Weighed { arrival: first, share }];
    let until = Instant::now() + LONGEST_WAIT;
    while together.len() < MOST_TOGETHER
        && let Ok(Some(arrival)) = timeout_at(until, arrivals.recv()).await
    {
        match Arc::clone(room).try_acquire_many_owned(weight(&arrival)) {
            Ok(share) => together.push(Weighed { arrival, share }),
            Err(_) => {
                *next = Some(arrival);
                break;
            }
        }
    }
    together
}

fn weight(arrival: &Arrival) -> u32 {
    let octets = arrival.bytes.len().min(MOST_OCTETS);
    u32::try_from(octets.div_ceil(GRAIN)).unwrap_or(u32::MAX)
}
