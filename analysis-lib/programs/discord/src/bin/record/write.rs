//! Writes windows into their store, for as long as it takes.

use std::cell::{Cell, RefCell};
use std::time::{Duration, Instant};

use activity_data::source::document::{ONLINE, QUANTITIES, VOLUME};
use activity_data::text::counted;
use activity_discord::program::{moment, say};
use activity_discord::store::document::{Window, document, span};
use activity_discord::store::place::{Placed, Store};
use activity_discord::store::spool::Spool;
use bson::RawDocument;
use tokio::sync::Notify;

use super::deliver::deliver;

/// From one try to the next while the store is away, at first and at most.
const PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(60);
/// From one line that all is well to the next.
const HOUR: Duration = Duration::from_secs(3_600);

/// What a person hears of the windows.
#[derive(Default)]
struct Report {
    /// Since the last line.
    written: usize,
    /// Whether the window before was another recorder's.
    is_second: bool,
    /// When it was said that another recorder writes, and that all is well.
    second: Option<Instant>,
    well: Option<Instant>,
}

fn is_due(last: Option<Instant>) -> bool {
    last.is_none_or(|last| last.elapsed() >= HOUR)
}

impl Report {
    fn hear(&mut self, document: &RawDocument, placed: Placed) {
        let time = moment(span(document).map_or(0, |(_, time)| time));
        let is_second = placed == Placed::Anothers;
        if is_second && !self.is_second && is_due(self.second) {
            self.second = Some(Instant::now());
            say(&format!(
                "another recorder writes this window (until {time}); this one goes on, and writes what the other doesn't"
            ));
        }
        self.is_second = is_second;
        if is_second {
            return;
        }
        self.written += 1;
        if is_due(self.well) {
            self.well = Some(Instant::now());
            let number = |name| {
                let number = document.get(name).ok().flatten()?;
                let number = number.as_i64().or(number.as_i32().map(i64::from))?;
                usize::try_from(number).ok()
            };
            let members = document.get_document(QUANTITIES);
            let members = members.map_or(0, |members| members.iter().count());
            say(&format!(
                "{} written; the last until {time}: {} online, {} by {}",
                counted(self.written, "window"),
                number(ONLINE).unwrap_or(0),
                counted(number(VOLUME).unwrap_or(0), "message"),
                counted(members, "member"),
            ));
            self.written = 0;
        }
    }
}

/// What hands windows from the gateway's side to the store's.
pub(crate) struct Queue {
    server: u64,
    /// Of whole windows.
    length: i64,
    spool: RefCell<Spool>,
    /// Whether the file can't be written.
    is_memory: Cell<bool>,
    is_over: Cell<bool>,
    wake: Notify,
}

impl Queue {
    pub(crate) fn new(server: u64, length: i64, spool: Spool) -> Self {
        let queue = Self {
            server,
            length,
            spool: RefCell::new(spool),
            is_memory: Cell::new(false),
            is_over: Cell::new(false),
            wake: Notify::new(),
        };
        queue.wake.notify_one();
        queue
    }

    /// Adds a window, which is on the disk when this returns.
    pub(crate) fn push(&self, window: &Window) {
        let document = document(self.server, self.length, window);
        let pushed = self.spool.borrow_mut().push(document);
        if let Err(why) = &pushed
            && !self.is_memory.get()
        {
            say(why);
        }
        self.is_memory.set(pushed.is_err());
        self.wake.notify_one();
    }

    /// No window comes any more.
    pub(crate) fn end(&self) {
        self.is_over.set(true);
        self.wake.notify_one();
    }

    /// Writes windows until no more come, and then tries once more.
    pub(crate) async fn write(&self, store: &mut dyn Store) {
        let mut report = Report::default();
        let mut pause = PAUSE;
        let mut is_away = false;
        let mut is_last = false;
        while !is_last {
            let waits = self.spool.borrow().waiting() > 0;
            tokio::select! {
                () = self.wake.notified() => (),
                () = tokio::time::sleep(pause), if waits => (),
            }
            is_last = self.is_over.get();
            let mut told = |document: &RawDocument, placed| report.hear(document, placed);
            match deliver(&self.spool, store, &mut told).await {
                Ok(()) => {
                    if is_away {
                        say(&format!(
                            "{} is back, and has every window that waited",
                            store.name()
                        ));
                    }
                    is_away = false;
                    pause = PAUSE;
                }
                Err(why) => {
                    if !is_away {
                        say(&format!(
                            "{why}. Until then, windows wait in {}",
                            self.path()
                        ));
                    }
                    is_away = true;
                    pause = (2 * pause).min(LONGEST_PAUSE);
                }
            }
        }
        let left = self.spool.borrow().waiting();
        if left > 0 {
            say(&format!(
                "{} left in {}, for the recorder to write when it runs again",
                counted(left, "window"),
                self.path()
            ));
        }
    }

    pub(crate) fn path(&self) -> String {
        self.spool.borrow().path().display().to_string()
    }
}
