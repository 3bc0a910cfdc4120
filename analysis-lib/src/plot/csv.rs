//! Figures as CSV.

use std::fmt::Display;

use activity_data::text::csv_field;

/// Rows below their columns' names.
pub(crate) fn csv(columns: &str, rows: impl IntoIterator<Item = String>) -> String {
    let rows = rows.into_iter().map(|row| row + "\n");
    format!("{columns}\n{}", rows.collect::<String>())
}

/// A number with this many decimal places; nothing where there is none.
pub(crate) fn rounded(value: Option<f64>, places: usize) -> String {
    value.map_or(String::new(), |value| format!("{value:.places$}"))
}

/// The id of a member or a channel; nothing for several together.
pub(crate) fn id_field(id: Option<impl Display>) -> String {
    id.map_or(String::new(), |id| csv_field(&id.to_string()))
}
