//! From what waits to the store, in order and each window once.

use std::cell::RefCell;

use activity_discord::store::place::{Placed, Store, place};
use activity_discord::store::spool::Spool;
use bson::RawDocument;

/// Delivers what waits, up to the first failure. The file follows.
///
/// # Errors
///
/// Why it ended early, as a sentence; what is left waits on.
pub(crate) async fn deliver(
    spool: &RefCell<Spool>,
    store: &mut dyn Store,
    told: &mut impl FnMut(&RawDocument, Placed),
) -> Result<(), String> {
    let mut is_changed = false;
    // Windows may come while we wait for an answer.
    let result = loop {
        let Some((document, was_tried)) = spool.borrow_mut().try_first() else {
            break Ok(());
        };
        match place(store, std::slice::from_ref(&document), was_tried).await {
            Ok(placed) => told(&document, placed[0]),
            Err(why) => break Err(why),
        }
        spool.borrow_mut().pop();
        is_changed = true;
    };
    match is_changed {
        true => result.and(spool.borrow().save()),
        false => result,
    }
}
