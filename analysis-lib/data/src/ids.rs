//! Discord's ids: of members, and of channels.

use std::fmt;

/// A Discord id, which is a number of 64 bits.
macro_rules! id {
    ($(#[$docs:meta])* $id:ident) => {
        $(#[$docs])*
        #[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $id(u64);

        impl $id {
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

        impl From<u64> for $id {
            fn from(id: u64) -> Self {
                Self(id)
            }
        }

        impl From<&Self> for $id {
            fn from(id: &Self) -> Self {
                *id
            }
        }

        impl PartialEq<u64> for $id {
            fn eq(&self, id: &u64) -> bool {
                self.0 == *id
            }
        }

        impl fmt::Display for $id {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl fmt::Debug for $id {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

id!(
    /// A member's Discord id: it is shown as the number that it is.
    ///
    /// ```
    /// let id = activity_data::MemberId::from(123456789012345678);
    /// assert_eq!(id.to_string(), "123456789012345678");
    /// ```
    MemberId
);

id!(
    /// A channel's Discord id.
    ChannelId
);
