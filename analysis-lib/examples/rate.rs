//! `rate [SERIES [KIND [FIRST]]]`: how well the rate and its band tell the truth,
//! over series whose true rate is known; 200 of each kind where nothing else is
//! said, four times as many of half a day. `FIRST` is the first one's seed: the
//! rate's thresholds were chosen on seeds below 100.

#[path = "../tests/numbers/simulation.rs"]
mod simulation;

use simulation::{KINDS, Mean, Series, cells, score};

fn main() {
    const USAGE: &str = "rate [SERIES [KIND [FIRST]]]";
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let number = |i: usize, usual: u64| match arguments.get(i) {
        Some(text) => text.parse().expect(USAGE),
        None => usual,
    };
    let (count, seed) = (number(0, 200), number(2, 1_000));
    let wanted = arguments.get(1).map_or("", String::as_str);
    println!(
        "| series | messages in ten minutes | variance | error | kernel's | relative error | kernel's | band holds | in the burst | in what is added | beside it | band's width | variance found | jumps |"
    );
    println!("|{}", "---|".repeat(14));
    for kind in KINDS.iter().filter(|kind| kind.name.starts_with(wanted)) {
        for (level, dispersion) in cells() {
            let count = if kind.days < 1.0 { 4 * count } else { count };
            let seeds = seed..seed + count;
            let score = score(seeds.map(|seed| Series::new(seed, kind, level, dispersion)));
            let shown = |mean: Mean, places: usize| match mean.value() {
                value if value.is_nan() => "–".to_owned(),
                value => format!("{value:.places$}"),
            };
            println!(
                "| {} | {level} | {dispersion} | {} | {} | {} | {} | {} | {} | {} | {} | {} | {} | {} |",
                kind.name,
                shown(score.error, 4),
                shown(score.kernel_error, 3),
                shown(score.relative, 3),
                shown(score.kernel_relative, 3),
                shown(score.held, 3),
                shown(score.in_burst, 3),
                shown(score.in_added, 3),
                shown(score.beside, 3),
                shown(score.width, 3),
                shown(score.dispersion, 2),
                shown(score.jumps, 2),
            );
        }
    }
}
