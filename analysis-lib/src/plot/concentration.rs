//! How much of the conversation do few carry?

use super::axis::{Axis, Scale, Tick, number};
use super::chart::{Frame, TOP};
use super::csv::csv;
use super::figure::Figure;
use super::labels::{Item, MEMBERS, MESSAGES, NOBODY};
use super::people::{People, in_percent};
use super::svg::*;
use crate::aggregate::{self, messages_by_member as totals};
use crate::names::Names;
use activity_data::Activity;

const AREA: Area = Area::at((MARGIN + 46.0, TOP), WIDTH - 2.0 * MARGIN - 64.0, 300.0);
/// How far points of the curve are from each other at least, in percent.
const STEP: f64 = 0.8;

/// How much of the conversation few members carry, as a Lorenz curve: the share
/// of messages over the share of members, those with the fewest messages first.
/// The straight line is where all would have sent as many. See
/// [`aggregate::concentration`].
///
/// References: M. O. Lorenz (1905), Methods of measuring the concentration of
/// wealth, Publications of the American Statistical Association 9(70).
///
/// ```
/// use analysis_lib::{Activity, Names, plot};
///
/// let activity = Activity::sample()?;
/// let figure = plot::concentration(&activity, &Names::load(&activity)?);
/// assert!(figure.says().starts_with("Half of all messages were written by 12 of 266 members"));
/// # Ok::<(), analysis_lib::error::Error>(())
/// ```
pub fn concentration(activity: &Activity, names: &Names) -> Figure {
    let people = People::of(activity, names);
    let title = "Concentration of Messages";
    let labels = people.labels(title, "Share of Messages", "messages_percent");
    let concentration = aggregate::concentration(&people.activity);
    let (members, half) = (concentration.members, concentration.half);
    let top = in_percent(concentration.top_tenth * 100.0);
    let says = match members {
        0 => return Figure::nothing(&labels, NOBODY),
        1 => "All messages were written by 1 member.".to_owned(),
        _ => format!(
            "Half of all messages were written by {} of {}; the most active tenth ({}) wrote {top}; Gini coefficient {:.2}.",
            number(half as f64, 0),
            MEMBERS.count(members),
            MEMBERS.count(members.div_ceil(10)),
            concentration.gini,
        ),
    };
    let mut sums = vec![0];
    for total in totals(&people.activity).iter().rev() {
        sums.push(sums[sums.len() - 1] + total.messages);
    }
    let (members, all) = (sums.len() - 1, sums[sums.len() - 1]);
    let percent = |part: u64, of: u64| part as f64 / of as f64 * 100.0;
    let place = |i: usize| (percent(i as u64, members as u64), percent(sums[i], all));
    let mut points = vec![0];
    for i in 1..=members {
        let ((x, y), last) = (place(i), place(points[points.len() - 1]));
        if x - last.0 >= STEP || y - last.1 >= STEP || i == members {
            points.push(i);
        }
    }

    let tick = |value: u32| Tick::new(f64::from(value), format!("{value}%"));
    let ticks: Vec<Tick> = (0..=100).step_by(20).map(tick).collect();
    let scale = |ends| Scale::new([0.0, 100.0], ends);
    let name = "Share of Members, the Least Active First";
    let x = Axis::new(scale([AREA.left, AREA.right]), ticks.clone(), name);
    let y = Axis::new(scale([AREA.bottom, AREA.top]), ticks, &labels.axis);
    let mut frame = Frame::new(&labels, AREA, x, y);
    frame.ground(&[]);
    frame.grid_up();
    frame.zero_line();
    frame
        .shapes
        .path([(0.0, 0.0), (100.0, 100.0)], GREY.stroke_width(12));
    let curve = points.iter().map(|&i| place(i));
    frame.shapes.path(curve, BLUE.stroke_width(20));
    let mark = place(members - half);
    frame.shapes.circle(mark, 45, BLUE.filled());
    let at = |(x, y): (f64, f64), by: (f64, f64)| {
        (frame.x.scale.place(x) + by.0, frame.y.scale.place(y) + by.1)
    };
    let other_half = format!("the other half: {}", MEMBERS.count(half));
    // Left of the curve where there is room up to the straight line, else below.
    let (beside, anchor) = match mark.0 > 75.0 {
        true => ((-10.0, -8.0), Anchor::Right),
        false => ((10.0, 16.0), Anchor::Left),
    };
    let equal = at((30.0, 30.0), (-10.0, -8.0));
    frame.texts = text(equal, Anchor::Right, SOFT_INK, "equal shares")
        + &text(at(mark, beside), anchor, INK, &other_half);
    let tooltip = |&i: &usize| {
        let (x, y) = place(i);
        let lines = vec![
            format!("{}% of messages", number(y, 1)),
            format!("by the least active {}% of members", number(x, 1)),
            format!("{}, {}", MEMBERS.count(i), MESSAGES.count(sums[i])),
        ];
        frame.tooltip([x, x], (x, y), true, lines)
    };
    frame.tooltips = points.iter().map(tooltip).collect();
    frame.side_by_side(&[], Item::Moment(MEMBERS));
    let row = |&i: &usize| {
        let (x, y) = place(i);
        format!("{i},{},{x:.4},{y:.4}", sums[i])
    };
    let columns = "members,messages,members_percent,messages_percent";
    frame.figure(Words {
        table: csv(columns, points.iter().map(row)),
        description: "Lorenz curve of messages over members.".to_owned(),
        says,
    })
}
