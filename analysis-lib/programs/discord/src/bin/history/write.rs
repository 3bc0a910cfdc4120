//! Brings windows to the store, many at once.

use std::time::Duration;

use activity_discord::program::say;
use activity_discord::store::document::{Window, document};
use activity_discord::store::place::{Placed, Store, place};
use bson::RawDocumentBuf;
use tokio::time::sleep;

/// Documents that are written at once.
const AT_ONCE: usize = 1_000;
/// So often the store is asked again that takes nothing, after 1, 2, 4, … seconds, up
/// to a minute: ten minutes in all.
const REPEATS: u32 = 14;

pub(crate) struct Writer<'a> {
    store: &'a mut dyn Store,
    server: u64,
    /// Of whole windows, in milliseconds.
    length: i64,
    waiting: Vec<RawDocumentBuf>,
    pub(crate) written: usize,
}

impl<'a> Writer<'a> {
    pub(crate) fn new(store: &'a mut dyn Store, server: u64, length: i64) -> Self {
        Self {
            store,
            server,
            length,
            waiting: Vec::new(),
            written: 0,
        }
    }

    /// Adds a window, which is written by the next [`flush`](Self::flush) at the latest.
    pub(crate) async fn add(&mut self, window: &Window) -> Result<(), String> {
        self.waiting
            .push(document(self.server, self.length, window));
        if self.waiting.len() >= AT_ONCE {
            self.flush().await?;
        }
        Ok(())
    }

    /// Writes what waits.
    ///
    /// # Errors
    ///
    /// The store takes nothing for ten minutes: a sentence.
    pub(crate) async fn flush(&mut self) -> Result<(), String> {
        let mut repeats = 0;
        loop {
            match place(self.store, &self.waiting, repeats > 0).await {
                Ok(placed) => {
                    let written = placed.iter().filter(|&&one| one == Placed::Written);
                    self.written += written.count();
                    self.waiting.clear();
                    return Ok(());
                }
                Err(why) if repeats == REPEATS => {
                    return Err(format!(
                        "{why}. What was read is kept: run it again later, and it goes on from there"
                    ));
                }
                Err(why) => {
                    if repeats == 0 {
                        say(&format!("{why}. It is tried again for ten minutes"));
                    }
                    sleep(Duration::from_secs((1 << repeats.min(6)).min(60))).await;
                    repeats += 1;
                }
            }
        }
    }
}
