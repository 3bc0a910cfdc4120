//! What can't be seen: the one list of it.

/// Whether nothing is drawn for this character in a place of its own: a space,
/// a control character, one that Unicode lets be ignored, or one that combines
/// with the character before it.
pub(crate) fn is_unseen(c: char) -> bool {
    is_space(c) || is_ignorable(c) || is_combining(c)
}

/// White space, and what is as empty: Braille's cell without a dot, and music's
/// note without a head.
pub(super) fn is_space(c: char) -> bool {
    c.is_whitespace() || matches!(c, '\u{2800}' | '\u{1d159}')
}

/// Control characters, marks of annotations, and what Unicode lets be ignored
/// when it can't be drawn (`Default_Ignorable_Code_Point`): direction marks,
/// joiners, fillers, selectors, tags.
///
/// <https://www.unicode.org/Public/UCD/latest/ucd/DerivedCoreProperties.txt>
pub(super) fn is_ignorable(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}'
            | '\u{17b5}' | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}'
            | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{3164}'
            | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}'
            | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}')
}

/// Whether a character, unseen itself, changes how its neighbours are drawn:
/// joiners, variation selectors, and the tags of which some flags are made.
pub(super) fn shapes_others(c: char) -> bool {
    matches!(c, '\u{180b}'..='\u{180d}' | '\u{180f}' | '\u{200c}' | '\u{200d}'
        | '\u{fe00}'..='\u{fe0f}' | '\u{e0020}'..='\u{e007f}' | '\u{e0100}'..='\u{e01ef}')
}

/// Whether a character stands on the one before it (Unicode's categories Mn and
/// Me).
pub(super) fn is_combining(c: char) -> bool {
    let code = c as u32;
    let after = COMBINING.partition_point(|&(first, _)| first <= code);
    after > 0 && code - COMBINING[after - 1].0 <= COMBINING[after - 1].1
}

/// Unicode's combining characters: the first of a range, and how many follow.
///
/// <https://www.unicode.org/Public/UCD/latest/ucd/extracted/DerivedGeneralCategory.txt>
#[rustfmt::skip]
const COMBINING: [(u32, u32); 331] = [
    (0x300, 111), (0x483, 6), (0x591, 44), (0x5bf, 0), (0x5c1, 1), (0x5c4, 1), (0x5c7, 2),
    (0x610, 10), (0x64b, 20), (0x670, 0), (0x6d6, 6), (0x6df, 5), (0x6e7, 1), (0x6ea, 3),
    (0x711, 0), (0x730, 26), (0x7a6, 10), (0x7eb, 8), (0x7fd, 0), (0x816, 3), (0x81b, 8),
    (0x825, 2), (0x829, 4), (0x859, 2), (0x897, 8), (0x8ca, 23), (0x8e3, 31), (0x93a, 0),
    (0x93c, 0), (0x941, 7), (0x94d, 0), (0x951, 6), (0x962, 1), (0x981, 0), (0x9bc, 0), (0x9c1, 3),
    (0x9cd, 0), (0x9e2, 1), (0x9fe, 4), (0xa3c, 0), (0xa41, 16), (0xa70, 1), (0xa75, 0), (0xa81, 1),
    (0xabc, 0), (0xac1, 7), (0xacd, 0), (0xae2, 1), (0xafa, 7), (0xb3c, 0), (0xb3f, 0), (0xb41, 3),
    (0xb4d, 9), (0xb62, 1), (0xb82, 0), (0xbc0, 0), (0xbcd, 0), (0xc00, 0), (0xc04, 0), (0xc3c, 0),
    (0xc3e, 2), (0xc46, 16), (0xc62, 1), (0xc81, 0), (0xcbc, 0), (0xcbf, 0), (0xcc6, 0), (0xccc, 1),
    (0xce2, 1), (0xd00, 1), (0xd3b, 1), (0xd41, 3), (0xd4d, 0), (0xd62, 1), (0xd81, 0), (0xdca, 0),
    (0xdd2, 4), (0xe31, 0), (0xe34, 6), (0xe47, 7), (0xeb1, 0), (0xeb4, 8), (0xec8, 6), (0xf18, 1),
    (0xf35, 0), (0xf37, 0), (0xf39, 0), (0xf71, 13), (0xf80, 4), (0xf86, 1), (0xf8d, 47),
    (0xfc6, 0), (0x102d, 3), (0x1032, 5), (0x1039, 1), (0x103d, 1), (0x1058, 1), (0x105e, 2),
    (0x1071, 3), (0x1082, 0), (0x1085, 1), (0x108d, 0), (0x109d, 0), (0x135d, 2), (0x1712, 2),
    (0x1732, 1), (0x1752, 1), (0x1772, 1), (0x17b7, 6), (0x17c6, 0), (0x17c9, 10), (0x17dd, 0),
    (0x1885, 1), (0x18a9, 0), (0x1920, 2), (0x1927, 1), (0x1932, 0), (0x1939, 2), (0x1a17, 1),
    (0x1a1b, 0), (0x1a56, 0), (0x1a58, 8), (0x1a62, 0), (0x1a65, 7), (0x1a73, 12), (0x1ab0, 83),
    (0x1b34, 0), (0x1b36, 4), (0x1b3c, 0), (0x1b42, 0), (0x1b6b, 8), (0x1b80, 1), (0x1ba2, 3),
    (0x1ba8, 1), (0x1bab, 2), (0x1be6, 0), (0x1be8, 1), (0x1bed, 0), (0x1bef, 2), (0x1c2c, 7),
    (0x1c36, 1), (0x1cd0, 2), (0x1cd4, 12), (0x1ce2, 6), (0x1ced, 0), (0x1cf4, 0), (0x1cf8, 1),
    (0x1dc0, 63), (0x20d0, 32), (0x2cef, 2), (0x2d7f, 0), (0x2de0, 31), (0x302a, 3), (0x3099, 1),
    (0xa66f, 3), (0xa674, 9), (0xa69e, 1), (0xa6f0, 1), (0xa802, 0), (0xa806, 0), (0xa80b, 0),
    (0xa825, 1), (0xa82c, 0), (0xa8c4, 1), (0xa8e0, 17), (0xa8ff, 0), (0xa926, 7), (0xa947, 10),
    (0xa980, 2), (0xa9b3, 0), (0xa9b6, 3), (0xa9bc, 1), (0xa9e5, 0), (0xaa29, 5), (0xaa31, 1),
    (0xaa35, 1), (0xaa43, 0), (0xaa4c, 0), (0xaa7c, 0), (0xaab0, 0), (0xaab2, 2), (0xaab7, 1),
    (0xaabe, 1), (0xaac1, 0), (0xaaec, 1), (0xaaf6, 0), (0xabe5, 0), (0xabe8, 0), (0xabed, 0),
    (0xfb1e, 0), (0xfe20, 15), (0x101fd, 0), (0x102e0, 0), (0x10376, 4), (0x10a01, 14),
    (0x10a38, 7), (0x10ae5, 1), (0x10d24, 3), (0x10d69, 4), (0x10eab, 1), (0x10ecb, 4),
    (0x10ef0, 15), (0x10f46, 10), (0x10f82, 3), (0x11001, 0), (0x11038, 14), (0x11070, 0),
    (0x11073, 1), (0x1107f, 2), (0x110b3, 3), (0x110b9, 1), (0x110c2, 0), (0x11100, 2),
    (0x11127, 4), (0x1112d, 7), (0x11173, 0), (0x11180, 1), (0x111b6, 8), (0x111c9, 3),
    (0x111cf, 0), (0x1122f, 2), (0x11234, 0), (0x11236, 1), (0x1123e, 0), (0x11241, 0),
    (0x112df, 0), (0x112e3, 7), (0x11300, 1), (0x1133b, 1), (0x11340, 0), (0x11366, 14),
    (0x113bb, 5), (0x113ce, 0), (0x113d0, 0), (0x113d2, 0), (0x113e1, 1), (0x11438, 7),
    (0x11442, 2), (0x11446, 0), (0x1145e, 0), (0x114b3, 5), (0x114ba, 0), (0x114bf, 1),
    (0x114c2, 1), (0x115b2, 3), (0x115bc, 1), (0x115bf, 1), (0x115dc, 1), (0x11633, 7),
    (0x1163d, 0), (0x1163f, 1), (0x116ab, 0), (0x116ad, 0), (0x116b0, 5), (0x116b7, 0),
    (0x1171d, 0), (0x1171f, 0), (0x11722, 3), (0x11727, 4), (0x1182f, 8), (0x11839, 1),
    (0x1193b, 1), (0x1193e, 0), (0x11943, 0), (0x119d4, 7), (0x119e0, 0), (0x11a01, 9),
    (0x11a33, 5), (0x11a3b, 3), (0x11a47, 0), (0x11a51, 5), (0x11a59, 2), (0x11a8a, 12),
    (0x11a98, 1), (0x11b60, 0), (0x11b62, 2), (0x11b66, 0), (0x11c30, 13), (0x11c3f, 0),
    (0x11c92, 21), (0x11caa, 6), (0x11cb2, 1), (0x11cb5, 1), (0x11d31, 20), (0x11d47, 0),
    (0x11d90, 1), (0x11d95, 0), (0x11d97, 0), (0x11df0, 0), (0x11ef3, 1), (0x11f00, 1),
    (0x11f36, 4), (0x11f40, 0), (0x11f42, 0), (0x11f5a, 0), (0x13440, 0), (0x13447, 14),
    (0x1611e, 11), (0x1612d, 2), (0x16af0, 4), (0x16b30, 6), (0x16f4f, 0), (0x16f8f, 3),
    (0x16fe4, 0), (0x1bc9d, 1), (0x1cf00, 70), (0x1d127, 1), (0x1d167, 2), (0x1d17b, 7),
    (0x1d185, 6), (0x1d1aa, 3), (0x1d242, 2), (0x1d25b, 1), (0x1da00, 54), (0x1da3b, 49),
    (0x1da75, 0), (0x1da84, 0), (0x1da9b, 20), (0x1e000, 42), (0x1e08f, 0), (0x1e130, 6),
    (0x1e2ae, 0), (0x1e2ec, 3), (0x1e4ec, 3), (0x1e5ee, 1), (0x1e6e3, 0), (0x1e6e6, 0),
    (0x1e6ee, 1), (0x1e6f5, 0), (0x1e8d0, 6), (0x1e944, 6),
];
