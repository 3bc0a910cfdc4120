//! How the time of every aggregate and every figure grows with the windows, and
//! the size of figures; beside Matplotlib's figures where `REFERENCE_PYTHON`
//! names a Python that has it.

#[path = "../tests/figures/cases.rs"]
mod cases;

use std::collections::BTreeMap;
use std::hint::black_box;
use std::process::Command;
use std::time::{Duration, Instant};

use analysis_lib::{Activity, DAY, Figure, HOUR, Names, aggregate, plot};

/// Half a day of ten-minute windows, a year, ten years; ten years of minutes.
const WINDOWS: [i64; 4] = [78, 52_560, 525_600, 5_256_000];

/// As many times each is timed; the median counts.
const TIMES: usize = 5;

/// What was measured, by what was called: the time at each number of windows,
/// and the size of the figure's SVG.
type Table = BTreeMap<&'static str, Vec<(Duration, Option<usize>)>>;

fn main() {
    let (mut aggregates, mut figures) = (Table::new(), Table::new());
    for windows in WINDOWS {
        let activity = cases::activity(
            "US/Eastern",
            "Iraq BTW",
            // Of minutes where ten would reach back to before 2015.
            &cases::wave(
                "2026-09-04T21:00:00Z",
                if windows > 525_600 { 1 } else { 10 },
                windows,
            ),
        );
        measure_aggregates(&activity, &mut aggregates);
        measure_figures(&activity, &mut figures);
    }
    print("aggregate", &aggregates);
    print("figure", &figures);
    beside_matplotlib();
}

fn measure_aggregates(activity: &Activity, table: &mut Table) {
    fn line<T>(table: &mut Table, name: &'static str, compute: impl Fn() -> T) {
        let (time, _) = median(compute);
        table.entry(name).or_default().push((time, None));
    }
    use aggregate as a;
    line(table, "coverage", || a::coverage(activity));
    line(table, "cumulative_messages", || {
        a::cumulative_messages(activity)
    });
    line(table, "every(DAY)", || activity.every(DAY));
    line(table, "every(HOUR)", || activity.every(HOUR));
    line(table, "gaps", || a::gaps(activity));
    line(table, "last_hours(13)", || activity.last_hours(13));
    line(table, "usual_length", || a::usual_length(activity));
    line(table, "messages_by_member", || {
        a::messages_by_member(activity)
    });
    line(table, "shown_members", || {
        a::shown_members(activity, &Names::default())
    });
    line(table, "smoothed", || a::smoothed(activity));
    line(table, "weekly_rhythm", || a::weekly_rhythm(activity));
}

fn measure_figures(activity: &Activity, table: &mut Table) {
    let names = Names::default();
    let mut line = |name, draw: &dyn Fn() -> Figure| {
        let (time, figure) = median(draw);
        let size = Some(figure.svg().len());
        table.entry(name).or_default().push((time, size));
    };
    line("cumulative_messages", &|| {
        plot::cumulative_messages(activity)
    });
    let days = activity.every(DAY);
    line("messages_by_period", &|| {
        plot::messages_by_period(&days, DAY)
    });
    line("message_volume", &|| plot::message_volume(activity));
    line("messages_by_member", &|| {
        plot::messages_by_member(activity, &names)
    });
    line("online_members", &|| plot::online_members(activity));
    line("weekly_rhythm", &|| plot::weekly_rhythm(activity));
    let fit = aggregate::smoothed(activity).expect("the windows have different times");
    line("message_rate (fitted)", &|| plot::message_rate(&fit));
    line("smoothed_cumulative (fitted)", &|| {
        plot::smoothed_cumulative(&fit)
    });
}

fn median<T>(compute: impl Fn() -> T) -> (Duration, T) {
    let timed = || {
        let begin = Instant::now();
        let result = black_box(compute());
        (begin.elapsed(), result)
    };
    let mut runs: Vec<(Duration, T)> = (0..TIMES).map(|_| timed()).collect();
    runs.sort_by_key(|run| run.0);
    runs.swap_remove(TIMES / 2)
}

fn print(what: &str, table: &Table) {
    let mut head = format!("\n{what:<30}");
    for windows in WINDOWS {
        head += &format!("{windows:>14}");
    }
    println!("{head}   last / before   largest SVG");
    for (name, measured) in table {
        let mut row = format!("{name:<30}");
        for (time, _) in measured {
            row += &format!("{:>11.2} ms", time.as_secs_f64() * 1e3);
        }
        let [.., before, last] = measured.as_slice() else {
            unreachable!("there is more than one number of windows");
        };
        row += &format!("{:>16.1}", last.0.as_secs_f64() / before.0.as_secs_f64());
        if let Some(size) = measured.iter().filter_map(|(_, size)| *size).max() {
            row += &format!("{:>11.1} kB", size as f64 / 1e3);
        }
        println!("{row}");
    }
}

fn beside_matplotlib() {
    let Some(python) = std::env::var_os("REFERENCE_PYTHON") else {
        println!("REFERENCE_PYTHON names no Python with Matplotlib: no comparison");
        return;
    };
    let script = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/tests/reference/matplotlib_figures.py"
    );
    println!();
    let done = Command::new(&python).arg(script).status();
    if !done.as_ref().is_ok_and(|status| status.success()) {
        eprintln!("error: {} {script}: {done:?}", python.to_string_lossy());
        std::process::exit(1);
    }
}
