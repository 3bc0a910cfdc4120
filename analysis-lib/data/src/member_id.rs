//! Members' Discord ids.

use std::fmt;

/// A member's Discord id: it is shown as the number that it is.
///
/// ```
/// let id = activity_data::MemberId::from(123456789012345678);
/// assert_eq!(id.to_string(), "123456789012345678");
/// ```
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MemberId(u64);

impl MemberId {
    /// The number.
    pub const fn get(self) -> u64 {
        self.0
    }

    /// A decimal number of up to 64 bits.
    pub fn parse(text: &str) -> Option<Self> {
        let digits = text.bytes().all(|byte| byte.is_ascii_digit());
        digits.then(|| text.parse().ok().map(Self)).flatten()
    }
}

impl From<u64> for MemberId {
    fn from(id: u64) -> Self {
        Self(id)
    }
}

impl From<&Self> for MemberId {
    fn from(id: &Self) -> Self {
        *id
    }
}

impl PartialEq<u64> for MemberId {
    fn eq(&self, id: &u64) -> bool {
        self.0 == *id
    }
}

impl fmt::Display for MemberId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Debug for MemberId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
