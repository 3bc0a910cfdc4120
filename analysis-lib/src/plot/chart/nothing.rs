//! What stands where a chart would show nothing, or nonsense.

use crate::plot::figure::Figure;
use crate::plot::labels::Labels;
use crate::plot::svg::*;
use activity_data::Origin;

/// A card with a sentence: what the chart needs that isn't there.
pub(crate) fn figure(origin: &Origin, labels: &Labels, note: String, why: &str) -> Figure {
    let body = text((MARGIN, 72.0), Anchor::Start, SOFT_INK, why);
    let content = Content {
        note,
        description: format!("No {}.", labels.title.to_lowercase()),
        says: why.to_owned(),
        table: format!("{}\n", labels.column),
        ..Content::default()
    };
    card(labels, origin, 118.0, &body, content)
}
