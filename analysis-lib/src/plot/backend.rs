//! A backend for plotters that writes compact SVG.
//!
//! plotters' coordinates are whole numbers: the canvas has ten units a pixel,
//! so that lines don't step. Shapes in a row that look the same become one
//! path, with relative coordinates: half the size of plotters' own SVG.

use std::convert::Infallible;
use std::fmt::Write;

use plotters::backend::DrawingBackend;
use plotters_backend::{
    BackendColor, BackendCoord, BackendStyle, BackendTextStyle, DrawingErrorKind,
};

/// Units of the canvas in a pixel.
pub(crate) const UNITS: f64 = 10.0;

type Drawn = Result<(), DrawingErrorKind<Infallible>>;

/// Writes to a string what plotters draws.
pub(crate) struct Paths<'a> {
    out: &'a mut String,
    size: (u32, u32),
    /// The attributes of the path that is being written.
    look: String,
}

impl<'a> Paths<'a> {
    /// A canvas of this size, in pixels.
    pub(crate) fn new(out: &'a mut String, (width, height): (f64, f64)) -> Self {
        let size = ((width * UNITS) as u32, (height * UNITS) as u32);
        write!(out, "<g transform=\"scale({})\">", 1.0 / UNITS).expect("a string takes all");
        Self {
            out,
            size,
            look: String::new(),
        }
    }

    fn look(&mut self, look: String) {
        if look != self.look {
            self.close();
            write!(self.out, "<path {look} d=\"").expect("a string takes all");
            self.look = look;
        }
    }

    fn close(&mut self) {
        if !self.look.is_empty() {
            self.out.push_str("\"/>");
            self.look.clear();
        }
    }

    fn stroke<S: BackendStyle>(&mut self, style: &S) {
        let look = format!(
            "fill=\"none\" stroke=\"{}\"{} stroke-width=\"{}\" stroke-linejoin=\"round\" stroke-linecap=\"round\"",
            colour(style.color()),
            opacity("stroke", style.color()),
            style.stroke_width()
        );
        self.look(look);
    }

    fn fill<S: BackendStyle>(&mut self, style: &S) {
        let look = format!(
            "fill=\"{}\"{}",
            colour(style.color()),
            opacity("fill", style.color())
        );
        self.look(look);
    }

    /// A path through these points, relative after the first.
    fn points(&mut self, points: impl IntoIterator<Item = BackendCoord>) {
        let mut before: Option<BackendCoord> = None;
        for (x, y) in points {
            match before {
                None => write!(self.out, "M{x} {y}"),
                // Some readers take no coordinates without a separator.
                Some((from_x, from_y)) => write!(self.out, "l{} {}", x - from_x, y - from_y),
            }
            .expect("a string takes all");
            before = Some((x, y));
        }
    }
}

fn colour(colour: BackendColor) -> String {
    let (r, g, b) = colour.rgb;
    format!("#{r:02x}{g:02x}{b:02x}")
}

fn opacity(kind: &str, colour: BackendColor) -> String {
    if colour.alpha < 1.0 {
        format!(" {kind}-opacity=\"{}\"", colour.alpha)
    } else {
        String::new()
    }
}

impl Drop for Paths<'_> {
    fn drop(&mut self) {
        self.close();
        self.out.push_str("</g>\n");
    }
}

impl DrawingBackend for Paths<'_> {
    type ErrorType = Infallible;

    fn get_size(&self) -> (u32, u32) {
        self.size
    }

    fn ensure_prepared(&mut self) -> Drawn {
        Ok(())
    }

    fn present(&mut self) -> Drawn {
        Ok(())
    }

    fn draw_pixel(&mut self, (x, y): BackendCoord, color: BackendColor) -> Drawn {
        self.draw_rect((x, y), (x + 1, y + 1), &color, true)
    }

    fn draw_line<S: BackendStyle>(
        &mut self,
        from: BackendCoord,
        to: BackendCoord,
        style: &S,
    ) -> Drawn {
        self.draw_path([from, to], style)
    }

    fn draw_path<S: BackendStyle, I: IntoIterator<Item = BackendCoord>>(
        &mut self,
        path: I,
        style: &S,
    ) -> Drawn {
        if style.color().alpha > 0.0 {
            self.stroke(style);
            let mut path = path.into_iter().peekable();
            let first = path.next();
            // The round cap of a line without length is a dot.
            let dot = first.filter(|_| path.peek().is_none());
            self.points(first.into_iter().chain(path).chain(dot));
        }
        Ok(())
    }

    fn draw_rect<S: BackendStyle>(
        &mut self,
        (left, top): BackendCoord,
        (right, bottom): BackendCoord,
        style: &S,
        fill: bool,
    ) -> Drawn {
        if style.color().alpha > 0.0 {
            if fill {
                self.fill(style);
            } else {
                self.stroke(style);
            }
            write!(self.out, "M{left} {top}H{right}V{bottom}H{left}z").expect("a string takes all");
        }
        Ok(())
    }

    fn draw_circle<S: BackendStyle>(
        &mut self,
        (x, y): BackendCoord,
        radius: u32,
        style: &S,
        fill: bool,
    ) -> Drawn {
        if style.color().alpha > 0.0 {
            if fill {
                self.fill(style);
            } else {
                self.stroke(style);
            }
            let (left, across) = (x - radius as i32, 2 * radius as i32);
            write!(
                self.out,
                "M{left} {y}a{radius} {radius} 0 1 0 {across} 0a{radius} {radius} 0 1 0 {} 0z",
                -across
            )
            .expect("a string takes all");
        }
        Ok(())
    }

    fn fill_polygon<S: BackendStyle, I: IntoIterator<Item = BackendCoord>>(
        &mut self,
        vert: I,
        style: &S,
    ) -> Drawn {
        if style.color().alpha > 0.0 {
            self.fill(style);
            self.points(vert);
            self.out.push('z');
        }
        Ok(())
    }

    /// Text isn't drawn by plotters here: it would be measured at 0.7 em a byte.
    fn draw_text<T: BackendTextStyle>(&mut self, _: &str, _: &T, _: BackendCoord) -> Drawn {
        Ok(())
    }

    fn estimate_text_size<T: BackendTextStyle>(
        &self,
        _: &str,
        _: &T,
    ) -> Result<(u32, u32), DrawingErrorKind<Infallible>> {
        Ok((0, 0))
    }
}
