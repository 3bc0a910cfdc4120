//! `post()` as a cell calls it, with the programs behind it.

use std::process::Command;

use serde_json::json;

use crate::webhook::{ID, Server, TOKEN, parsed};

#[test]
fn a_cell_posts_a_figure_as_a_picture_and_a_table_as_text() {
    let folder = std::env::temp_dir().join(format!("post-cell-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let window = json!({
        "time": {"$date": "2026-11-23T22:00:00Z"}, "online-members": 9, "messages-sent": 180,
        "quantities": {"1": 90, "2": 60, "3": 30},
    });
    std::fs::write(folder.join("activity.json"), window.to_string()).unwrap();
    let names = json!({"1": "Ann", "2": "**Ben** `@here`", "3": "Cy"});
    std::fs::write(folder.join("names.json"), names.to_string()).unwrap();
    let server = Server::start([]);
    let example = std::env::current_exe().unwrap();
    let example = example.ancestors().nth(2).unwrap().join("examples/post");
    let output = Command::new(example)
        .arg("activity.json")
        .current_dir(&folder)
        .env(
            "DISCORD_WEBHOOK",
            format!("https://discord.com/api/webhooks/{ID}/{TOKEN}"),
        )
        .env("DISCORD_PROXY", &server.address)
        .env("ACTIVITY_SNAPSHOT", folder.join("last.activity"))
        .env("HIDDEN_MEMBERS", "3")
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
    std::fs::remove_dir_all(&folder).unwrap();
    assert!(output.status.success(), "{said}");
    assert!(!said.contains(TOKEN), "{said}");
    let taken = server.taken();
    assert_eq!(taken.len(), 2, "{said}");
    let figure = parsed(&taken[0]);
    assert_eq!(
        (&figure["format"], &figure["type"]),
        (&json!("PNG"), &json!("image/png"))
    );
    let table = parsed(&taken[1]);
    assert_eq!(table["names"], json!(["payload_json"]));
    let text = table["payload"]["content"].as_str().unwrap();
    assert!(
        text.starts_with("**") && text.contains("\n```\n") && text.contains("Ann"),
        "{text}"
    );
    // A block of code shows stars as they are, and no name ends it or mentions anybody.
    assert!(text.contains("**Ben** `\u{200b}@here`\u{200b}"), "{text}");
    assert_eq!(table["payload"]["allowed_mentions"], json!({"parse": []}));
    for form in [figure, table] {
        assert!(!form["payload"].to_string().contains("Cy"), "{form}");
    }
}
