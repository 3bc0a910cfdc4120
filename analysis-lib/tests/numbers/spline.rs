//! The smoothing spline against SciPy's `UnivariateSpline`: on series kept with
//! their results beside `reference/spline.py`, and on others that the script
//! draws and computes anew in each run.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;
use std::time::{SystemTime, UNIX_EPOCH};

use analysis_lib::SmoothingSpline;
use analysis_lib::spline::Ending;
use serde_json::Value;

/// How far a number may be from SciPy's, as a share of the largest of its kind.
///
/// Next to nothing. Where knots go is decided by which of two sums of residuals
/// is the greater, and whether the search for p goes on by whether F(p) moved,
/// however little. A curve that is only nearly SciPy's therefore takes another
/// turn than SciPy's on some series, and one tolerance can't tell that from an
/// error. SciPy's code rounds each operation by itself on x86-64, as Rust does
/// everywhere, so the same operations in the same order give the same bits; but
/// what is left of a row of jumps is dropped below 2⁻⁷⁰ of what it could meet,
/// and where SciPy has a number as small as that, ours may be another. (The
/// kept series have none, and are compared to the bit.)
///
/// On other processors SciPy is built with fused multiplications and rounds
/// otherwise. What that leaves is allowed there, to the batch that is computed
/// anew: the kept results come from x86-64.
const TOLERANCE: f64 = if cfg!(target_arch = "x86_64") {
    1.0 / (1_u128 << 70) as f64
} else {
    1e-9
};

#[test]
fn equals_scipy_on_the_kept_series() {
    let kept = include_str!("../reference/spline.jsonl");
    let (versions, series) = read(kept);
    assert_eq!(versions["scipy"], "1.17.1", "reference/spline.jsonl");
    assert!(series.len() >= 200, "only {} series", series.len());
    compare(&series, 0.0, "the kept series");
}

#[test]
fn equals_scipy_on_a_random_batch() {
    let python = std::env::var_os("REFERENCE_PYTHON")
        .expect("REFERENCE_PYTHON names no Python with SciPy 1.17.1: run `make test`");
    let seed = match std::env::var("REFERENCE_SEED") {
        Ok(seed) => seed,
        Err(_) => {
            let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
            (since.as_nanos() % 1_000_000_000).to_string()
        }
    };
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/reference/spline.py");
    let output = Command::new(&python)
        .args([script.as_os_str(), "--random".as_ref(), seed.as_ref()])
        .output()
        .unwrap_or_else(|error| panic!("{} doesn't start: {error}", python.display()));
    assert!(
        output.status.success(),
        "reference/spline.py --random {seed} failed; `make test` installs what it needs:\n{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let (_, series) = read(&String::from_utf8(output.stdout).unwrap());
    compare(
        &series,
        TOLERANCE,
        &format!("a random batch; REFERENCE_SEED={seed} repeats it"),
    );
}

/// One series, and what SciPy makes of it.
struct Series {
    group: String,
    x: Vec<f64>,
    y: Vec<f64>,
    smoothing: Option<f64>,
    knots: Vec<f64>,
    /// FITPACK's code, and whether the curve is a least-squares spline: the
    /// code is 0 with and without smoothing.
    ending: (i64, bool),
    residual: f64,
    coefficients: Vec<f64>,
    probes: Vec<f64>,
    values: Vec<f64>,
    derivatives: Vec<f64>,
}

impl Series {
    /// Whether SciPy's own result isn't all numbers.
    fn has_no_numbers(&self) -> bool {
        let all = self.coefficients.iter().chain(&self.values);
        !self.residual.is_finite() || all.chain(&self.derivatives).any(|n| !n.is_finite())
    }
}

/// Reads what `reference/spline.py` writes: the versions, then the series.
fn read(text: &str) -> (Value, Vec<Series>) {
    let mut lines = text
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap());
    let versions = lines.next().unwrap();
    (versions, lines.map(|line| Series::read(&line)).collect())
}

impl Series {
    fn read(line: &Value) -> Self {
        let number = |name: &str| line[name].as_str().map(|text| text.parse::<f64>().unwrap());
        let numbers = |name: &str| -> Vec<f64> {
            line[name]
                .as_str()
                .unwrap_or_default()
                .split_whitespace()
                .map(|text| text.parse().unwrap())
                .collect()
        };
        let sums = |name: &str, unit: f64| -> Vec<f64> {
            let mut sum = 0.0;
            numbers(name)
                .iter()
                .map(|step| {
                    sum += step;
                    sum / unit
                })
                .collect()
        };
        let x = match number("x_unit") {
            Some(unit) => sums("x_steps", unit),
            None => numbers("x"),
        };
        let y = match line["y_steps"].is_null() {
            true => numbers("y"),
            false => sums("y_steps", 1.0),
        };
        let knots = sums("knots", 1.0).iter().map(|&i| x[i as usize]).collect();
        Self {
            group: line["group"].as_str().unwrap().to_owned(),
            smoothing: number("s"),
            knots,
            ending: (
                line["ier"].as_i64().unwrap(),
                line["least_squares"].as_bool().unwrap(),
            ),
            residual: number("residual").unwrap(),
            coefficients: numbers("coefficients"),
            probes: numbers("probes"),
            values: numbers("values"),
            derivatives: numbers("derivatives"),
            x,
            y,
        }
    }
}

/// Fits each series and compares everything that SciPy tells about its own fit.
/// Prints the worst deviations of each group.
fn compare(series: &[Series], tolerance: f64, what: &str) {
    let mut worst: BTreeMap<&str, (usize, [f64; 4])> = BTreeMap::new();
    let mut wrong = Vec::new();
    for (number, series) in series.iter().enumerate() {
        let points = series.x.len();
        let name = format!("series {number} ({}, {points} points)", series.group);
        let fitted = match series.smoothing {
            None => SmoothingSpline::fit(&series.x, &series.y),
            Some(s) => SmoothingSpline::fit_with(&series.x, &series.y, s),
        };
        let curve = match fitted {
            Ok(curve) => curve,
            // DIFFERENCE: what is not a number is an error here, and SciPy's.
            Err(_) if series.has_no_numbers() => continue,
            Err(error) => panic!("{name}: {error}"),
        };
        if curve.knots() != series.knots {
            wrong.push(format!("{name}: other knots"));
            continue;
        }
        if code(curve.ending()) != series.ending {
            wrong.push(format!(
                "{name}: ends as {:?}, SciPy's as {:?}",
                curve.ending(),
                series.ending
            ));
        }
        let deviations = [
            deviation(curve.coefficients(), &series.coefficients),
            deviation(&[curve.residual()], &[series.residual]),
            deviation(&curve.evaluate_all(&series.probes), &series.values),
            deviation(&curve.derivative_all(&series.probes), &series.derivatives),
        ];
        // Written so that NaN is wrong.
        if !deviations.iter().all(|&deviation| deviation <= tolerance) {
            wrong.push(format!("{name}: {deviations:?}"));
        }
        let (count, worst) = worst.entry(&series.group).or_default();
        *count += 1;
        for (worst, deviation) in worst.iter_mut().zip(deviations) {
            *worst = worst.max(deviation);
        }
    }
    println!("Deviations from SciPy, the worst of each group, on {what}");
    println!(
        "{:34}{:>7}{:>14}{:>10}{:>8}{:>12}",
        "", "series", "coefficients", "residual", "values", "derivatives"
    );
    for (group, (count, [coefficients, residual, values, derivatives])) in worst {
        println!(
            "{group:34}{count:7}{coefficients:14.0e}{residual:10.0e}{values:8.0e}{derivatives:12.0e}"
        );
    }
    assert!(
        wrong.is_empty(),
        "{} of {} differ on {what}:\n{}",
        wrong.len(),
        series.len(),
        wrong.join("\n")
    );
}

/// FITPACK's code for an ending, and whether that is a least-squares spline.
fn code(ending: Ending) -> (i64, bool) {
    match ending {
        Ending::Polynomial => (-2, true),
        Ending::Interpolation => (-1, true),
        Ending::LeastSquares => (0, true),
        Ending::Root => (0, false),
        Ending::KnotLimit => (1, false),
        Ending::NoRoot => (2, false),
        Ending::TrialLimit => (3, false),
    }
}

/// The largest difference, as a share of the largest number expected; NaN if
/// there is one.
fn deviation(got: &[f64], expected: &[f64]) -> f64 {
    assert_eq!(got.len(), expected.len());
    let size = expected
        .iter()
        .fold(f64::MIN_POSITIVE, |size, e| size.max(e.abs()));
    let differences = got.iter().zip(expected).map(|(g, e)| (g - e).abs() / size);
    differences.fold(0.0, |most, d| if d <= most { most } else { d })
}
