//! How far chance reaches: 95 % intervals of a ratio.

/// 5 % of a standard normal variable's values are farther from zero.
pub(super) const NORMAL: f64 = 1.959_963_984_540_054;

/// A 95 % interval of the ratio of two sums less one, the second to the first.
/// Each pair is a block: what it brought to the first sum and to the second.
/// `None` of fewer than three blocks, or of a sum of zero.
///
/// The variance is that of a ratio estimator over the blocks: correlation within
/// a block is in it, that between blocks isn't. Counts vary at least as Poisson
/// variables do, and half a message more in each sum keeps a sum of zero finite.
///
/// References: W. G. Cochran (1977), Sampling Techniques, 3rd edition, 6.3 and
/// 6.4. J. B. S. Haldane (1956), The estimation and significance of the
/// logarithm of a ratio of frequencies, Annals of Human Genetics 20.
pub(super) fn ratio(blocks: &[[f64; 2]], are_counts: bool) -> Option<[f64; 2]> {
    let half = if are_counts { 0.5 } else { 0.0 };
    let sum = |side: usize| blocks.iter().map(|block| block[side]).sum::<f64>() + half;
    let (first, second) = (sum(0), sum(1));
    if first <= 0.0 || second <= 0.0 {
        return None;
    }
    let ratio = second / first;
    let residuals = blocks.iter().map(|[first, second]| second - ratio * first);
    let squares: f64 = residuals.map(|residual| residual * residual).sum();
    let n = blocks.len() as f64;
    let among_blocks = n / (n - 1.0) * squares / (second * second);
    let least = 2.0 * half * (1.0 / first + 1.0 / second);
    around(ratio.ln(), [among_blocks, least], blocks)
}

/// Wilson's 95 % interval of a share. `None` of nothing.
pub(super) fn wilson(part: u64, of: u64) -> Option<[f64; 2]> {
    let (share, all) = (part as f64 / of as f64, of as f64);
    let square = NORMAL * NORMAL / all;
    let middle = (share + square / 2.0) / (1.0 + square);
    let variance = share * (1.0 - share) + square / 4.0;
    let reach = NORMAL * (variance / all).sqrt() / (1.0 + square);
    (of > 0).then(|| [(middle - reach).max(0.0), (middle + reach).min(1.0)])
}

/// As [`ratio`], of two numbers of members, of these numbers without each block,
/// and of the blocks' messages. The variance is that of the jackknife, and at
/// least that of members who come and go independently of each other (McNemar
/// 1947), of whom `one_sided` are in one of both alone.
///
/// References: H. R. Künsch (1989), The jackknife and the bootstrap for general
/// stationary observations, Annals of Statistics 17. Q. McNemar (1947), Note on
/// the sampling error of the difference between correlated proportions or
/// percentages, Psychometrika 12.
pub(super) fn jackknife(
    all: [u64; 2],
    without: &[[u64; 2]],
    one_sided: u64,
    blocks: &[[f64; 2]],
) -> Option<[f64; 2]> {
    let count = |members: u64| members as f64 + 0.5;
    let log = |[before, now]: [u64; 2]| (count(now) / count(before)).ln();
    let n = without.len() as f64;
    let mean = without.iter().copied().map(log).sum::<f64>() / n;
    let squares: f64 = without.iter().map(|&own| (log(own) - mean).powi(2)).sum();
    let least = one_sided as f64 / (count(all[0]) * count(all[1]));
    around(log(all), [(n - 1.0) / n * squares, least], blocks)
}

/// The interval around the logarithm of a ratio, as a ratio less one. Its
/// variance is estimated from blocks, which Student's t allows for; the least that
/// it can be is known. Where deviations are as large as blocks are, a few large
/// blocks among small ones are all that tells the variance, so they alone count
/// as degrees of freedom. `None` of fewer than three blocks, or of two that hold
/// nearly all.
///
/// References: F. E. Satterthwaite (1946), An approximate distribution of
/// estimates of variance components, Biometrics Bulletin 2.
fn around(log: f64, [among_blocks, least]: [f64; 2], blocks: &[[f64; 2]]) -> Option<[f64; 2]> {
    let sum = |side: usize| blocks.iter().map(|block| block[side]).sum::<f64>();
    // A sum of zero is of zeros.
    let sums = [0, 1].map(|side| sum(side).max(f64::MIN_POSITIVE));
    let (mut squares, mut fourths) = (0.0, 0.0);
    for block in blocks {
        let size = block[0] / sums[0] + block[1] / sums[1];
        squares += size.powi(2);
        fourths += size.powi(4);
    }
    let freedom = squares * squares / fourths - 1.0;
    // Not a number where there is no message at all.
    let is_told = blocks.len() >= 3 && freedom >= 1.0;
    let among_blocks = is_told.then(|| student_t(freedom) * among_blocks.sqrt())?;
    let reach = among_blocks.max(NORMAL * least.sqrt());
    Some([log - reach, log + reach].map(f64::exp_m1))
}

/// Student's t that 5 % of all values are farther from zero than: t² is f (1 − x) / x,
/// where 5 % of a beta distribution lie below x.
fn student_t(freedom: f64) -> f64 {
    let half = freedom / 2.0;
    let part = 0.05 * (incomplete_beta(0.5, half, 0.5) + incomplete_beta(0.5, 0.5, half));
    let (mut low, mut high) = (0.0, 1.0);
    for _ in 0..60 {
        let middle = (low + high) / 2.0;
        let is_below = incomplete_beta(middle, half, 0.5) < part;
        *(if is_below { &mut low } else { &mut high }) = middle;
    }
    (freedom * (1.0 - low) / low).sqrt()
}

/// The incomplete beta function, by a series whose terms are all positive; those of `x`
/// and `1 - x`, `a` and `b` exchanged, add up to the whole function.
///
/// References: NIST Digital Library of Mathematical Functions, 8.17.4 and 8.17.8.
fn incomplete_beta(x: f64, a: f64, b: f64) -> f64 {
    let (mut term, mut sum, mut n) = (1.0, 0.0, 0.0);
    while term > f64::EPSILON / 8.0 * sum {
        sum += term;
        term *= x * (a + b + n) / (a + 1.0 + n);
        n += 1.0;
    }
    x.powf(a) * (1.0 - x).powf(b) * sum / a
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `scipy.stats.t.ppf(0.975, freedom)`, SciPy 1.17.
    #[test]
    fn students_t_is_scipys() {
        for (freedom, expected) in [
            (1.0, 12.706204736174694),
            (2.0, 4.302652729749462),
            (6.0, 2.4469118511449692),
            (30.0, 2.0422724563012378),
        ] {
            let t = student_t(freedom);
            assert!((t / expected - 1.0).abs() < 1e-11, "{freedom}: {t}");
        }
    }

    #[test]
    fn a_ratio_needs_three_blocks_and_sums() {
        assert_eq!(ratio(&[[1.0, 2.0], [2.0, 3.0]], true), None);
        assert_eq!(ratio(&[[0.0, 2.0]; 3], false), None);
        assert_eq!(ratio(&[[4.0, 4.0]; 3], false), Some([0.0, 0.0]));
        let [low, high] = ratio(&[[1000.0, 0.0]; 3], true).unwrap();
        assert!(low < high && high < -0.5, "{low} {high}");
    }
}
