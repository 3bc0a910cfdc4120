//! Series whose true rate is known: a daily rhythm, a burst and an outage.

use std::f64::consts::TAU;
use std::fs::File;
use std::io::{BufWriter, Write};

use analysis_lib::{Activity, aggregate};

const WINDOW: i64 = 600_000;
const START: i64 = 1_599_004_800_000;
const WINDOWS_A_DAY: f64 = 144.0;

/// SplitMix64 (Steele, Lea, Flood 2014), and distributions of its numbers.
struct Random(u64);

impl Random {
    /// Between 0 and 1.
    fn uniform(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^= z >> 31;
        ((z >> 11) as f64 + 0.5) / (1_u64 << 53) as f64
    }

    fn between(&mut self, from: f64, to: f64) -> f64 {
        from + (to - from) * self.uniform()
    }

    /// G. Box, M. Muller (1958).
    fn normal(&mut self) -> f64 {
        (-2.0 * self.uniform().ln()).sqrt() * (TAU * self.uniform()).cos()
    }

    /// G. Marsaglia, W. Tsang (2000).
    fn gamma(&mut self, shape: f64) -> f64 {
        if shape < 1.0 {
            return self.gamma(shape + 1.0) * self.uniform().powf(1.0 / shape);
        }
        let d = shape - 1.0 / 3.0;
        loop {
            let x = self.normal();
            let v = (1.0 + x / (9.0 * d).sqrt()).powi(3);
            if v > 0.0 && self.uniform().ln() < x * x / 2.0 + d - d * v + d * v.ln() {
                return d * v;
            }
        }
    }

    /// D. Knuth; a large mean is halved until the exponential has digits.
    fn poisson(&mut self, mean: f64) -> u32 {
        if mean > 30.0 {
            return self.poisson(mean / 2.0) + self.poisson(mean / 2.0);
        }
        let (limit, mut product, mut count) = ((-mean).exp(), self.uniform(), 0);
        while product > limit {
            product *= self.uniform();
            count += 1;
        }
        count
    }

    /// With `dispersion` times the variance of a Poisson count: above 1 a
    /// negative binomial one.
    fn count(&mut self, mean: f64, dispersion: f64) -> u32 {
        if dispersion == 1.0 {
            return self.poisson(mean);
        }
        let scale = dispersion - 1.0;
        let mean = self.gamma(mean / scale) * scale;
        self.poisson(mean)
    }
}

/// Windows of ten minutes, and the true messages a window.
pub(crate) struct Series {
    index: Vec<i64>,
    counts: Vec<u32>,
    truth: Vec<f64>,
}

impl Series {
    /// The rhythm takes the rate up and down to e^0.7 to e^1.1 times; the burst
    /// multiplies it by 3 to 6 for one to two hours, with edges or without; the
    /// outage takes 6 to 12 hours. `level` is the mean without the burst.
    pub(crate) fn new(seed: u64, days: f64, level: f64, dispersion: f64, has_edges: bool) -> Self {
        let mut random = Random(seed);
        let count = days * WINDOWS_A_DAY;
        let (size, phase) = (random.between(0.7, 1.1), random.between(0.0, TAU));
        let length = random.between(6.0, 12.0);
        let (start, times) = (
            random.between(0.0, count - length),
            random.between(3.0, 6.0),
        );
        let outage = random.between(36.0, 72.0).min(count / 10.0);
        let outage_start = random.between(10.0, count - outage - 10.0);
        let rhythm = |at: f64| {
            let turn = TAU * at / WINDOWS_A_DAY + phase;
            (size * turn.cos() + 0.25 * size * (2.0 * turn + 1.0).cos()).exp()
        };
        let burst = |at: f64| {
            let from_middle = (at - start - length / 2.0) / length;
            if has_edges {
                if from_middle.abs() < 0.5 { times } else { 1.0 }
            } else {
                1.0 + (times - 1.0) * (-4.5 * from_middle * from_middle).exp()
            }
        };
        let middles = (0..count as i64).map(|i| i as f64 + 0.5);
        let mean = middles.map(rhythm).sum::<f64>() / count;
        let mut series = Self {
            index: Vec::new(),
            counts: Vec::new(),
            truth: Vec::new(),
        };
        for i in 0..count as i64 {
            let at = i as f64 + 0.5;
            if (outage_start..outage_start + outage).contains(&at) {
                continue;
            }
            let truth = level / mean * rhythm(at) * burst(at);
            series.index.push(i);
            series.counts.push(random.count(truth, dispersion));
            series.truth.push(truth);
        }
        series
    }

    pub(crate) fn activity(&self) -> Activity {
        let thread = std::thread::current().id();
        let name = format!("rate-{}-{thread:?}.json", std::process::id());
        let path = std::env::temp_dir().join(name);
        let mut file = BufWriter::new(File::create(&path).unwrap());
        for (index, count) in self.index.iter().zip(&self.counts) {
            let begin = START + index * WINDOW;
            let date = |time: i64| format!("{{\"$date\":{{\"$numberLong\":\"{time}\"}}}}");
            let (since, time) = (date(begin), date(begin + WINDOW));
            writeln!(
                file,
                "{{\"since\":{since},\"time\":{time},\"online-members\":1,\"messages-sent\":{count},\"quantities\":{{}}}}"
            )
            .unwrap();
        }
        file.into_inner().unwrap();
        let activity = Activity::open(&path).unwrap();
        std::fs::remove_file(path).unwrap();
        activity
    }

    /// A Gaussian kernel's messages a window, with a deviation of an hour.
    fn kernel(&self) -> Vec<f64> {
        let near = |i: i64| {
            let from = self.index.partition_point(|&other| other < i - 40);
            let to = self.index.partition_point(|&other| other <= i + 40);
            from..to
        };
        let mean = |&i: &i64| {
            let (mut sum, mut weights) = (0.0, 0.0);
            for j in near(i) {
                let hours = (self.index[j] - i) as f64 / 6.0;
                let weight = (-hours * hours / 2.0).exp();
                sum += weight * f64::from(self.counts[j]);
                weights += weight;
            }
            sum / weights
        };
        self.index.iter().map(mean).collect()
    }
}

/// How well series were told, as means over all.
#[derive(Debug, Default)]
pub(crate) struct Score {
    /// The root of the mean square of estimate − truth, over the mean rate, and
    /// the kernel's.
    pub(crate) error: f64,
    pub(crate) kernel_error: f64,
    /// The same of estimate / truth − 1.
    pub(crate) relative: f64,
    pub(crate) kernel_relative: f64,
    /// The share of windows whose band holds the true rate.
    pub(crate) held: f64,
    pub(crate) dispersion: f64,
}

pub(crate) fn score(series: impl Iterator<Item = Series>) -> Score {
    let mut score = Score::default();
    let mut all = 0.0;
    for series in series {
        let rate = aggregate::rate(&series.activity()).unwrap();
        let count = series.truth.len() as f64;
        let mean = series.truth.iter().sum::<f64>() / count;
        let root = |off: &mut dyn Iterator<Item = f64>| {
            (off.map(|off| off * off).sum::<f64>() / count).sqrt()
        };
        let errors = |estimate: &[f64]| {
            let pairs = || estimate.iter().zip(&series.truth);
            [
                root(&mut pairs().map(|(estimate, truth)| (estimate - truth) / mean)),
                root(&mut pairs().map(|(estimate, truth)| estimate / truth - 1.0)),
            ]
        };
        let estimate: Vec<f64> = rate.per_minute().iter().map(|rate| rate * 10.0).collect();
        let [error, relative] = errors(&estimate);
        let [kernel_error, kernel_relative] = errors(&series.kernel());
        let bands = rate.lower().iter().zip(rate.upper()).zip(&series.truth);
        let held =
            bands.filter(|((lower, upper), truth)| (**lower..=**upper).contains(&(*truth / 10.0)));
        score.held += held.count() as f64 / count;
        score.error += error;
        score.relative += relative;
        score.kernel_error += kernel_error;
        score.kernel_relative += kernel_relative;
        score.dispersion += rate.dispersion();
        all += 1.0;
    }
    for sum in [
        &mut score.error,
        &mut score.kernel_error,
        &mut score.relative,
        &mut score.kernel_relative,
        &mut score.held,
        &mut score.dispersion,
    ] {
        *sum /= all;
    }
    score
}

/// Messages a window, and how many times as much as independent ones they vary.
pub(crate) fn cells() -> impl Iterator<Item = (f64, f64)> {
    let levels = [0.5, 6.0, 60.0].into_iter();
    levels.flat_map(|level| [1.0, 2.0, 4.0].map(|dispersion| (level, dispersion)))
}
