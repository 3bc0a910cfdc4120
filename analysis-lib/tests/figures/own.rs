//! Figures of one's own values, and other words on any figure.

use analysis_lib::plotters::prelude::*;
use analysis_lib::*;

/// The part of an SVG that readers of the screen get.
fn description(figure: &Figure) -> &str {
    let svg = figure.svg();
    let begin = svg.find("<desc").unwrap();
    &svg[begin..svg.find("</desc>").unwrap()]
}

/// A line of the windows' own messages is the figure of message volume, but for what
/// that figure is called.
#[test]
fn a_line_stands_on_the_frame_of_all_figures() {
    let activity = Activity::sample().unwrap().last_days(20);
    let own = plot::line(&activity, "Message Volume", activity.message_volume()).unwrap();
    let own = own.axis("Number of Messages Sent in Time Window");
    let ours = plot::message_volume(&activity);
    let rows = |figure: &Figure| figure.csv().split_once('\n').unwrap().1.to_owned();
    assert_eq!(rows(&own), rows(&ours));
    let shapes = |figure: &Figure| {
        let svg = figure.svg();
        svg[svg.find("<g transform").unwrap()..svg.find("</g>").unwrap()].to_owned()
    };
    assert_eq!(shapes(&own), shapes(&ours));
    assert_eq!(own.says(), ours.says());
    assert!(
        own.csv()
            .starts_with("time_local,time_utc,number_of_messages_sent_in_time_window\n")
    );
    let days = activity.every(DAY);
    let own = plot::line(&days, "Days", days.iter().map(|day| day.online_mean())).unwrap();
    assert_eq!(
        own.says(),
        plot::online_members_by_period(&activity, DAY).says()
    );
}

#[test]
fn a_line_breaks_where_there_is_no_value() {
    let activity = Activity::sample().unwrap().last_hours(10);
    let last = activity.len() - 1;
    let value = |i: usize| (i != 7 && i != 8 && i != last).then_some(i as f64);
    let figure = plot::line(&activity, "Mine", (0..=last).map(value)).unwrap();
    let rows: Vec<&str> = figure.csv().lines().skip(1).collect();
    assert_eq!(rows.iter().filter(|row| row.starts_with(',')).count(), 1);
    assert_eq!(rows.iter().position(|row| row.starts_with(',')), Some(7));
    assert_eq!(rows.len(), last - 2 + 1);
    assert!(!figure.svg().contains("no data"));
    let none = plot::line(&activity, "Mine", vec![f64::NAN; activity.len()]).unwrap();
    assert_eq!(none.says(), "A line needs a value; there is none.");
}

#[test]
fn lengths_that_do_not_fit_are_an_error_that_says_both() {
    let activity = Activity::sample().unwrap();
    let days = activity.every(DAY);
    for (error, expected) in [
        (
            plot::line(&activity, "", [1.0, 2.0]).unwrap_err(),
            "2 values for 25,943 windows",
        ),
        (
            plot::line(&days, "", [1.0]).unwrap_err(),
            "1 value for 182 days",
        ),
        (
            plot::bars(["a"], [1, 2]).unwrap_err(),
            "2 values for 1 label",
        ),
        (plot::scatter([1], [1, 2]).unwrap_err(), "1 x for 2 ys"),
    ] {
        assert_eq!(
            error.to_string(),
            format!("{expected}: there must be as many")
        );
    }
}

/// Every value is in one bar, and bars of round numbers hold what their names say.
#[test]
fn a_histogram_counts_every_value_once() {
    let activity = Activity::sample().unwrap();
    let values: Vec<u32> = activity.message_volume().to_vec();
    let figure = plot::histogram(&values).unwrap();
    let mut all = 0;
    for row in figure.csv().lines().skip(1) {
        let (name, count) = row.rsplit_once(',').unwrap();
        let (low, high) = name.split_once(" to ").unwrap();
        let (low, high): (u32, u32) = (low.parse().unwrap(), high.parse().unwrap());
        let inside = values
            .iter()
            .filter(|value| (low..high).contains(value))
            .count();
        assert_eq!(inside, count.parse::<usize>().unwrap(), "{row}");
        all += inside;
    }
    assert_eq!(all, values.len());
    assert!(figure.csv().starts_with("label,number_of_values\n"));
    // Parts, negative values, one value alone, and none.
    assert_eq!(
        plot::histogram([-0.5, -0.1, 0.25, f64::NAN])
            .unwrap()
            .csv()
            .lines()
            .count(),
        17
    );
    assert_eq!(
        plot::histogram([3]).unwrap().csv(),
        "label,number_of_values\n3 to 4,1\n"
    );
    assert!(plot::histogram([f64::NAN]).is_err());
}

#[test]
fn points_without_both_values_are_left_out_and_counted() {
    let figure = plot::scatter([Some(1.0), None, Some(3.0)], [1.0, 2.0, f64::NAN]).unwrap();
    assert_eq!(figure.csv(), "x,value\n1,1\n");
    assert!(
        figure
            .svg()
            .contains("1 point · 2 points without a value left out")
    );
    // What is never known is a card: other cells go on.
    let never = plot::scatter([None::<f64>], [1.0]).unwrap();
    assert_eq!(never.says(), "Points need both values; there is none.");
}

/// Title, axis and note, wherever they stand; and where it is from stays.
#[test]
fn other_words_are_taken_everywhere() {
    let activity = Activity::sample().unwrap();
    let names = Names::load(&activity).unwrap();
    for figure in [
        plot::online_members(&activity),
        plot::messages_by_member(&activity, &names),
        plot::calendar(&activity),
        plot::weekly_rhythm(&activity),
        plot::concentration(&activity, &names),
        plot::growth(&activity, &names, WEEK),
        plot::busyness(&activity),
        plot::rate(&activity),
        plot::bars(["a"], [1]).unwrap(),
    ] {
        let other = figure
            .title("Mine & <yours>")
            .axis("What I Count")
            .note("my note")
            .title("Mine & <yours>");
        assert_eq!(other.heading(), "Mine & <yours>");
        let svg = other.svg();
        assert!(svg.contains(">Mine &amp; &lt;yours&gt;</text>"), "{svg}");
        assert!(
            !svg.contains(&format!(">{}<", figure.heading())),
            "{}",
            figure.heading()
        );
        assert!(svg.contains("my note"), "{}", figure.heading());
        assert_eq!(svg.contains("made up"), figure.svg().contains("made up"));
        assert!(description(&other).contains("my note"));
        assert_eq!(other.says(), figure.says());
        assert_eq!(
            other.csv().lines().skip(1).collect::<Vec<_>>(),
            figure.csv().lines().skip(1).collect::<Vec<_>>()
        );
        roxmltree::Document::parse(svg).unwrap();
        // Two figures on a page have ids of their own.
        let id = |figure: &Figure| {
            figure
                .svg()
                .split('"')
                .find(|text| text.starts_with("figure-"))
                .map(str::to_owned)
        };
        assert_ne!(id(&figure), id(&other));
    }
    // The summary has no axis: the name of what is counted stands nowhere.
    let summary = plot::summary(&activity, &names, MONTH);
    let other = summary.title("A & B").axis("What").note("my note");
    assert!(other.svg().contains(">A &amp; B</text>") && other.heading() == "A & B");
    assert!(
        other
            .svg()
            .contains(">my note · sample data, made up · times in US/Eastern</text>")
    );
    assert!(!other.svg().contains("Sample Server in March 2026"));
    assert_eq!(other.csv(), summary.csv());
    // After the figure's own id.
    let [own, other] =
        [&summary, &other].map(|f| description(f).split_once('>').unwrap().1.to_owned());
    assert_eq!(other, own.replace("99% of the month recorded", "my note"));
    let online = plot::online_members(&activity).axis("Awake: People");
    assert!(
        online
            .csv()
            .starts_with("time_local,time_utc,awake_people\n")
    );
    assert!(online.svg().contains(">Awake: People</text>"));
    assert!(description(&online).contains("Line of awake: people over time."));
}

#[test]
fn what_plotters_draws_is_a_figure() {
    let figure = plot::drawing(400, 200, |area| {
        let mut chart = ChartBuilder::on(area)
            .caption("Mine <&>", ("sans-serif", 20))
            .x_label_area_size(30)
            .y_label_area_size(40)
            .build_cartesian_2d(0..10, 0..100)?;
        chart.configure_mesh().y_desc("squares").draw()?;
        chart.draw_series(AreaSeries::new(
            (0..10).map(|x| (x, x * x)),
            0,
            full_palette::TEAL.mix(0.25),
        ))?;
        chart.draw_series(Histogram::vertical(&chart).data([(1, 20), (2, 30)]))?;
        Ok(())
    })
    .unwrap();
    let svg = figure.svg();
    let parsed = roxmltree::Document::parse(svg).unwrap();
    assert_eq!(parsed.root_element().attribute("width"), Some("440"));
    for part in [
        ">Mine &lt;&amp;&gt;</text>",
        "opacity=\"0.25\"",
        ">squares</text>",
        "rotate(-90 ",
    ] {
        assert!(svg.contains(part), "{part}: {svg}");
    }
    assert!(!svg.contains("font-family=\"sans-serif\""));
    let titled = figure.title("Squares");
    assert!(titled.svg().contains(">Squares</text>"));
    let failed = plot::drawing(400, 200, |_| Err("no values".into())).unwrap_err();
    assert_eq!(failed.to_string(), "the drawing failed: no values");
    let error = plot::drawing(0, 5_000, |_| Ok(())).unwrap_err().to_string();
    assert_eq!(
        error,
        "a drawing of 0 × 5000 pixels can't be made; each side is 1 to 4000"
    );
}
