//! The file `events.csv` beside a notebook. One test alone, since it changes the
//! folder that the process works in.

use analysis_lib::{Activity, plot, table};

#[test]
fn events_beside_the_notebook_are_in_figures_and_the_sample_knows_none_of_them() {
    let folder = std::env::temp_dir().join(format!("events-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    std::env::set_current_dir(&folder).unwrap();
    std::fs::write(
        "events.csv",
        "date,label\n2026-03-02 11:00Z,Wrong\n2026-03-02T11:00:00Z,Tea <party>\n",
    )
    .unwrap();
    let hour = |hour: u32| {
        format!(
            "{{\"time\":{{\"$date\":\"2026-03-02T{hour:02}:00:00Z\"}},\"online-members\":4,\"messages-sent\":{hour},\"quantities\":{{}}}}\n"
        )
    };
    std::fs::write("hours.json", (1..24).map(hour).collect::<String>()).unwrap();
    let activity = Activity::open("hours.json").unwrap();
    let labels: Vec<&str> = activity
        .events()
        .iter()
        .map(|own| own.label.as_str())
        .collect();
    assert_eq!(labels, ["Tea <party>"]);
    for figure in [
        plot::message_volume(&activity),
        plot::online_members(&activity),
    ] {
        // Once above the chart, and once in a tooltip.
        assert_eq!(figure.svg().matches(">Tea &lt;party&gt;<").count(), 2);
        assert!(figure.svg().contains("Event: Tea &lt;party&gt; ("));
    }
    assert!(
        table::effects(&activity)
            .says()
            .starts_with("To tell an effect")
    );
    // Whatever becomes of the activity, its events stay, and other figures have none.
    let part = activity.last_hours(3).in_timezone("Asia/Baghdad").unwrap();
    assert_eq!(part.events(), activity.events());
    assert!(!plot::message_volume(&part).svg().contains("Tea"));
    let sample = Activity::sample().unwrap();
    assert!(sample.events().iter().all(|own| own.label != "Tea <party>"));
    std::env::set_current_dir("/").unwrap();
    std::fs::remove_dir_all(folder).unwrap();
}
