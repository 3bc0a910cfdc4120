//! Shapes, drawn by plotters on a backend that writes compact SVG paths.

use std::cell::RefCell;
use std::convert::Infallible;
use std::rc::Rc;

use plotters::backend::DrawingBackend;
use plotters::coord::cartesian::Cartesian2d;
use plotters::coord::types::RangedCoordf64;
use plotters::drawing::IntoDrawingArea;
use plotters::element::{Circle, PathElement, Polygon, Rectangle};
use plotters::style::ShapeStyle;
use plotters_backend::text_anchor::VPos;
use plotters_backend::{
    BackendColor, BackendCoord, BackendStyle, BackendTextStyle, DrawingErrorKind, FontStyle,
};

use super::element::{anchor, text_element};
use super::style::{Colour, width};
use crate::plot::axis::Scale;

/// Shapes whose places are in the values of two scales.
#[derive(Clone, Default)]
pub(crate) struct Shapes(Vec<(Shape, ShapeStyle)>);

#[derive(Clone)]
enum Shape {
    Path(Vec<(f64, f64)>),
    Rectangle([(f64, f64); 2]),
    Circle((f64, f64), i32),
}

impl Shapes {
    /// A line through these points, or the area between them where the look is a filled
    /// one; a single point is a dot.
    pub(crate) fn path(&mut self, points: impl IntoIterator<Item = (f64, f64)>, look: ShapeStyle) {
        let points = points.into_iter().collect();
        self.0.push((Shape::Path(points), look));
    }

    /// A line that breaks where there is no point.
    pub(crate) fn broken(
        &mut self,
        points: impl Iterator<Item = Option<(f64, f64)>>,
        look: ShapeStyle,
    ) {
        let points: Vec<_> = points.collect();
        let runs = points.split(Option::is_none);
        for run in runs.filter(|run| !run.is_empty()) {
            self.path(run.iter().copied().flatten(), look);
        }
    }

    /// A rectangle between two opposite corners.
    pub(crate) fn rectangle(&mut self, corners: [(f64, f64); 2], look: ShapeStyle) {
        self.0.push((Shape::Rectangle(corners), look));
    }

    /// A circle with its radius in tenths of a pixel.
    pub(crate) fn circle(&mut self, centre: (f64, f64), radius: i32, look: ShapeStyle) {
        self.0.push((Shape::Circle(centre, radius), look));
    }

    /// All shapes on these scales, as one group.
    pub(crate) fn group(&self, x: Scale, y: Scale) -> String {
        // plotters wants a size; shapes have their places from the scales.
        let size = (u32::MAX >> 1, u32::MAX >> 1);
        let (canvas, out) = Canvas::new(size, "<g transform=\"scale(0.1)\">");
        let root = canvas.into_drawing_area();
        // As plotters' own charts do, from the lower end up, so that both kinds of
        // scale round alike.
        let [[low, high], [top, bottom]] = [y.values, y.ends];
        let y = match top < bottom {
            true => Scale::new([high, low], [bottom, top]),
            false => y,
        };
        let [across, upwards] = [x, y].map(|scale| scale.values[0]..scale.values[1]);
        let places: Cartesian2d<RangedCoordf64, RangedCoordf64> =
            Cartesian2d::new(across, upwards, (x.tenths(), y.tenths()));
        let area = root.apply_coord_spec(places);
        for (shape, look) in self.0.clone() {
            let drawn = match shape {
                Shape::Path(points) if look.filled => area.draw(&Polygon::new(points, look)),
                Shape::Path(points) => area.draw(&PathElement::new(points, look)),
                Shape::Rectangle(corners) => area.draw(&Rectangle::new(corners, look)),
                Shape::Circle(centre, radius) => area.draw(&Circle::new(centre, radius, look)),
            };
            drawn.expect("a string takes all");
        }
        // The backend closes its last path when nothing holds it any more.
        drop((area, root));
        out.take() + "</g>\n"
    }
}

/// Writes what plotters draws. plotters' coordinates are whole numbers: of figures
/// tenths of a pixel, so that lines don't step. Shapes in a row that look the same
/// become one path with relative coordinates, half as long as plotters' own SVG.
pub struct Canvas {
    size: (u32, u32),
    out: Rc<RefCell<String>>,
    /// The attributes of the path that is being written.
    look: String,
}

type Written = Result<(), DrawingErrorKind<Infallible>>;

impl Canvas {
    /// A canvas, and what will be written after this.
    pub(crate) fn new(size: (u32, u32), before: &str) -> (Self, Rc<RefCell<String>>) {
        let out = Rc::new(RefCell::new(before.to_owned()));
        let canvas = Self {
            size,
            out: Rc::clone(&out),
            look: String::new(),
        };
        (canvas, out)
    }

    fn write(&self, text: &str) {
        self.out.borrow_mut().push_str(text);
    }

    fn open<S: BackendStyle>(&mut self, style: &S, fill: bool) {
        let colour = Colour(style.color().rgb);
        let seen = match style.color().alpha {
            1.0 => String::new(),
            alpha => format!(" opacity=\"{}\"", (alpha * 1000.0).round() / 1000.0),
        };
        let look = if fill {
            format!("<path fill=\"{colour}\"{seen} d=\"")
        } else {
            format!(
                "<path fill=\"none\"{seen} stroke=\"{colour}\" stroke-width=\"{}\" stroke-linejoin=\"round\" stroke-linecap=\"round\" d=\"",
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

impl Drop for Canvas {
    fn drop(&mut self) {
        self.close();
    }
}

impl DrawingBackend for Canvas {
    type ErrorType = Infallible;

    fn get_size(&self) -> (u32, u32) {
        self.size
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

    fn estimate_text_size<S: BackendTextStyle>(
        &self,
        text: &str,
        style: &S,
    ) -> Result<(u32, u32), DrawingErrorKind<Infallible>> {
        let size = font_size(style);
        Ok((width(text, size).ceil() as u32, size.ceil() as u32))
    }

    fn draw_text<S: BackendTextStyle>(
        &mut self,
        text: &str,
        style: &S,
        (x, y): BackendCoord,
    ) -> Written {
        self.close();
        let BackendColor { alpha, rgb } = style.color();
        let (colour, anchor) = (Colour(rgb), anchor(style.anchor().h_pos));
        // From the baseline to the upper edge, the middle and the lower edge.
        let down = match style.anchor().v_pos {
            VPos::Top => 0.76,
            VPos::Center => 0.27,
            VPos::Bottom => -0.2,
        };
        let (across, along) = style.transform().transform(1, 0);
        let turned = f64::from(along).atan2(across.into()).to_degrees();
        let face = style.style();
        let (weight, face) = match face {
            FontStyle::Bold => ("bold", "normal"),
            _ => ("normal", face.as_str()),
        };
        let look = format!(
            " dy=\"{down}em\"{anchor} font-size=\"{:.1}\" font-weight=\"{weight}\" font-style=\"{face}\" fill=\"{colour}\" opacity=\"{alpha}\" transform=\"rotate({turned} {x} {y})\"",
            font_size(style)
        );
        self.write(&text_element((x.into(), y.into()), &look, text));
        Ok(())
    }
}

/// plotters' sizes of type are lines' heights: its own backends divide by this too.
fn font_size(style: &impl BackendTextStyle) -> f64 {
    style.size() / 1.24
}
