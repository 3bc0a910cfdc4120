//! Which messages count, and when they were sent.

/// When Discord's ids begin: 1 January 2015.
pub const DISCORD_EPOCH: i64 = 1_420_070_400_000;

/// Types of messages that people write; all others are the system's words or a
/// bot's answer.
const REGULAR: u8 = 0;
const REPLY: u8 = 19;

/// When an id was given, in milliseconds since the epoch (UTC): its first 42 bits.
pub fn time_of(id: u64) -> i64 {
    (id >> 22).cast_signed() + DISCORD_EPOCH
}

/// Whether a message counts: of this type, and by a person or not.
pub fn counts(kind: u8, is_a_person_s: bool) -> bool {
    is_a_person_s && matches!(kind, REGULAR | REPLY)
}
