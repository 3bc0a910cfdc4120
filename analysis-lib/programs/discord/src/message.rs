//! Which messages count.

/// Types of messages that people write; all others are the system's words or a
/// bot's answer.
const REGULAR: u8 = 0;
const REPLY: u8 = 19;

/// Whether a message counts: of this type, and by a person or not.
pub fn counts(kind: u8, is_a_person_s: bool) -> bool {
    is_a_person_s && matches!(kind, REGULAR | REPLY)
}
