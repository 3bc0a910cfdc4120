//! `rate [SERIES [DAYS]]`: how well the rate and its band tell the truth, over
//! series whose true rate is known; 200 of 14 days where nothing else is said.

#[path = "../tests/rate/simulation.rs"]
mod simulation;

use simulation::{Series, cells, score};

fn main() {
    let mut arguments = std::env::args().skip(1);
    let mut number = |usual: f64| match arguments.next() {
        Some(text) => text.parse().expect("numbers: rate [SERIES [DAYS]]"),
        None => usual,
    };
    let (count, days) = (number(200.0) as u64, number(14.0));
    for has_edges in [false, true] {
        let burst = if has_edges { "with edges" } else { "smooth" };
        println!("{count} series of {days} days, the burst {burst}");
        println!(
            "| messages a window | variance | error | kernel's | relative error | kernel's | band holds | variance found |"
        );
        println!("|---|---|---|---|---|---|---|---|");
        for (level, dispersion) in cells() {
            let all = (0..count).map(|seed| Series::new(seed, days, level, dispersion, has_edges));
            let score = score(all);
            println!(
                "| {level} | {dispersion} | {:.3} | {:.3} | {:.3} | {:.3} | {:.3} | {:.2} |",
                score.error,
                score.kernel_error,
                score.relative,
                score.kernel_relative,
                score.held,
                score.dispersion
            );
        }
    }
}
