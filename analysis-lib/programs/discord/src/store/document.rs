//! A window as a document.
//!
//! Its `_id` follows from the server and the window, so that no window can be
//! in the collection twice: an ObjectId of the second in which the window's time
//! on the clock begins, a hash of the server's id, and the number of the part.
//! A window that was cut is one part of its time on the clock, and what was
//! recorded after the gap is the next. ObjectIds grow with time, like those that
//! another bot may have written before.

use bson::oid::ObjectId;
use bson::{Bson, DateTime, Document, RawDocument, RawDocumentBuf, doc};

use activity_data::source::document::{
    CHANNELS, JOINED, LEFT, MEMBERS, ONLINE, QUANTITIES, SINCE, TIME, VOLUME,
};
use activity_data::store::stream::checksum;

/// From when to when, in milliseconds since the epoch (UTC). The end isn't part of
/// it; the begin is `None` where it isn't said.
pub type Span = (Option<i64>, i64);

/// A window that is over. What is `None` isn't known.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Window {
    /// The begin, in milliseconds since the epoch (UTC).
    pub since: i64,
    /// The end, which is the first moment that isn't part of it.
    pub time: i64,
    /// Human members online, idle or busy at the end.
    pub online: Option<u32>,
    /// Member id and messages, in the order of ids.
    pub quantities: Vec<(u64, u32)>,
    /// Human members of the server at the end.
    pub members: Option<u32>,
    /// Humans who joined, in order, once for each time.
    pub joined: Option<Vec<u64>>,
    /// Humans who left, in order, once for each time.
    pub left: Option<Vec<u64>>,
    /// Channel id and messages, in the order of ids.
    pub channels: Option<Vec<(u64, u32)>>,
}

/// The document of the first part. `length` is that of whole windows.
pub fn document(server: u64, length: i64, window: &Window) -> RawDocumentBuf {
    let begin = window.since.div_euclid(length) * length;
    let mut id = [0; 12];
    id[..4].copy_from_slice(&((begin / 1_000) as u32).to_be_bytes());
    id[4..10].copy_from_slice(&checksum(0, &server.to_be_bytes()).to_be_bytes()[2..]);
    let sent = window.quantities.iter().map(|&(_, sent)| u64::from(sent));
    let mut document = doc! {
        "_id": ObjectId::from_bytes(id),
        TIME: DateTime::from_millis(window.time),
        SINCE: DateTime::from_millis(window.since),
    };
    let mut add = |name, value: Option<Bson>| {
        if let Some(value) = value {
            document.insert(name, value);
        }
    };
    let ids = |ids: &Vec<u64>| ids.iter().map(u64::to_string).collect();
    add(ONLINE, window.online.map(|online| number(online.into())));
    add(VOLUME, Some(number(sent.sum())));
    add(QUANTITIES, Some(counts(&window.quantities)));
    add(MEMBERS, window.members.map(|count| number(count.into())));
    add(JOINED, window.joined.as_ref().map(ids));
    add(LEFT, window.left.as_ref().map(ids));
    add(CHANNELS, window.channels.as_deref().map(counts));
    RawDocumentBuf::try_from(&document).expect("its keys have no zero bytes")
}

/// Ids and how often each, as a sub-document.
fn counts(of: &[(u64, u32)]) -> Bson {
    let counts = of.iter();
    let counts = counts.map(|&(id, count)| (id.to_string(), number(count.into())));
    counts.collect::<Document>().into()
}

/// The smaller of the two kinds of whole numbers, where it fits.
fn number(count: u64) -> Bson {
    match i32::try_from(count) {
        Ok(count) => count.into(),
        Err(_) => count.cast_signed().into(),
    }
}

/// The same window as this part of its time on the clock.
pub fn part(document: &RawDocument, part: u16) -> RawDocumentBuf {
    // Length, type and name of the first element, ten bytes of the id.
    const PLACE: usize = 4 + 1 + 4 + 10;
    let mut bytes = document.as_bytes().to_vec();
    bytes[PLACE..PLACE + 2].copy_from_slice(&part.to_be_bytes());
    RawDocumentBuf::from_bytes(bytes).expect("its length is the same")
}

/// What a document is about, where it says when that was.
pub fn span(document: &RawDocument) -> Option<Span> {
    let date = |name| {
        let date = document.get_datetime(name);
        date.ok().map(DateTime::timestamp_millis)
    };
    Some((date(SINCE), date(TIME)?))
}

/// Whether both are about some same moment. What doesn't say when it began or ended
/// may be.
pub fn overlap(one: Option<Span>, other: Option<Span>) -> bool {
    match (one, other) {
        (Some((Some(since), time)), Some((Some(other_since), other_time))) => {
            since < other_time && other_since < time
        }
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use activity_mongodb::bson::Columns;

    fn window(since: i64, time: i64) -> Window {
        Window {
            since,
            time,
            online: Some(84),
            quantities: vec![(123_456_789_012_345_678, 12), (u64::MAX, 3_000_000_000)],
            ..Window::default()
        }
    }

    #[test]
    fn a_document_is_one_that_the_pull_takes() {
        let begin = 1_700_000_000_000;
        let document = document(7, 600_000, &window(begin, begin + 1));
        let mut columns = Columns::new();
        columns.document(&document, 0);
        assert!(columns.left_out.is_empty(), "{:?}", columns.left_out);
    }

    #[test]
    fn the_id_follows_from_server_and_window() {
        let begin = 1_700_000_400_000;
        let id = |server, since| {
            let document = document(server, 600_000, &window(since, since + 1));
            document.get_object_id("_id").unwrap()
        };
        assert_eq!(id(7, begin), id(7, begin + 599_999));
        assert!(id(7, begin) < id(7, begin + 600_000));
        assert_ne!(id(7, begin), id(8, begin));
        assert_eq!(id(7, begin).timestamp().timestamp_millis(), begin);
        let first = document(7, 600_000, &window(begin, begin + 1));
        assert_eq!(part(&first, 0), first);
        let second = part(&first, 258);
        assert_eq!(second.get_object_id("_id").unwrap().bytes()[10..], [1, 2]);
        assert_eq!(span(&second), span(&first));
    }
}
