//! Who is not to be shown.

use crate::{Error, MemberId, Result};
use activity_data::settings::Settings;
use activity_data::text;

/// What `.env` says about bots and about members who asked not to be shown.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Privacy {
    /// `HIDDEN_MEMBERS`.
    pub(super) hidden: Vec<MemberId>,
    /// `HIDE_BOTS`.
    pub(super) hide_bots: bool,
}

impl Privacy {
    pub(super) fn from_settings(settings: &Settings) -> Result<Self> {
        Ok(Self {
            hidden: hidden_members(&settings.get("HIDDEN_MEMBERS").unwrap_or_default())?,
            hide_bots: hide_bots(&settings.get("HIDE_BOTS").unwrap_or_default())?,
        })
    }
}

/// Ids with commas or spaces between them.
fn hidden_members(value: &str) -> Result<Vec<MemberId>> {
    let ids = value.split(|c: char| c == ',' || c.is_whitespace());
    let ids = ids.filter(|id| !id.is_empty());
    let read = |id| {
        MemberId::parse(id).ok_or_else(|| {
            Error::new(format!(
                "HIDDEN_MEMBERS holds {:?}, which is not a member's id; list ids with commas between them: HIDDEN_MEMBERS=123456789012345678,234567890123456789",
                text::shorten(id)
            ))
        })
    };
    ids.map(read).collect()
}

fn hide_bots(value: &str) -> Result<bool> {
    match value.trim().to_ascii_lowercase().as_str() {
        "" | "no" | "false" | "off" | "0" => Ok(false),
        "yes" | "true" | "on" | "1" => Ok(true),
        _ => Err(Error::new(format!(
            "HIDE_BOTS={} is neither yes nor no",
            text::shorten(value)
        ))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_listed_with_commas_or_spaces() {
        let ids = hidden_members(" 12, 34,,56\t78 ").unwrap();
        assert_eq!(ids, [12, 34, 56, 78]);
        assert!(hidden_members("").unwrap().is_empty());
    }

    #[test]
    fn what_is_no_id_is_named() {
        assert_eq!(
            hidden_members("12,Ann").unwrap_err().to_string(),
            "HIDDEN_MEMBERS holds \"Ann\", which is not a member's id; list ids with commas between them: HIDDEN_MEMBERS=123456789012345678,234567890123456789"
        );
    }

    #[test]
    fn bots_are_hidden_on_a_clear_yes() {
        for yes in ["yes", "YES", "true", "on", "1", " yes "] {
            assert!(hide_bots(yes).unwrap(), "{yes}");
        }
        for no in ["", "no", "false", "Off", "0"] {
            assert!(!hide_bots(no).unwrap(), "{no}");
        }
        assert_eq!(
            hide_bots("maybe").unwrap_err().to_string(),
            "HIDE_BOTS=maybe is neither yes nor no"
        );
    }
}
