//! From what waits to the database, in order and each window once.

use std::cell::RefCell;

use mongodb::bson::{RawDocument, RawDocumentBuf};

use super::document::{overlap, part, span};
use super::spool::Spool;

/// Where documents go.
pub(crate) trait Store {
    /// Inserts a document. Gives the one that is there already with its `_id`.
    ///
    /// # Errors
    ///
    /// It may or may not be in: why, as a sentence.
    fn insert(
        &mut self,
        document: RawDocumentBuf,
    ) -> impl Future<Output = Result<Option<RawDocumentBuf>, String>>;
}

/// What became of a window.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Delivered {
    Written,
    /// Another recorder wrote this time, or a part of it.
    Anothers,
}

/// Delivers what waits, up to the first failure. The file follows.
///
/// # Errors
///
/// Why it ended early, as a sentence; what is left waits on.
pub(crate) async fn deliver(
    spool: &RefCell<Spool>,
    store: &mut impl Store,
    told: &mut impl FnMut(&RawDocument, Delivered),
) -> Result<(), String> {
    let mut result = Ok(());
    let mut is_changed = false;
    // Windows may come while we wait for an answer.
    loop {
        let Some((document, was_tried)) = spool.borrow_mut().try_first() else {
            break;
        };
        match place(store, &document, was_tried).await {
            Ok(delivered) => told(&document, delivered),
            Err(why) => {
                result = Err(why);
                break;
            }
        }
        spool.borrow_mut().pop();
        is_changed = true;
    }
    if is_changed {
        result = result.and(spool.borrow().save());
    }
    result
}

/// Inserts a window as the first part of its time on the clock that isn't there
/// yet, unless a part that is there is about the same time. So the parts of a
/// time never overlap, whoever writes them.
async fn place(
    store: &mut impl Store,
    document: &RawDocument,
    was_tried: bool,
) -> Result<Delivered, String> {
    for number in 0..=u16::MAX {
        let own = part(document, number);
        match store.insert(own.clone()).await? {
            None => return Ok(Delivered::Written),
            // We had no answer the last time.
            Some(there) if was_tried && there == own => return Ok(Delivered::Written),
            Some(there) if overlap(&there, &own) => return Ok(Delivered::Anothers),
            Some(_) => (),
        }
    }
    let begin = span(document).map_or(0, |span| span.0);
    Err(format!(
        "65,536 parts of the window at {begin} ms are there"
    ))
}
