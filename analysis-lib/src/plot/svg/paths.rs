//! Shapes, drawn by plotters on a backend that writes compact SVG paths.

use std::cell::RefCell;
use std::convert::Infallible;
use std::rc::Rc;

use plotters::backend::DrawingBackend;
use plotters::coord::cartesian::Cartesian2d;
use plotters::coord::types::RangedCoordf64;
use plotters::drawing::{DrawingArea, IntoDrawingArea};
use plotters::element::{Circle, Drawable, PathElement, PointCollection, Polygon, Rectangle};
use plotters::style::{Color, RGBColor, ShapeStyle};
use plotters_backend::{BackendColor, BackendCoord, BackendStyle, DrawingErrorKind};

use super::style::Colour;
use crate::plot::axis::Scale;

/// How a shape is drawn.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Look {
    Filled(Colour),
    /// With the stroke's width, in tenths of a pixel.
    Outlined(Colour, u32),
}

impl Look {
    fn style(self) -> ShapeStyle {
        let (Self::Filled(colour) | Self::Outlined(colour, _)) = self;
        let colour = RGBColor(colour.0, colour.1, colour.2);
        match self {
            Self::Filled(_) => colour.filled(),
            Self::Outlined(_, width) => Color::stroke_width(&colour, width),
        }
    }
}

/// Shapes whose places are in the values of two scales.
pub(crate) struct Paths {
    area: DrawingArea<Backend, Cartesian2d<RangedCoordf64, RangedCoordf64>>,
    out: Rc<RefCell<String>>,
}

impl Paths {
    pub(crate) fn new(x: Scale, y: Scale) -> Self {
        let out = Rc::new(RefCell::new("<g transform=\"scale(0.1)\">".to_owned()));
        let root = Backend::new(Rc::clone(&out)).into_drawing_area();
        // As plotters' own charts do, from the lower end up, so that both kinds of
        // scale round alike.
        let y = if y.start < y.end {
            Scale::new([y.to, y.from], [y.end, y.start])
        } else {
            y
        };
        let pixels = (x.tenths(), y.tenths());
        let area = root.apply_coord_spec(Cartesian2d::new(x.from..x.to, y.from..y.to, pixels));
        Self { area, out }
    }

    /// A line through these points; a single point is a dot.
    pub(crate) fn line(&mut self, points: impl IntoIterator<Item = (f64, f64)>, look: Look) {
        let points: Vec<_> = points.into_iter().collect();
        self.draw(&PathElement::new(points, look.style()));
    }

    /// A line that breaks where there is no point.
    pub(crate) fn broken(&mut self, points: impl Iterator<Item = Option<(f64, f64)>>, look: Look) {
        let points: Vec<_> = points.collect();
        let runs = points.split(Option::is_none);
        for run in runs.filter(|run| !run.is_empty()) {
            self.line(run.iter().copied().flatten(), look);
        }
    }

    /// The area between these points.
    pub(crate) fn area(&mut self, points: impl IntoIterator<Item = (f64, f64)>, look: Look) {
        let points: Vec<_> = points.into_iter().collect();
        self.draw(&Polygon::new(points, look.style()));
    }

    /// A rectangle between two opposite corners.
    pub(crate) fn rectangle(&mut self, corners: [(f64, f64); 2], look: Look) {
        self.draw(&Rectangle::new(corners, look.style()));
    }

    /// A circle with its radius in tenths of a pixel.
    pub(crate) fn circle(&mut self, centre: (f64, f64), radius: i32, look: Look) {
        self.draw(&Circle::new(centre, radius, look.style()));
    }

    fn draw<E>(&self, element: &E)
    where
        for<'a> &'a E: PointCollection<'a, (f64, f64)>,
        E: Drawable<Backend>,
    {
        self.area.draw(element).expect("a string takes all");
    }

    /// All shapes, as one group.
    pub(crate) fn group(self) -> String {
        // The backend closes its last path when nothing holds it any more.
        drop(self.area);
        self.out.take() + "</g>\n"
    }
}

/// Writes what plotters draws. plotters' coordinates are whole numbers: tenths of
/// a pixel, so that lines don't step. Shapes in a row that look the same become
/// one path with relative coordinates, half as long as plotters' own SVG.
struct Backend {
    out: Rc<RefCell<String>>,
    /// The attributes of the path that is being written.
    look: String,
}

type Written = Result<(), DrawingErrorKind<Infallible>>;

impl Backend {
    fn new(out: Rc<RefCell<String>>) -> Self {
        Self {
            out,
            look: String::new(),
        }
    }

    fn write(&self, text: &str) {
        self.out.borrow_mut().push_str(text);
    }

    fn open<S: BackendStyle>(&mut self, style: &S, fill: bool) {
        let (r, g, b) = style.color().rgb;
        let colour = format!("#{r:02x}{g:02x}{b:02x}");
        let look = if fill {
            format!("<path fill=\"{colour}\" d=\"")
        } else {
            format!(
                "<path fill=\"none\" stroke=\"{colour}\" stroke-width=\"{}\" stroke-linejoin=\"round\" stroke-linecap=\"round\" d=\"",
                style.stroke_width()
            )
        };
        if look != self.look {
            self.close();
            self.write(&look);
            self.look = look;
        }
    }

    fn corners(&mut self, corners: impl IntoIterator<Item = BackendCoord>) {
        let mut before: Option<BackendCoord> = None;
        let mut corners = corners.into_iter().peekable();
        while let Some((x, y)) = corners.next() {
            self.write(&match before {
                // The round cap of a line without length is a dot.
                None if corners.peek().is_none() => format!("M{x} {y}l0 0"),
                None => format!("M{x} {y}"),
                // Some readers take no coordinates without a separator.
                Some((from_x, from_y)) => format!("l{} {}", x - from_x, y - from_y),
            });
            before = Some((x, y));
        }
    }

    fn close(&mut self) {
        if !self.look.is_empty() {
            self.write("\"/>");
            self.look.clear();
        }
    }
}

impl Drop for Backend {
    fn drop(&mut self) {
        self.close();
    }
}

impl DrawingBackend for Backend {
    type ErrorType = Infallible;

    fn get_size(&self) -> (u32, u32) {
        // plotters wants a size; shapes have their places from the scales.
        (u32::MAX >> 1, u32::MAX >> 1)
    }

    fn ensure_prepared(&mut self) -> Written {
        Ok(())
    }

    fn present(&mut self) -> Written {
        Ok(())
    }

    fn draw_pixel(&mut self, (x, y): BackendCoord, color: BackendColor) -> Written {
        self.draw_rect((x, y), (x + 1, y + 1), &color, true)
    }

    fn draw_path<S: BackendStyle, I: IntoIterator<Item = BackendCoord>>(
        &mut self,
        path: I,
        style: &S,
    ) -> Written {
        self.open(style, false);
        self.corners(path);
        Ok(())
    }

    fn fill_polygon<S: BackendStyle, I: IntoIterator<Item = BackendCoord>>(
        &mut self,
        corners: I,
        style: &S,
    ) -> Written {
        self.open(style, true);
        self.corners(corners);
        self.write("z");
        Ok(())
    }

    fn draw_rect<S: BackendStyle>(
        &mut self,
        (left, top): BackendCoord,
        (right, bottom): BackendCoord,
        style: &S,
        fill: bool,
    ) -> Written {
        self.open(style, fill);
        self.write(&format!("M{left} {top}H{right}V{bottom}H{left}z"));
        Ok(())
    }

    fn draw_circle<S: BackendStyle>(
        &mut self,
        (x, y): BackendCoord,
        radius: u32,
        style: &S,
        fill: bool,
    ) -> Written {
        self.open(style, fill);
        let (left, across) = (x - radius as i32, 2 * radius as i32);
        let half = format!("a{radius} {radius} 0 1 0");
        self.write(&format!("M{left} {y}{half} {across} 0{half} -{across} 0z"));
        Ok(())
    }
}
