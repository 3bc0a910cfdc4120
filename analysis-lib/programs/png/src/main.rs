//! Reads an SVG figure from standard input and writes it as PNG to standard
//! output. Its own process, so that the notebook's crates stay few.
//!
//! The input is the figure's length in bytes (8 bytes, the lowest first), then
//! the figure. DejaVu Sans is built in: text looks the same on a machine without
//! fonts. What it lacks (emoji, Chinese, Japanese, Korean) comes from the
//! system's fonts, and is a box where they lack it too.

use std::io::{Read, Write};
use std::process::ExitCode;
use std::sync::Arc;

use resvg::tiny_skia::{Pixmap, Transform};
use resvg::usvg::{FallbackSelectionFn, FontResolver, Options, Tree, fontdb};

/// Pixels of the PNG in a pixel of the figure: sharp on dense screens. A figure
/// wider than a notebook's is made to be posted, and has the right size already.
fn scale(width: f32) -> f32 {
    if width > 1000.0 { 1.0 } else { 2.0 }
}

fn main() -> ExitCode {
    match convert() {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("error: {message}");
            ExitCode::FAILURE
        }
    }
}

fn convert() -> Result<(), String> {
    let mut input = std::io::stdin().lock();
    let mut length = [0; 8];
    let cut_off = |e: std::io::Error| format!("the figure was cut off: {e}");
    input.read_exact(&mut length).map_err(cut_off)?;
    let mut svg = Vec::new();
    let length = u64::from_le_bytes(length);
    let read = input.take(length).read_to_end(&mut svg).map_err(cut_off)?;
    if read as u64 != length {
        return Err("the figure was cut off".to_owned());
    }

    let options = Options {
        font_family: "DejaVu Sans".to_owned(),
        fontdb: Arc::new(fonts()),
        font_resolver: FontResolver {
            select_fallback: like_the_text(),
            ..FontResolver::default()
        },
        ..Options::default()
    };
    let tree =
        Tree::from_data(&svg, &options).map_err(|e| format!("the figure can't be read: {e}"))?;
    let size = tree.size();
    let scale = scale(size.width());
    let mut picture = Pixmap::new(
        (size.width() * scale).ceil() as u32,
        (size.height() * scale).ceil() as u32,
    )
    .ok_or("the figure has no size")?;
    resvg::render(
        &tree,
        Transform::from_scale(scale, scale),
        &mut picture.as_mut(),
    );
    let png = picture
        .encode_png()
        .map_err(|e| format!("the figure can't be encoded: {e}"))?;
    std::io::stdout()
        .lock()
        .write_all(&png)
        .map_err(|e| format!("the picture can't be handed over: {e}"))
}

fn fonts() -> fontdb::Database {
    let mut fonts = fontdb::Database::new();
    fonts.load_font_data(dejavu::sans::regular().to_vec());
    fonts.load_font_data(dejavu::sans::bold().to_vec());
    fonts.load_system_fonts();
    fonts.set_sans_serif_family("DejaVu Sans");
    fonts
}

/// The font for a letter that DejaVu Sans lacks: as a browser does, one that
/// looks like it, before one with serifs, of fixed width, slanted or bold.
fn like_the_text() -> FallbackSelectionFn<'static> {
    let first = FontResolver::default_fallback_selector();
    Box::new(move |letter, used, fonts| {
        let unlike = |face: &&fontdb::FaceInfo| {
            face.monospaced
                || face.style != fontdb::Style::Normal
                || face.weight != fontdb::Weight::NORMAL
                || face.families.iter().any(|(name, _)| name.contains("Serif"))
        };
        let mut avoided = used.to_vec();
        avoided.extend(fonts.faces().filter(unlike).map(|face| face.id));
        first(letter, &avoided, fonts).or_else(|| first(letter, used, fonts))
    })
}
