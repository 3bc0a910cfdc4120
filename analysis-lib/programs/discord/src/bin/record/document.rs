//! A window as a document of MongoDB's.
//!
//! Its `_id` follows from the server and the window, so that no window can be
//! in the collection twice: an ObjectId of the second in which the window's time
//! on the clock begins, a hash of the server's id, and the number of the part.
//! A window that was cut is one part of its time on the clock, and what was
//! recorded after the gap is the next. ObjectIds grow with time, like those that
//! another bot may have written before.

use mongodb::bson::oid::ObjectId;
use mongodb::bson::{DateTime, Document, RawDocument, RawDocumentBuf, doc};

use super::window::Window;
use activity_data::source::document::{ONLINE, QUANTITIES, SINCE, TIME, VOLUME};
use activity_data::store::stream::checksum;

/// The document of the first part. `length` is that of whole windows.
pub(crate) fn document(server: u64, length: i64, window: &Window) -> RawDocumentBuf {
    let begin = window.since.div_euclid(length) * length;
    let mut id = [0; 12];
    id[..4].copy_from_slice(&((begin / 1_000) as u32).to_be_bytes());
    id[4..10].copy_from_slice(&checksum(0, &server.to_be_bytes()).to_be_bytes()[2..]);
    let sent: u64 = window
        .quantities
        .iter()
        .map(|&(_, sent)| u64::from(sent))
        .sum();
    let quantities = window
        .quantities
        .iter()
        .map(|&(member, sent)| (member.to_string(), number(sent.into())));
    let document = doc! {
        "_id": ObjectId::from_bytes(id),
        TIME: DateTime::from_millis(window.time),
        SINCE: DateTime::from_millis(window.since),
        ONLINE: number(window.online.into()),
        VOLUME: number(sent),
        QUANTITIES: quantities.collect::<Document>(),
    };
    RawDocumentBuf::try_from(&document).expect("its keys have no zero bytes")
}

/// The smaller of the two kinds of whole numbers, where it fits.
fn number(count: u64) -> mongodb::bson::Bson {
    match i32::try_from(count) {
        Ok(count) => count.into(),
        Err(_) => count.cast_signed().into(),
    }
}

/// The same window as this part of its time on the clock.
pub(crate) fn part(document: &RawDocument, part: u16) -> RawDocumentBuf {
    // Length, type and name of the first element, ten bytes of the id.
    const PLACE: usize = 4 + 1 + 4 + 10;
    let mut bytes = document.as_bytes().to_vec();
    bytes[PLACE..PLACE + 2].copy_from_slice(&part.to_be_bytes());
    RawDocumentBuf::from_bytes(bytes).expect("its length is the same")
}

/// From when to when, where a document says it.
pub(crate) fn span(document: &RawDocument) -> Option<(i64, i64)> {
    let date = |name| {
        document
            .get_datetime(name)
            .ok()
            .map(DateTime::timestamp_millis)
    };
    Some((date(SINCE)?, date(TIME)?))
}

/// Whether both are about some same moment. A document that doesn't say when it
/// began may be.
pub(crate) fn overlap(one: &RawDocument, other: &RawDocument) -> bool {
    match (span(one), span(other)) {
        (Some(one), Some(other)) => one.0 < other.1 && other.0 < one.1,
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use activity_mongodb::bson::Columns;

    pub(crate) fn window(since: i64, time: i64) -> Window {
        Window {
            since,
            time,
            online: 84,
            quantities: vec![(123_456_789_012_345_678, 12), (u64::MAX, 3_000_000_000)],
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
