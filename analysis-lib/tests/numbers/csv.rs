//! Members as CSV, read by pandas, and what a spreadsheet would make of it.

use std::process::Command;

use analysis_lib::{Activity, Names, plot};

#[test]
fn ids_and_names_come_back_whole() {
    let python = std::env::var("REFERENCE_PYTHON")
        .expect("pandas reads the CSV, and REFERENCE_PYTHON is not set; run `make test`");
    let folder = std::env::temp_dir().join(format!("names-csv-{}", std::process::id()));
    std::fs::create_dir(&folder).unwrap();
    let members = [
        (123_456_789_012_345_678, "=1+1"),
        (223_456_789_012_345_679, "＝1＋1"),
        (323_456_789_012_345_671, "＠SUM(A1)"),
        (7, "1e5"),
        (9_223_372_036_854_775_807, "a, \"b\"; c"),
        (42, "'quoted'"),
    ];
    let sent: Vec<String> = members
        .iter()
        .map(|(id, _)| format!("\"{id}\": 9"))
        .collect();
    let window = format!(
        r#"{{"time": {{"$date": "2026-11-23T22:00:00Z"}}, "online-members": 9, "messages-sent": 54, "quantities": {{{}}}}}"#,
        sent.join(", ")
    );
    std::fs::write(folder.join("activity.json"), window).unwrap();
    let activity = Activity::open(folder.join("activity.json")).unwrap();
    let names = Names::from_iter(members.map(|(id, name)| (id, name.to_owned())));
    let csv = plot::messages_by_member(&activity, &names).csv().to_owned();
    std::fs::write(folder.join("members.csv"), &csv).unwrap();
    let script = "import pandas, sys\ntable = pandas.read_csv(sys.argv[1])\nfor id, name in zip(table.member_id.str.lstrip(\"'\"), table.name): print(id, name)";
    let output = Command::new(python)
        .args(["-c", script])
        .arg(folder.join("members.csv"))
        .output()
        .unwrap();
    std::fs::remove_dir_all(&folder).unwrap();
    let read = String::from_utf8(output.stdout).unwrap();
    for (id, name) in members {
        // A spreadsheet takes for numbers and formulas what begins like one.
        let shown = if name.starts_with(['\'', 'a']) {
            name.to_owned()
        } else {
            format!("'{name}")
        };
        assert!(
            read.lines().any(|line| line == format!("{id} {shown}")),
            "{id}: {read}{csv}"
        );
    }
    for field in csv
        .lines()
        .skip(1)
        .filter_map(|line| line.split(',').next())
    {
        assert!(
            field.starts_with("\"'") && field.parse::<f64>().is_err(),
            "{field}"
        );
    }
}
