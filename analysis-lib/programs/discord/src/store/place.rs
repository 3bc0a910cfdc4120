//! What a store has to do, and how a window gets into one, once.

use std::pin::Pin;

use activity_data::Error;
use bson::RawDocumentBuf;

use super::document::{Span, overlap, part, span};

/// What a store answers in its time.
pub type Answer<'a, T> = Pin<Box<dyn Future<Output = T> + 'a>>;
/// See [`Store::insert`].
pub type Inserted = Result<Vec<Option<There>>, String>;

/// Where documents go.
pub trait Store {
    /// What sentences call it.
    fn name(&self) -> String;

    /// Makes it where it isn't there yet. Gives why that can't be done now.
    ///
    /// # Errors
    ///
    /// It can't be done until a person mends what the sentence says.
    fn prepare(&mut self) -> Answer<'_, Result<Option<String>, Error>>;

    /// Inserts documents, which are in to stay when this returns. Of each it gives
    /// the one that is there already with its `_id`, and isn't changed.
    ///
    /// # Errors
    ///
    /// Each may or may not be in: why, as a sentence.
    fn insert<'a>(&'a mut self, documents: &'a [RawDocumentBuf]) -> Answer<'a, Inserted>;

    /// The stretches of time that documents are about, whoever wrote them, in order
    /// of their ends. What no reader takes is passed over.
    ///
    /// # Errors
    ///
    /// Why they can't be read, as a sentence.
    fn spans(&mut self) -> Answer<'_, Result<Vec<Span>, String>>;
}

/// A document that is there already.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct There {
    /// Whether it is the same as the one to be inserted.
    pub is_same: bool,
    /// What it is about. `None`: it doesn't say.
    pub span: Option<Span>,
}

/// What became of a window.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Placed {
    /// It is in the store.
    Written,
    /// Something else is there that is about this time, or a part of it.
    Anothers,
}

/// Inserts windows, each as the first part of its time on the clock that isn't
/// there yet, unless a part that is there is about the same time. So the parts of a
/// time never overlap, whoever writes them. `was_tried`: they may be there already,
/// unheard.
///
/// # Errors
///
/// Each may or may not be in: why, as a sentence.
pub async fn place(
    store: &mut dyn Store,
    documents: &[RawDocumentBuf],
    was_tried: bool,
) -> Result<Vec<Placed>, String> {
    let mut placed = vec![Placed::Written; documents.len()];
    let mut left: Vec<usize> = (0..documents.len()).collect();
    for number in 0..=u16::MAX {
        if left.is_empty() {
            return Ok(placed);
        }
        let parts: Vec<_> = left.iter().map(|&i| part(&documents[i], number)).collect();
        let there = store.insert(&parts).await?;
        let mut there = there.into_iter();
        left.retain(|&index| match there.next().flatten() {
            None => false,
            // We had no answer the last time.
            Some(there) if was_tried && there.is_same => false,
            Some(there) if overlap(there.span, span(&documents[index])) => {
                placed[index] = Placed::Anothers;
                false
            }
            Some(_) => true,
        });
    }
    Err("65,536 parts of one window are there".to_owned())
}
