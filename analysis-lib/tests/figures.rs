//! Golden figures, and what must hold for every figure.
//!
//! A figure that changed is written beside its golden file as
//! `NAME-changed.svg`. `UPDATE_GOLDEN=1` accepts what is drawn now.

#[path = "figures/cases.rs"]
mod cases;
#[path = "figures/own.rs"]
mod own;

use std::path::PathBuf;

use cases::cases;

/// Tooltips in a golden file: the rest are alike.
const TOOLTIPS: usize = 6;

fn golden(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("tests/golden")
        .join(name)
}

/// The figure as text to compare: decimals rounded to one place, ids without
/// their hash, only the first tooltips.
fn normalised(svg: &str) -> String {
    let mut text = String::new();
    let mut rest = svg;
    while let Some(place) = rest.find(|c: char| c.is_ascii_digit()) {
        text.push_str(&rest[..place]);
        rest = &rest[place..];
        let digits = |text: &str| {
            let end = text.find(|c: char| !c.is_ascii_digit());
            end.unwrap_or(text.len())
        };
        let mut end = digits(rest);
        // A point after which no digit comes ends a sentence.
        let places = rest[end..].strip_prefix('.').map_or(0, digits);
        if places > 0 {
            end += 1 + places;
        }
        let number = &rest[..end];
        match number.parse::<f64>() {
            Ok(value) if number.contains('.') => text.push_str(&format!("{:.1}", value)),
            _ => text.push_str(number),
        }
        rest = &rest[end..];
    }
    text.push_str(rest);
    if let Some(start) = text.find("figure-") {
        let id = text[start..start + "figure-0123456789abcdef".len()].to_owned();
        text = text.replace(&id, "figure-id");
    }
    let mut tooltips = 0;
    let kept = text.lines().filter(|line| {
        tooltips += usize::from(line.starts_with("<g><path"));
        !line.starts_with("<g><path") || tooltips <= TOOLTIPS
    });
    kept.map(|line| format!("{line}\n")).collect()
}

#[test]
fn figures_are_as_they_were() {
    let update = std::env::var_os("UPDATE_GOLDEN").is_some();
    let mut changed = Vec::new();
    for case in cases() {
        let now = normalised(case.figure.svg());
        let file = golden(&format!("{}.svg", case.name));
        let beside = golden(&format!("{}-changed.svg", case.name));
        let _ = std::fs::remove_file(&beside);
        if update {
            std::fs::write(&file, now).unwrap();
        } else if std::fs::read_to_string(&file).unwrap_or_default() != now {
            std::fs::write(&beside, now).unwrap();
            changed.push(beside.display().to_string());
        }
    }
    assert!(
        changed.is_empty(),
        "these figures changed; look at them, and accept them with UPDATE_GOLDEN=1:\n{}",
        changed.join("\n")
    );
}

/// What the README shows must be what is drawn now.
#[test]
fn the_readmes_pictures_are_as_they_are_drawn() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../notebooks/pictures");
    for (picture, name) in [
        ("online-members.svg", "sample-online-half-day"),
        ("messages-by-member.svg", "sample-members"),
        ("summary.svg", "sample-summary"),
        ("rate.svg", "sample-band-half-day"),
    ] {
        let case = cases().iter().find(|case| case.name == name).unwrap();
        let file = PathBuf::from(folder).join(picture);
        if std::env::var_os("UPDATE_GOLDEN").is_some() {
            std::fs::write(&file, case.figure.svg()).unwrap();
        }
        let shown = std::fs::read_to_string(&file).unwrap();
        assert!(
            shown == case.figure.svg(),
            "{picture} is not {name}; draw it anew with UPDATE_GOLDEN=1"
        );
    }
}

#[test]
fn golden_files_have_a_case() {
    for entry in std::fs::read_dir(golden("")).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        let Some(name) = name.strip_suffix(".svg") else {
            continue;
        };
        let known = cases()
            .iter()
            .any(|case| case.name == name.trim_end_matches("-changed"));
        assert!(known, "{name}.svg is no case's");
    }
}

#[test]
fn figures_are_well_formed_and_small() {
    for case in cases() {
        let svg = case.figure.svg();
        let document =
            roxmltree::Document::parse(svg).unwrap_or_else(|e| panic!("{}: {e}", case.name));
        let root = document.root_element();
        assert_eq!(root.attribute("role"), Some("img"), "{}", case.name);
        for name in ["title", "desc"] {
            let child = root.children().find(|child| child.has_tag_name(name));
            assert!(
                child.is_some_and(|child| child.text().is_some()),
                "{}: {name}",
                case.name
            );
        }
        // A tooltip for each column of pixels, of three lines, is the most there is.
        assert!(svg.len() < 160_000, "{}: {} bytes", case.name, svg.len());
        for word in ["NaN", "inf\"", "<script", "onload", "onerror"] {
            let markup = svg.split('>').any(|tag| {
                tag.rsplit('<')
                    .next()
                    .is_some_and(|tag| tag.contains(word) && tag.starts_with(char::is_alphabetic))
            });
            assert!(!markup, "{}: {word} in a tag", case.name);
        }
    }
}

/// Golden files hold the first tooltips alone, and this one is the last.
#[test]
fn the_tooltip_of_a_window_that_is_not_over_says_so() {
    let is_it = |case: &&cases::Case| case.name == "window-still-running";
    let svg = cases().iter().find(is_it).unwrap().figure.svg();
    let (_, tooltips) = svg.split_once("class=\"tips\"").unwrap();
    assert_eq!(tooltips.matches(">not over when recorded<").count(), 1);
}

#[test]
fn ids_are_each_figures_own() {
    let ids: std::collections::HashSet<&str> = cases()
        .iter()
        .map(|case| {
            let svg = case.figure.svg();
            let start = svg.find("id=\"").unwrap() + 4;
            &svg[start..start + svg[start..].find('"').unwrap()]
        })
        .collect();
    assert_eq!(ids.len(), cases().len());
}

/// Only what a figure is made of, whatever stands in a name.
#[test]
fn names_are_text_and_nothing_else() {
    for case in cases()
        .iter()
        .filter(|case| case.name.starts_with("hostile"))
    {
        let document = roxmltree::Document::parse(case.figure.svg()).unwrap();
        for node in document.descendants().filter(roxmltree::Node::is_element) {
            let name = node.tag_name().name();
            let known = [
                "svg", "title", "desc", "style", "g", "path", "rect", "circle", "text",
            ];
            assert!(known.contains(&name), "{}: <{name}>", case.name);
            assert!(
                node.attributes()
                    .all(|a| !a.name().starts_with("on") && !a.name().contains("href"))
            );
        }
        let text: Vec<&str> = document
            .descendants()
            .filter_map(|node| node.text())
            .collect();
        assert!(
            text.iter().any(|text| text.contains("<script>")),
            "{}",
            case.name
        );
    }
}

#[test]
fn figures_save_themselves_by_ending() {
    let folder = std::env::temp_dir().join(format!("analysis-lib-save-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let figure = &cases()[0].figure;
    figure.save(folder.join("online.svg")).unwrap();
    figure.save(folder.join("online.CSV")).unwrap();
    assert_eq!(
        std::fs::read_to_string(folder.join("online.svg")).unwrap(),
        figure.svg()
    );
    assert_eq!(
        std::fs::read_to_string(folder.join("online.CSV")).unwrap(),
        figure.csv()
    );
    // A figure may show people.
    #[cfg(unix)]
    for name in ["online.svg", "online.CSV"] {
        use std::os::unix::fs::PermissionsExt;
        let mode = folder.join(name).metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{name}");
    }
    let error = figure
        .save(folder.join("online.gif"))
        .unwrap_err()
        .to_string();
    assert!(
        error.ends_with("online.gif can't be saved: a figure is saved as .svg, .png or .csv"),
        "{error}"
    );
    std::fs::remove_dir_all(&folder).unwrap();
}

/// However windows and gaps lie, a figure stays small enough for a notebook.
#[test]
fn figures_stay_small_at_any_pattern_of_gaps() {
    // Of 20,000 windows, those that a pattern keeps.
    let patterns: [fn(i64) -> bool; 6] = [
        |i| i % 7 < 3,
        |i| i % 100 < 50,
        |i| i % 150 < 90,
        |i| i * i % 1009 < 500,
        |i| (i / 10) * (i / 10) % 97 < 40,
        |i| (i / 40) * (i / 40) % 97 < 48,
    ];
    for (number, keep) in patterns.into_iter().enumerate() {
        let mut windows = cases::wave("2021-01-01T00:00:00Z", 10, 20_000);
        windows = windows
            .into_iter()
            .zip(0..)
            .filter(|&(_, i)| keep(i))
            .map(|(window, i)| (window.0, (i * 7919 % 1_000_003) as u32, window.2, window.3))
            .collect();
        let activity = cases::activity("Europe/London", "Iraq BTW", &windows);
        let size = analysis_lib::plot::online_members(&activity).svg().len();
        assert!(size < 150_000, "pattern {number}: {size} bytes");
    }
}

/// Ten years, and every window another value.
#[test]
fn figures_stay_small_at_ten_years() {
    let mut windows = cases::wave("2026-09-04T21:00:00Z", 10, 525_600);
    for (window, i) in windows.iter_mut().zip(0_u64..) {
        window.1 = (i * 7919 % 1_000_003) as u32;
    }
    let activity = cases::activity("US/Eastern", "Iraq BTW", &windows);
    let figures = [
        analysis_lib::plot::online_members(&activity),
        analysis_lib::plot::message_volume(&activity),
        analysis_lib::plot::messages_by_period(&activity, analysis_lib::DAY),
    ];
    for figure in figures {
        let size = figure.svg().len();
        assert!(size < 150_000, "{}: {size} bytes", figure.heading());
    }
}

/// Whatever was recorded, figures and tables of members say something of it, and
/// stay small.
#[test]
fn members_figures_take_whatever_was_recorded() {
    use analysis_lib::{Activity, DAY, HOUR, MONTH, Names, WEEK, plot, table};
    let of = |windows: &[_]| cases::activity("Australia/Lord_Howe", "Iraq BTW", windows);
    let start = cases::time("2024-04-06T14:00:00Z");
    let alone = (start, 5, 3, vec![(7, 3)]);
    let silent = (start, 5, 0, Vec::new());
    let mut two_bots = cases::wave("2024-04-08T00:00:00Z", 10, 5_000);
    two_bots.extend(
        two_bots
            .clone()
            .into_iter()
            .map(|w| (w.0 + 61_000, w.1, w.2, w.3)),
    );
    let years_apart = [2_000, 0].map(|days| (start - days * 86_400_000, 5, 3, vec![(7, 3)]));
    // Names that take as much room as they can.
    let wide = |id: u64| (id, "'\"&".repeat(60) + &id.to_string());
    let crowd: Vec<_> = (0..5_000)
        .map(|i| {
            (
                start - (5_000 - i) * 12 * 3_600_000,
                5,
                60,
                (0..60).map(|id| (id, 1)).collect(),
            )
        })
        .collect();
    for (windows, names) in [
        (of(&[alone]), Names::default()),
        (of(&[silent]), Names::default()),
        (of(&two_bots), Names::default()),
        (of(&years_apart), Names::default()),
        (of(&crowd), Names::from_iter((0..60).map(wide))),
        (Activity::sample().unwrap().last_hours(12), Names::default()),
    ] {
        let mut figures = vec![
            plot::member_hours(&windows, &names),
            plot::member(&windows, &names, 7),
            plot::concentration(&windows, &names),
            plot::stickiness(&windows, &names),
        ];
        let mut tables = vec![table::seen(&windows, &names)];
        for period in [HOUR, DAY, WEEK, MONTH] {
            figures.push(plot::member_shares(&windows, &names, period));
            figures.push(plot::growth(&windows, &names, period));
            tables.push(table::top_members(&windows, &names, period));
        }
        for figure in figures {
            let size = figure.svg().len();
            assert!(size < 150_000, "{}: {size} bytes", figure.heading());
            assert!(figure.says().ends_with('.'), "{}", figure.heading());
            roxmltree::Document::parse(figure.svg()).unwrap();
        }
        assert!(tables.iter().all(|table| table.says().ends_with('.')));
    }
}

/// The line's points, and nothing else, are the table's rows; where the line
/// breaks, a row is empty.
#[test]
fn tables_are_the_lines_that_are_drawn() {
    for name in [
        "sample-online-half-day",
        "sample-online-half-year",
        "sample-rate-half-year",
        "gaps-and-a-lone-window",
        "seldom-recorded",
        "ten-years",
    ] {
        let case = cases().iter().find(|case| case.name == name).unwrap();
        let drawn = line(case.figure.svg());
        let mut rows: Vec<Vec<(f64, f64)>> = vec![Vec::new()];
        for row in case.figure.csv().lines().skip(1) {
            let fields: Vec<&str> = row.split(',').collect();
            let [_, utc, value] = fields.as_slice() else {
                panic!("{name}: {row}");
            };
            if utc.is_empty() {
                rows.push(Vec::new());
            } else {
                let point = (cases::time(utc) as f64, value.parse().unwrap());
                rows.last_mut().unwrap().push(point);
            }
        }
        let shape = |runs: &[Vec<(f64, f64)>]| runs.iter().map(Vec::len).collect::<Vec<_>>();
        assert_eq!(shape(&drawn), shape(&rows), "{name}");
        let (drawn, rows) = (drawn.concat(), rows.concat());
        // Both axes are straight, so two points tell where all others are; in
        // tenths of a pixel, which each point is rounded to.
        let scale = |drawn: &[f64], told: &[f64]| {
            let by = |a: &usize, b: &usize| told[*a].total_cmp(&told[*b]);
            let low = (0..told.len()).min_by(by).unwrap();
            let high = (0..told.len()).max_by(by).unwrap();
            let step = (drawn[high] - drawn[low]) / (told[high] - told[low]);
            for (drawn_at, told_at) in drawn.iter().zip(told) {
                let expected = drawn[low] + (told_at - told[low]) * step;
                assert!(
                    (drawn_at - expected).abs() <= 2.0,
                    "{name}: {drawn_at} {expected}"
                );
            }
        };
        let (x, y): (Vec<f64>, Vec<f64>) = drawn.into_iter().unzip();
        let (time, value): (Vec<f64>, Vec<f64>) = rows.into_iter().unzip();
        scale(&x, &time);
        scale(&y, &value);
    }
}

/// The points of a figure's line, run by run.
fn line(svg: &str) -> Vec<Vec<(f64, f64)>> {
    let blue = svg
        .split("<path ")
        .find(|path| path.contains("stroke=\"#0072b2\""))
        .unwrap();
    let path = blue
        .split(" d=\"")
        .nth(1)
        .unwrap()
        .split('"')
        .next()
        .unwrap();
    let runs = path.split('M').skip(1).map(|run| {
        let mut at = (0.0, 0.0);
        let mut points = Vec::new();
        for step in run.split('l') {
            let (x, y) = step.split_once(' ').unwrap();
            at = (
                at.0 + x.parse::<f64>().unwrap(),
                at.1 + y.parse::<f64>().unwrap(),
            );
            points.push(at);
        }
        // A lone point is drawn as a line of no length.
        if points.len() == 2 && points[0] == points[1] {
            points.pop();
        }
        points
    });
    runs.collect()
}

/// A point a row, at the window's own time, in local time and UTC.
#[test]
fn tables_hold_exactly_what_is_drawn() {
    let case = |name| {
        &cases()
            .iter()
            .find(|case| case.name == name)
            .unwrap()
            .figure
    };
    let half_day: Vec<&str> = case("sample-online-half-day").csv().lines().collect();
    assert_eq!(half_day[0], "time_local,time_utc,online_members");
    assert_eq!(half_day.len(), 1 + 78);
    assert_eq!(
        half_day[1],
        "2026-04-04T17:00:02.335-04:00,2026-04-04T21:00:02.335+00:00,73"
    );
    let members = case("sample-members").csv();
    assert_eq!(members.lines().count(), 1 + 25 + 1);
    assert!(
        members
            .lines()
            .last()
            .unwrap()
            .starts_with(",others (241 members),103250,")
    );
    assert!(
        case("hostile-names").csv().contains(",\"\"\"><svg onload"),
        "quotes are doubled"
    );
}
