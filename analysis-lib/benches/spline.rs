//! How long a smoothing spline takes, beside SciPy's: `cargo bench --bench
//! spline`.
//!
//! SciPy is timed when `REFERENCE_PYTHON` names a Python that has it, on the
//! very same points in the same run; at 100,000 windows it takes two minutes.
//! Times are the processor's, for both, so that what else the machine does
//! counts for neither. Memory is the most that this process has held so far, so
//! sizes grow from row to row.

use std::fmt::Display;
use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use analysis_lib::SmoothingSpline;

/// Messages a window, on average.
const RATE: f64 = 6.0;
/// Ten years of ten-minute windows.
const TEN_YEARS: usize = 525_600;

fn main() {
    if !std::env::args().any(|argument| argument == "--bench") {
        // Run as a test: only that it runs.
        Points::new(1_000).fit();
        return;
    }
    let python = std::env::var_os("REFERENCE_PYTHON");
    let scipy_limit = if python.is_some() { 100_000 } else { 0 };

    println!("A smoothing spline through counts of {RATE} messages a window");
    row(["windows", "knots", "fit", "memory", "SciPy", "times faster"]);
    for windows in [1_000, 10_000, 100_000, TEN_YEARS] {
        let points = Points::new(windows);
        let (time, curve) = points.time();
        let scipy = (windows <= scipy_limit).then(|| points.time_scipy(python.as_ref().unwrap()));
        row([
            grouped(windows),
            grouped(curve.knots().len()),
            seconds(time),
            peak_memory(),
            scipy.map_or("not run".to_owned(), seconds),
            scipy.map_or(String::new(), |scipy| {
                format!("{:.0}", scipy.as_secs_f64() / time.as_secs_f64())
            }),
        ]);
    }

    println!("\nTwice the points");
    row(["windows", "knots", "fit", "", "times the half", ""]);
    let sizes = [62_500, 125_000, 250_000, 500_000, 1_000_000].map(Points::new);
    let mut best = sizes.each_ref().map(|_| (Duration::MAX, 0));
    // All sizes in turn, several times: what slows the machine for a while then
    // slows all of them, and not one alone.
    for _ in 0..4 {
        for (best, points) in best.iter_mut().zip(&sizes) {
            let stopwatch = Stopwatch::start();
            let curve = points.fit();
            let time = stopwatch.elapsed();
            *best = (best.0.min(time), curve.knots().len());
        }
    }
    for (i, (points, (time, knots))) in sizes.iter().zip(best).enumerate() {
        row([
            grouped(points.x.len()),
            grouped(knots),
            seconds(time),
            String::new(),
            i.checked_sub(1).map_or(String::new(), |half| {
                format!("{:.2}", time.as_secs_f64() / best[half].0.as_secs_f64())
            }),
            String::new(),
        ]);
    }
    println!("The most memory held at once: {}", peak_memory());

    println!(
        "\nEvaluation of the curve through {} windows",
        grouped(TEN_YEARS)
    );
    let points = Points::new(TEN_YEARS);
    let curve = points.fit();
    let places: Vec<f64> = points.x.windows(2).map(|x| (x[0] + x[1]) / 2.0).collect();
    let each = |what: &str, evaluate: &dyn Fn() -> f64| {
        let stopwatch = Stopwatch::start();
        black_box(evaluate());
        let time = stopwatch.elapsed().as_secs_f64() / places.len() as f64;
        println!("{what:>24}{:>9.0} ns a point", time * 1e9);
    };
    each("evaluate_all, sorted", &|| {
        curve.evaluate_all(&places).iter().sum()
    });
    each("derivative_all, sorted", &|| {
        curve.derivative_all(&places).iter().sum()
    });
    each("evaluate, one by one", &|| {
        places.iter().map(|&x| curve.evaluate(x)).sum()
    });
}

/// Cumulative messages at ten-minute windows from day 20,000, in days.
struct Points {
    x: Vec<f64>,
    y: Vec<f64>,
}

impl Points {
    /// The same points for the same number of windows, in every run.
    fn new(windows: usize) -> Self {
        let mut state = 0x9e37_79b9_7f4a_7c15_u64;
        let mut uniform = || {
            // Marsaglia's xorshift: enough for a staircase.
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            (state >> 11) as f64 / (1_u64 << 53) as f64
        };
        let mut poisson = || {
            let limit = (-RATE).exp();
            let mut product = uniform();
            let mut count = 0.0;
            while product > limit {
                product *= uniform();
                count += 1.0;
            }
            count
        };
        let mut sum = 0.0;
        let (x, y) = (0..windows)
            .map(|i| {
                sum += poisson();
                (20_000.0 + i as f64 / 144.0, sum)
            })
            .unzip();
        Self { x, y }
    }

    fn fit(&self) -> SmoothingSpline {
        SmoothingSpline::fit(black_box(&self.x), black_box(&self.y)).expect("the points are fine")
    }

    /// How long a fit takes, as the mean of as many as a second has room for,
    /// and of three at least.
    fn time(&self) -> (Duration, SmoothingSpline) {
        let stopwatch = Stopwatch::start();
        let mut curve = self.fit();
        let mut fits = 1;
        while fits < 3 || stopwatch.clock.elapsed() < Duration::from_secs(1) {
            curve = self.fit();
            fits += 1;
        }
        (stopwatch.elapsed() / fits, curve)
    }

    /// How long SciPy takes on these points.
    fn time_scipy(&self, python: impl AsRef<std::ffi::OsStr>) -> Duration {
        let file: PathBuf = Path::new(env!("CARGO_TARGET_TMPDIR")).join("spline-points.txt");
        let lines = self
            .x
            .iter()
            .zip(&self.y)
            .map(|(x, y)| format!("{x:?} {y:?}\n"));
        std::fs::write(&file, lines.collect::<String>()).expect("a file for the points");
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/reference/spline.py");
        let output = Command::new(python)
            .args([script.as_os_str(), "--time".as_ref(), file.as_os_str()])
            .output()
            .expect("REFERENCE_PYTHON starts");
        let text = String::from_utf8_lossy(&output.stdout);
        let seconds = text.trim().parse().unwrap_or_else(|_| {
            panic!(
                "SciPy wasn't timed: {}",
                String::from_utf8_lossy(&output.stderr)
            )
        });
        Duration::from_secs_f64(seconds)
    }
}

fn row<T: Display>(cells: [T; 6]) {
    let widths = [12, 10, 10, 10, 16, 14];
    let cells = cells
        .iter()
        .zip(widths)
        .map(|(cell, width)| format!("{cell:>width$}"));
    println!("{}", cells.collect::<String>().trim_end());
}

/// A number with a comma before each three digits.
fn grouped(number: usize) -> String {
    let digits = number.to_string();
    let groups: Vec<&str> = digits
        .as_bytes()
        .rchunks(3)
        .rev()
        .map(|group| std::str::from_utf8(group).expect("digits"))
        .collect();
    groups.join(",")
}

fn seconds(time: Duration) -> String {
    format!("{:.4} s", time.as_secs_f64())
}

/// Measures what the processor has worked for this thread, where the system
/// tells: unlike the clock, that stands still while others have their turn. It
/// moves in steps of a few milliseconds. Elsewhere it is the clock.
struct Stopwatch {
    clock: Instant,
    processor: Option<Duration>,
}

impl Stopwatch {
    fn start() -> Self {
        Self {
            clock: Instant::now(),
            processor: processor_time(),
        }
    }

    fn elapsed(&self) -> Duration {
        processor_time()
            .zip(self.processor)
            .map_or(self.clock.elapsed(), |(now, then)| now - then)
    }
}

fn processor_time() -> Option<Duration> {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    let nanoseconds = text.split_whitespace().next()?.parse().ok()?;
    Some(Duration::from_nanos(nanoseconds))
}

/// The most memory that this process has held, where the system tells.
fn peak_memory() -> String {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kib = line.and_then(|line| line.trim().trim_end_matches(" kB").parse::<f64>().ok());
    kib.map_or("unknown".to_owned(), |kib| {
        format!("{:.0} MB", kib * 1024.0 / 1e6)
    })
}
