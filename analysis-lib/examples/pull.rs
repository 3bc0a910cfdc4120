//! The pull cell on its own: `pull [--fresh] [--since TIME] [--until TIME]
//! [--every PERIOD | --merged-here PERIOD] [FILE]` prints what the cell prints, and
//! saves the windows into the file, or prints the periods that the program or the
//! library merged.

use analysis_lib::error::Result;
use analysis_lib::{Period, Pull};

fn main() -> Result<()> {
    let mut pull = Pull::new();
    let mut period = None;
    let mut here = false;
    let mut file = None;
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        let mut value = || arguments.next().unwrap_or_default();
        match argument.as_str() {
            "--fresh" => pull = pull.fresh(),
            "--since" => pull = pull.since(&value()),
            "--until" => pull = pull.until(&value()),
            "--every" | "--merged-here" => {
                here = argument == "--merged-here";
                period = Period::named(&value());
            }
            _ => file = Some(argument),
        }
    }
    if let Some(period) = period {
        let periods = if here {
            pull.run()?.every(period)
        } else {
            pull.every(period).run()?
        };
        let senders: Vec<Vec<(usize, u64)>> = (0..periods.len())
            .map(|index| periods.senders(index).collect())
            .collect();
        let sums = (periods.windows(), periods.messages(), periods.online_max());
        let means = periods.online_mean();
        let said: Vec<_> = (0..periods.len())
            .map(|index| {
                let channels: Vec<(usize, u64)> = periods.by_channel(index).collect();
                (
                    periods.member_count()[index],
                    periods.joined()[index],
                    periods.left()[index],
                    channels,
                )
            })
            .collect();
        let known = (
            periods.online_known(),
            periods.joins_known(),
            periods.channels_known(),
        );
        let left_out = periods.left_out();
        println!(
            "{:?}",
            (
                (periods.begins(), periods.ends(), periods.is_over()),
                sums,
                means,
                periods.coverage(),
                periods.members(),
                senders,
                (said, known, periods.channels()),
                left_out
            )
        );
        return Ok(());
    }
    let activity = pull.run()?;
    match file {
        Some(file) => activity.save(file),
        None => Ok(()),
    }
}
