//! Time and size of each figure at half a day, a year and ten years of windows,
//! beside Matplotlib's where `REFERENCE_PYTHON` names a Python that has it.

#[path = "../tests/figures/cases.rs"]
mod cases;

use std::process::Command;
use std::time::{Duration, Instant};

use analysis_lib::{Activity, Figure, Names, aggregate, plot};

/// As many times each figure is drawn; the median counts.
const TIMES: usize = 7;

fn main() {
    println!(
        "{:<24}{:>10}{:>12}{:>12}",
        "figure", "windows", "time", "SVG"
    );
    for windows in [78, 52_560, 525_600] {
        let activity = cases::activity(
            "US/Eastern",
            "Iraq BTW",
            &cases::wave("2030-09-04T21:00:00Z", 10, windows),
        );
        let names = Names::default();
        let line = |name: &str, draw: &dyn Fn(&Activity) -> Figure| {
            measure(name, windows, || draw(&activity));
        };
        line("online_members", &plot::online_members);
        line("message_volume", &plot::message_volume);
        line("cumulative_messages", &plot::cumulative_messages);
        line("messages_by_member", &|activity| {
            plot::messages_by_member(activity, &names)
        });
        line("weekly_rhythm", &plot::weekly_rhythm);
        line("daily_messages", &plot::daily_messages);
        let begin = Instant::now();
        match aggregate::smoothed(&activity) {
            Ok(fit) => {
                println!(
                    "{:<24}{:>10}{:>12}",
                    "(fit of the spline)",
                    windows,
                    shown(begin.elapsed())
                );
                measure("smoothed_cumulative", windows, || {
                    plot::smoothed_cumulative(&fit)
                });
                measure("message_rate", windows, || plot::message_rate(&fit));
            }
            Err(error) => println!("no smoothed figures at {windows} windows: {error}"),
        }
    }
    let Some(python) = std::env::var_os("REFERENCE_PYTHON") else {
        println!("REFERENCE_PYTHON names no Python with Matplotlib: no comparison");
        return;
    };
    let script = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/tests/reference/matplotlib_figures.py"
    );
    let done = Command::new(&python).arg(script).status();
    if !done.as_ref().is_ok_and(|status| status.success()) {
        eprintln!("error: {} {script}: {done:?}", python.to_string_lossy());
        std::process::exit(1);
    }
}

fn measure(name: &str, windows: i64, draw: impl Fn() -> Figure) {
    let mut times: Vec<Duration> = (0..TIMES)
        .map(|_| {
            let begin = Instant::now();
            std::hint::black_box(draw());
            begin.elapsed()
        })
        .collect();
    times.sort_unstable();
    let size = draw().svg().len() as f64 / 1000.0;
    println!(
        "{name:<24}{windows:>10}{:>12}{size:>9.1} kB",
        shown(times[TIMES / 2])
    );
}

fn shown(time: Duration) -> String {
    format!("{:.1} ms", time.as_secs_f64() * 1e3)
}
