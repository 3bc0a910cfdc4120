//! Series whose true rate is known: a daily rhythm, a burst and an outage, and
//! what comes on top of that.

use std::f64::consts::TAU;
use std::fs::File;
use std::io::{BufWriter, Write};

use analysis_lib::{Activity, aggregate};

const START: i64 = 1_599_004_800_000;
const DAY: f64 = 1440.0;
const MINUTE: f64 = 60_000.0;
/// Windows this far from a spike or a raid are beside it, in minutes.
const BESIDE: f64 = 60.0;

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

/// What multiplies the rate for one to two hours, by 3 to 6 times.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Burst {
    None,
    Smooth,
    WithEdges,
}

/// A kind of series.
#[derive(Clone, Copy)]
pub(crate) struct Kind {
    pub(crate) name: &'static str,
    pub(crate) days: f64,
    pub(crate) burst: Burst,
    /// The messages that are added to windows in a row, somewhere.
    pub(crate) added: &'static [&'static [f64]],
    /// How long a window is, in minutes.
    pub(crate) length: f64,
    /// When the windows of a second bot begin, in minutes after those of the
    /// first; it counts the same messages. 0 is no second bot.
    pub(crate) second: f64,
}

/// Two weeks of ten-minute windows.
const SMOOTH: Kind = Kind {
    name: "smooth",
    days: 14.0,
    burst: Burst::Smooth,
    added: &[],
    length: 10.0,
    second: 0.0,
};
const EDGES: Kind = Kind {
    name: "edges",
    burst: Burst::WithEdges,
    ..SMOOTH
};

/// The kinds of series that there are.
pub(crate) const KINDS: [Kind; 10] = [
    SMOOTH,
    EDGES,
    Kind {
        name: "calm",
        burst: Burst::None,
        ..SMOOTH
    },
    Kind {
        name: "spikes",
        added: &[&[300.0], &[3_000.0], &[20_000.0]],
        ..SMOOTH
    },
    Kind {
        name: "raids",
        added: &[&[300.0; 6], &[3_000.0; 6]],
        ..SMOOTH
    },
    Kind {
        name: "half a day, edges",
        days: 0.5,
        ..EDGES
    },
    Kind {
        name: "1-minute windows, edges",
        length: 1.0,
        ..EDGES
    },
    Kind {
        name: "30-minute windows, edges",
        length: 30.0,
        ..EDGES
    },
    Kind {
        name: "60-minute windows, edges",
        length: 60.0,
        ..EDGES
    },
    Kind {
        name: "two bots, edges",
        second: 3.0,
        ..EDGES
    },
];

struct Window {
    /// In minutes.
    begin: f64,
    end: f64,
    count: u32,
    /// The messages that there are in such a window on average.
    truth: f64,
    is_in_burst: bool,
    is_added_to: bool,
    is_beside: bool,
}

/// Windows, and what is true of them.
pub(crate) struct Series(Vec<Window>);

impl Series {
    /// The rhythm takes the rate up and down to e^0.7 to e^1.1 times; the outage
    /// takes 6 to 12 hours. `level` is the mean of messages in ten minutes
    /// without the burst and what is added.
    pub(crate) fn new(seed: u64, kind: &Kind, level: f64, dispersion: f64) -> Self {
        let mut random = Random(seed);
        // The unit of time is ten minutes.
        let (count, day) = (kind.days * DAY / 10.0, DAY / 10.0);
        let (size, phase) = (random.between(0.7, 1.1), random.between(0.0, TAU));
        let length = random.between(6.0, 12.0);
        let (start, times) = (
            random.between(0.0, count - length),
            random.between(3.0, 6.0),
        );
        let outage = random.between(36.0, 72.0).min(count / 10.0);
        let outage_start = random.between(10.0, count - outage - 10.0);
        let rhythm = |at: f64| {
            let turn = TAU * at / day + phase;
            (size * turn.cos() + 0.25 * size * (2.0 * turn + 1.0).cos()).exp()
        };
        let from_middle = |at: f64| (at - start - length / 2.0) / length;
        let burst = |at: f64| match kind.burst {
            Burst::None => 1.0,
            Burst::Smooth => 1.0 + (times - 1.0) * (-4.5 * from_middle(at).powi(2)).exp(),
            Burst::WithEdges if from_middle(at).abs() < 0.5 => times,
            Burst::WithEdges => 1.0,
        };
        let middles = (0..count as i64).map(|i| i as f64 + 0.5);
        let mean = middles.map(rhythm).sum::<f64>() / count;
        // A part lies within one window of each bot.
        let whole = kind.length / 10.0;
        let parts = match kind.second / 10.0 {
            0.0 => vec![(0.0, whole)],
            second => vec![(0.0, second), (second, whole)],
        };
        let mut windows: Vec<Window> = Vec::new();
        for i in 0..(count / whole).round() as i64 {
            for &(from, to) in &parts {
                let (from, to) = (i as f64 * whole + from, i as f64 * whole + to);
                let at = (from + to) / 2.0;
                if (outage_start..outage_start + outage).contains(&at) {
                    continue;
                }
                let truth = level / mean * rhythm(at) * burst(at) * (to - from);
                windows.push(Window {
                    begin: from * 10.0,
                    end: to * 10.0,
                    count: random.count(truth, dispersion),
                    truth,
                    is_in_burst: kind.burst != Burst::None && from_middle(at).abs() < 0.5,
                    is_added_to: false,
                    is_beside: false,
                });
            }
        }
        if parts.len() > 1 {
            let pairs = windows
                .windows(2)
                .filter(|pair| pair[0].end == pair[1].begin);
            let together = |pair: &[Window]| Window {
                begin: pair[0].begin,
                end: pair[1].end,
                count: pair[0].count + pair[1].count,
                truth: pair[0].truth + pair[1].truth,
                ..pair[0]
            };
            windows = pairs.map(together).collect();
        }
        let mut series = Self(windows);
        // Numbers of its own: the rest stays what it is without.
        let mut random = Random(!seed);
        for added in kind.added {
            series.add(added, dispersion, &mut random);
        }
        series
    }

    /// Adds messages to windows in a row, away from gaps and other such windows.
    fn add(&mut self, added: &[f64], dispersion: f64, random: &mut Random) {
        let windows = &mut self.0;
        let first = loop {
            let first = random.between(20.0, windows.len() as f64 - 26.0) as usize;
            let near = &windows[first - 12..first + 18];
            let is_whole = near.windows(2).all(|pair| pair[0].end == pair[1].begin);
            if is_whole
                && !near
                    .iter()
                    .any(|window| window.is_beside || window.is_added_to)
            {
                break first;
            }
        };
        for (window, added) in windows[first..].iter_mut().zip(added) {
            window.truth += added;
            window.count = random.count(window.truth, dispersion);
            window.is_added_to = true;
        }
        let begin = windows[first].begin - BESIDE;
        let end = windows[first + added.len() - 1].end + BESIDE;
        for window in windows {
            window.is_beside |= begin <= window.begin && window.end <= end && !window.is_added_to;
        }
    }

    pub(crate) fn activity(&self) -> Activity {
        let thread = std::thread::current().id();
        let name = format!("rate-{}-{thread:?}.json", std::process::id());
        let path = std::env::temp_dir().join(name);
        let mut file = BufWriter::new(File::create(&path).unwrap());
        for Window {
            begin, end, count, ..
        } in &self.0
        {
            let date = |minutes: f64| {
                let time = START + (minutes * MINUTE).round() as i64;
                format!("{{\"$date\":{{\"$numberLong\":\"{time}\"}}}}")
            };
            let (since, time) = (date(*begin), date(*end));
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
        let near = |begin: f64| {
            let from = self.0.partition_point(|other| other.begin < begin - 400.0);
            let to = self.0.partition_point(|other| other.begin <= begin + 400.0);
            &self.0[from..to]
        };
        let mean = |window: &Window| {
            let (mut sum, mut weights) = (0.0, 0.0);
            for other in near(window.begin) {
                let hours = (other.begin - window.begin) / 60.0;
                let weight = (-hours * hours / 2.0).exp();
                sum += weight * f64::from(other.count);
                weights += weight;
            }
            sum / weights
        };
        self.0.iter().map(mean).collect()
    }
}

/// A mean of what there is.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Mean {
    sum: f64,
    count: f64,
}

impl Mean {
    fn add(&mut self, value: f64) {
        // A share of no windows is none.
        if value.is_finite() {
            self.sum += value;
            self.count += 1.0;
        }
    }

    /// NaN of nothing.
    pub(crate) fn value(self) -> f64 {
        self.sum / self.count
    }
}

/// How well series were told, as means over all.
#[derive(Debug, Default)]
pub(crate) struct Score {
    /// The root of the mean square of estimate − truth, over the mean rate, and
    /// the kernel's. Windows that messages were added to are left out.
    pub(crate) error: Mean,
    pub(crate) kernel_error: Mean,
    /// The same of estimate / truth − 1.
    pub(crate) relative: Mean,
    pub(crate) kernel_relative: Mean,
    /// The share of windows whose band holds the true rate: of all, of those in
    /// the burst, those that messages were added to, and those beside them.
    pub(crate) held: Mean,
    pub(crate) in_burst: Mean,
    pub(crate) in_added: Mean,
    pub(crate) beside: Mean,
    /// The logarithm of the band's upper edge over its lower one.
    pub(crate) width: Mean,
    pub(crate) dispersion: Mean,
    /// How often the curve jumps.
    pub(crate) jumps: Mean,
}

impl Score {
    /// Of a series in which somebody wrote something.
    fn add(&mut self, series: &Series) {
        let windows = &series.0;
        let rate = aggregate::rate(&series.activity()).unwrap();
        let length = |i: usize| windows[i].end - windows[i].begin;
        let root_mean_square = |off: &dyn Fn(usize) -> f64| {
            let usual = (0..windows.len()).filter(|&i| !windows[i].is_added_to);
            let (mut sum, mut count) = (0.0, 0.0);
            for i in usual {
                sum += off(i).powi(2);
                count += 1.0;
            }
            f64::sqrt(sum / count)
        };
        let usual = windows.iter().filter(|window| !window.is_added_to);
        let truths: Vec<f64> = usual.map(|window| window.truth).collect();
        let mean = truths.iter().sum::<f64>() / truths.len() as f64;
        let estimate = |i: usize| rate.per_minute()[i] * length(i);
        let kernel = series.kernel();
        let truth = |i: usize| windows[i].truth;
        let error = |own: &dyn Fn(usize) -> f64| root_mean_square(&|i| (own(i) - truth(i)) / mean);
        let relative = |own: &dyn Fn(usize) -> f64| root_mean_square(&|i| own(i) / truth(i) - 1.0);
        self.error.add(error(&estimate));
        self.kernel_error.add(error(&|i| kernel[i]));
        self.relative.add(relative(&estimate));
        self.kernel_relative.add(relative(&|i| kernel[i]));
        let share = |which: &dyn Fn(&Window) -> bool| {
            let mut held = Mean::default();
            for i in (0..windows.len()).filter(|&i| which(&windows[i])) {
                let truth = truth(i) / length(i);
                let is_held = (rate.lower()[i]..=rate.upper()[i]).contains(&truth);
                held.add(f64::from(u8::from(is_held)));
            }
            held.value()
        };
        self.held.add(share(&|_| true));
        self.in_burst.add(share(&|window| window.is_in_burst));
        self.in_added.add(share(&|window| window.is_added_to));
        self.beside.add(share(&|window| window.is_beside));
        let edges = rate.upper().iter().zip(rate.lower());
        let widths: f64 = edges.map(|(upper, lower)| (upper / lower).ln()).sum();
        self.width.add(widths / windows.len() as f64);
        self.dispersion.add(rate.dispersion());
        self.jumps.add(rate.jumps().len() as f64);
    }
}

pub(crate) fn score(series: impl Iterator<Item = Series>) -> Score {
    let mut score = Score::default();
    for series in series {
        if series.0.iter().any(|window| window.count > 0) {
            score.add(&series);
        }
    }
    score
}

/// Messages in ten minutes, and how many times as much as independent ones they
/// vary.
pub(crate) fn cells() -> impl Iterator<Item = (f64, f64)> {
    let levels = [0.5, 6.0, 60.0].into_iter();
    levels.flat_map(|level| [1.0, 2.0, 4.0].map(|dispersion| (level, dispersion)))
}
