//! Posts the last week or month that is over, in one picture: what `make post` runs,
//! in the notebooks' folder.

use std::process::ExitCode;

use activity_data::settings::Settings;
use activity_data::text::{counted, grouped};
use activity_data::{Error, HOUR_LENGTH, Result, newest_whole};
use activity_discord::post::{Once, Picture, Post, Webhook, deliver, escape};
use activity_discord::program;
use analysis_lib::{Activity, Figure, MONTH, Names, Period, WEEK, aggregate, plot, pull, table};

/// Less of a period than this is said before anything else.
const WELL_RECORDED: f64 = 0.8;

fn main() -> ExitCode {
    program::main(1, run())
}

async fn run() -> Result<()> {
    let settings = Settings::load()?;
    let period = match choice(&settings, "POST_PERIOD", &["WEEK", "MONTH"])? {
        Some("MONTH") => MONTH,
        _ => WEEK,
    };
    let only_unusual = choice(&settings, "POST_ONLY", &["unusual"])?.is_some();
    let pinned = choice(&settings, "POST_PINNED", &["yes", "no"])? == Some("yes");
    // What is wrong with it is said before anything is pulled.
    let webhook = Webhook::from_settings(&settings)?;
    let activity = pull()?;
    if activity.origin().is_sample() {
        return Err(Error::new(
            "there is nothing to post but the sample, which is made up: set MONGOKEY to your own server's record",
        ));
    }
    let names = Names::load(&activity)?;
    let post = match pinned {
        true => Some(so_far(&activity, &names, period)?),
        false => over(&activity, &names, period, only_unusual)?,
    };
    println!(
        "{}",
        match post {
            Some(post) => deliver(&settings, &webhook, &post).await?,
            None => format!("Nothing is posted: the last {period} was like others."),
        }
    );
    Ok(())
}

/// Which of these words a setting is, if it is set.
fn choice<'a>(settings: &Settings, name: &str, words: &[&'a str]) -> Result<Option<&'a str>> {
    let Some(value) = settings.get(name) else {
        return Ok(None);
    };
    let is_meant = |word: &&&str| word.eq_ignore_ascii_case(value.trim());
    match words.iter().find(is_meant) {
        Some(word) => Ok(Some(word)),
        None => Err(Error::new(format!(
            "{name}={value} is unknown; use {}",
            words.join(" or ")
        ))),
    }
}

/// The newest period that is over, with three sentences. `None` if it was like others
/// and only one that wasn't is wanted.
fn over(
    activity: &Activity,
    names: &Names,
    period: Period,
    only_unusual: bool,
) -> Result<Option<Post>> {
    let periods = activity.every(period);
    let newest = newest_whole(periods.coverage(), periods.is_over());
    let (begin, end) = (periods.begins()[newest], periods.ends()[newest]);
    if newest + 1 == periods.len() && !periods.is_over() {
        return Err(Error::new(format!(
            "there is nothing to post yet: no {period} is over of which half was recorded"
        )));
    }
    let found = aggregate::unusual(activity);
    let mut events = found.events.iter();
    let event = events.find(|event| event.begin < end && event.end > begin);
    let changed = aggregate::compare(activity, period).ok();
    let changed = changed.filter(|changed| changed.begin == begin);
    let changes = changed
        .as_ref()
        .map(|it| [it.messages, it.active_members, it.online_mean]);
    let mut changes = changes.iter().flatten();
    let is_more_than_chance = changes.any(|change| change.more_than_chance == Some(true));
    if only_unusual && event.is_none() && !is_more_than_chance {
        return Ok(None);
    }
    let zone = activity.origin().timezone();
    let mut sentences = Vec::new();
    let coverage = periods.coverage()[newest];
    if coverage < WELL_RECORDED {
        sentences.push(format!(
            "Only {:.0}% of the {period} was recorded: all numbers are of that part.",
            (coverage * 100.0).floor()
        ));
    }
    sentences.push(match changed {
        Some(_) => table::compare(activity, names, period).says().to_owned(),
        None => format!(
            "With the {period} before it can't be compared: too little was recorded in both."
        ),
    });
    sentences.push(match event {
        Some(event) => format!(
            "The most unusual: on {}, for {}, {} where {} are usual.",
            zone.date_time(event.begin).format("%A %-d %B at %H:%M"),
            counted(((event.end - event.begin) / HOUR_LENGTH) as usize, "hour"),
            counted(event.messages as usize, "message"),
            grouped(&format!("{:.0}", event.usual)),
        ),
        None if found.compared_hours == 0 => "What is usual can't be told yet.".to_owned(),
        None => "No hour was far from usual.".to_owned(),
    });
    let figure = plot::summary(activity, names, period);
    let day = zone.date_time(begin).format("%Y-%m-%d").to_string();
    Ok(Some(Post {
        name: format!("the {period} from {day}"),
        content: below_its_title(&figure, &sentences.join(" ")),
        picture: Some(picture(&figure, format!("{period}-{day}.png"))?),
        kind: period.to_string(),
        period: day,
        once: Once::Forever,
    }))
}

/// The running period.
fn so_far(activity: &Activity, names: &Names, period: Period) -> Result<Post> {
    let figure = plot::summary_so_far(activity, names, period);
    Ok(Post {
        name: format!("the {period} so far"),
        content: below_its_title(&figure, figure.says()),
        picture: Some(picture(&figure, format!("{period}.png"))?),
        kind: format!("pinned {period}"),
        period: String::new(),
        once: Once::Edited,
    })
}

/// Plain text as Discord's, below the figure's title.
fn below_its_title(figure: &Figure, text: &str) -> String {
    format!("**{}**\n{}", escape(figure.heading()), escape(text))
}

fn picture(figure: &Figure, file: String) -> Result<Picture> {
    Ok(Picture {
        file,
        bytes: figure.png()?,
        description: format!("{}: {}", figure.heading(), figure.says()),
    })
}
