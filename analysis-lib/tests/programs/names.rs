//! `Names::load` and `refresh_names` as a cell calls them, beside a notebook's
//! files, with the programs behind them.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use crate::stand_in::{Discord, GUILD, Server, TOKEN, member, user};

/// The pickle that Python writes for `{2: "Ben", 5: "Ed"}` in protocol 0.
const PICKLE: &[u8] = b"(dp0\nI2\nVBen\np1\nsI5\nVEd\np2\ns.";

/// A notebook's folder, with members 1 to 6, who sent 60, 50, … messages.
struct Notebook {
    folder: PathBuf,
    settings: Vec<(&'static str, String)>,
}

impl Notebook {
    fn new(name: &str) -> Self {
        let folder = format!("notebook-{name}-{}", std::process::id());
        let folder = std::env::temp_dir().join(folder);
        std::fs::create_dir(&folder).unwrap();
        // An empty one, so that none above is found.
        std::fs::write(folder.join(".env"), "").unwrap();
        let window = json!({
            "time": {"$date": "2026-11-23T22:00:00Z"}, "online-members": 9, "messages-sent": 210,
            "quantities": {"1": 60, "2": 50, "3": 40, "4": 30, "5": 20, "6": 10},
        });
        std::fs::write(folder.join("activity.json"), window.to_string()).unwrap();
        Self {
            folder,
            settings: Vec::new(),
        }
    }

    fn set(&mut self, name: &'static str, value: impl ToString) {
        self.settings.retain(|(set, _)| *set != name);
        self.settings.push((name, value.to_string()));
    }

    /// With a stand-in for Discord.
    fn ask(&mut self, server: &Server) {
        self.set("DISCORD_TOKEN", TOKEN);
        self.set("DISCORD_GUILD_ID", GUILD);
        self.set("DISCORD_PROXY", server.address);
    }

    fn write(&self, file: &str, text: impl AsRef<[u8]>) {
        std::fs::write(self.folder.join(file), text).unwrap();
    }

    fn names_json(&self) -> Value {
        let text = std::fs::read(self.folder.join("names.json")).unwrap();
        serde_json::from_slice(&text).unwrap()
    }

    /// What a cell that loads or refreshes names prints, and what it comes to:
    /// the members as they are shown, or the error.
    fn run(&self, call: &str) -> (String, String) {
        let output = self.command(call).output().unwrap();
        let printed = String::from_utf8(output.stdout).unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(
            !printed.contains("secret") && !said.contains("secret"),
            "the token is in the output: {printed}{said}"
        );
        if output.status.success() {
            let (printed, shown) = printed.split_once("\n\n").expect("an empty line between");
            return (format!("{printed}\n"), shown.trim_end().to_owned());
        }
        let error = said
            .strip_prefix("Error: ")
            .expect("it fails with an error");
        (printed, error.trim_end().to_owned())
    }

    fn command(&self, call: &str) -> Command {
        let tests = std::env::current_exe().unwrap();
        let members = tests.ancestors().nth(2).unwrap().join("examples/members");
        let mut command = Command::new(members);
        command.args(["activity.json", call]);
        for name in [
            "NAMES_FILE",
            "HIDDEN_MEMBERS",
            "HIDE_BOTS",
            "DISCORD_TOKEN",
            "DISCORD_GUILD_ID",
            "DISCORD_PROXY",
        ] {
            command.env_remove(name);
        }
        command.current_dir(&self.folder);
        command.envs(self.settings.iter().map(|(name, value)| (name, value)));
        command
    }
}

impl Drop for Notebook {
    fn drop(&mut self) {
        std::fs::remove_dir_all(&self.folder).unwrap();
    }
}

#[test]
fn without_a_file_members_are_shown_by_the_end_of_their_ids() {
    let notebook = Notebook::new("none");
    let (printed, shown) = notebook.run("load");
    assert!(printed.contains("Names: 0 of 6 members, for there is no file names or names.json\n  For names, ask Discord with `let names = refresh_names(&activity)?;`, or set NAMES_FILE to a file of names."), "{printed}");
    assert!(
        shown.starts_with("unknown …0001: 60\nunknown …0002: 50\n"),
        "{shown}"
    );
}

#[test]
fn names_json_wins_over_the_pickle() {
    let notebook = Notebook::new("both");
    notebook.write("names", PICKLE);
    let (printed, shown) = notebook.run("load");
    assert!(
        printed.contains("Names: 2 of 6 members, from names\n"),
        "{printed}"
    );
    assert!(
        shown.contains("\nBen: 50\n") && shown.contains("\nEd: 20\n"),
        "{shown}"
    );

    notebook.write(
        "names.json",
        r#"{"1": "Ann", "2": "Benny", "3": "Ann", "4": "Dan", "6": "Flo"}"#,
    );
    let (printed, shown) = notebook.run("load");
    assert!(
        printed.contains("Names: 6 of 6 members, from names and names.json"),
        "{printed}"
    );
    assert!(!printed.contains("For the others"), "{printed}");
    assert_eq!(
        shown,
        "Ann …0001: 60\nBenny: 50\nAnn …0003: 40\nDan: 30\nEd: 20\nFlo: 10\nbots: 0 with 0"
    );
}

#[test]
fn names_file_says_which() {
    let mut notebook = Notebook::new("file");
    notebook.write("names.json", r#"{"1": "Ann"}"#);
    notebook.write("others.json", r#"{"1": "Other"}"#);
    notebook.write("pickled", PICKLE);
    notebook.set("NAMES_FILE", "others.json");
    let (printed, shown) = notebook.run("load");
    assert!(
        printed.contains("Names: 1 of 6 members, from others.json"),
        "{printed}"
    );
    assert!(shown.starts_with("Other: 60\n"), "{shown}");
    notebook.set("NAMES_FILE", "pickled");
    let (printed, shown) = notebook.run("load");
    assert!(
        printed.contains("Names: 3 of 6 members, from pickled and names.json"),
        "{printed}"
    );
    assert!(shown.starts_with("Ann: 60\nBen: 50\n"), "{shown}");
    for missing in ["missing", "missing.json"] {
        notebook.set("NAMES_FILE", missing);
        let (_, error) = notebook.run("load");
        let folder = notebook.folder.canonicalize().unwrap();
        assert_eq!(
            error,
            format!(
                "NAMES_FILE={missing} is not there (the working directory is {}); correct it in .env, or take it out",
                folder.display()
            )
        );
    }
}

#[test]
fn a_names_file_that_is_none_is_one_clear_error() {
    let notebook = Notebook::new("broken");
    let cases: [(&[u8], &str); 3] = [
        (b"cos\nsystem\n(S'touch executed'\ntR.", "it is not a dict"),
        (
            b"(dI1\ncos\nsystem\n(S'touch executed'\ntRs.",
            "1 has no name that is text",
        ),
        (&PICKLE[..PICKLE.len() - 1], "its pickle is cut short"),
    ];
    for (pickle, why) in cases {
        notebook.write("names", pickle);
        let (_, error) = notebook.run("load");
        assert_eq!(
            error,
            format!(
                "names file names isn't one: {why}. It must be JSON such as {{\"123456789012345678\": \"Ann\"}}, or Python's pickle of a plain dict, {{int(id): name for id, name in names.items()}}; correct it, take it away, or set NAMES_FILE to another"
            )
        );
    }
    assert!(!notebook.folder.join("executed").exists());
}

#[test]
fn an_entry_that_is_no_name_is_named_and_the_others_are_used() {
    let notebook = Notebook::new("left out");
    notebook.write(
        "names.json",
        r#"{"1": "Ann", "2": 7, "Cem": "3", "4": {"username": "dan"}}"#,
    );
    let (printed, shown) = notebook.run("load");
    assert!(
        printed.contains("2 of 4 entries of names file names.json can't be used: 2 has no name that is text; its key \"Cem\" is not a member's id\nNames: 2 of 6 members, from names.json"),
        "{printed}"
    );
    assert!(shown.starts_with("Ann: 60\nunknown …0002: 50\n"), "{shown}");
    assert!(shown.contains("\ndan: 30\n"), "{shown}");
}

#[test]
fn a_name_that_can_be_seen_wins_over_one_that_cannot() {
    let mut discord = Discord::default();
    let names = [
        (user(1, "ann", Some("Ann")), Some("Annie"), "Annie"),
        (user(2, "ben", Some("Ben")), None, "Ben"),
        (user(3, "cleo", None), None, "cleo"),
        (user(4, "dan", Some("")), Some(" "), "dan"),
        (user(5, "eva", Some("Eva")), Some("\u{200b}\u{3164}"), "Eva"),
        (
            user(6, "flo", Some("\u{2800}\u{301}")),
            Some("\u{e0041}"),
            "flo",
        ),
    ];
    for (id, (user, nickname, _)) in (1..).zip(names.clone()) {
        discord.members.insert(id, member(user, nickname));
    }
    let server = Server::start(discord);
    let mut notebook = Notebook::new("seen");
    notebook.ask(&server);
    let (_, shown) = notebook.run("refresh");
    for (line, (_, _, name)) in shown.lines().zip(names) {
        assert!(line.starts_with(&format!("{name}: ")), "{shown}");
    }
}

#[test]
fn channels_are_asked_for_with_members_and_kept_beside_them() {
    let mut discord = Discord::default();
    discord
        .channels
        .extend([(21, "general"), (23, "ann"), (24, "staff")]);
    discord.add(1, "ann");
    let server = Server::start(discord);
    let mut notebook = Notebook::new("channels");
    notebook.ask(&server);
    let window = json!({
        "time": {"$date": "2026-11-23T22:00:00Z"}, "online-members": 9, "messages-sent": 9,
        "quantities": {"1": 9}, "channels": {"21": 4, "22": 3, "23": 2},
    });
    notebook.write("activity.json", window.to_string());

    let (printed, shown) = notebook.run("load");
    assert!(
        printed.contains("Names: 0 of 1 members and 0 of 3 channels, for"),
        "{printed}"
    );
    assert!(
        shown.contains("\n#…0021: 4\n#…0022: 3\n#…0023: 2\n"),
        "{shown}"
    );

    let (printed, shown) = notebook.run("refresh");
    assert!(
        printed.contains("Names: 1 of 1 members and 2 of 3 channels, from names.json"),
        "{printed}"
    );
    // A member has the third channel's name.
    assert_eq!(
        shown,
        "ann …0001: 9\n#general: 4\n#…0022: 3\n#ann …0023: 2\nbots: 0 with 0"
    );
    let kept = notebook.names_json();
    assert_eq!(kept["21"]["name"], "general");
    assert_eq!(kept["22"]["name"], Value::Null);
    assert_eq!(kept.as_object().unwrap().len(), 4);
    let requests = server.discord.lock().unwrap().requests.len();

    // All are fresh now; and names by hand stand beside each other, too.
    assert_eq!(notebook.run("refresh").1, shown);
    assert_eq!(server.discord.lock().unwrap().requests.len(), requests);
    notebook.write(
        "names.json",
        r##"{"1": "Ann", "21": "#talk", "22": "art"}"##,
    );
    let (printed, shown) = notebook.run("load");
    assert!(!printed.contains("None of these"), "{printed}");
    assert_eq!(
        shown,
        "Ann: 9\n#talk: 4\n#art: 3\n#…0023: 2\nbots: 0 with 0"
    );
}

#[test]
fn names_are_asked_for_once_and_kept() {
    let mut discord = Discord::default();
    discord.add(1, "ann");
    let mut dice = user(3, "dice", None);
    dice["bot"] = json!(true);
    discord.members.insert(3, member(dice, None));
    discord.users.insert(4, user(4, "dan", Some("Dan")));
    let server = Server::start(discord);
    let mut notebook = Notebook::new("asked");
    notebook.ask(&server);
    notebook.write("names", PICKLE);

    let (printed, shown) = notebook.run("refresh");
    assert!(
        printed.contains("Asking Discord about 6 members …"),
        "{printed}"
    );
    assert!(
        printed.contains("Names: 5 of 6 members, from names and names.json"),
        "{printed}"
    );
    // 2 and 5 left, and keep their last names; 6 was never known.
    assert_eq!(
        shown,
        "ann: 60\nBen: 50\ndice: 40\nDan: 30\nEd: 20\nunknown …0006: 10\nbots: 0 with 0"
    );
    let kept = notebook.names_json();
    assert_eq!(kept["1"]["name"], "ann");
    assert_eq!(kept["3"]["bot"], true);
    assert_eq!(kept["6"]["name"], Value::Null);
    assert_eq!(server.discord.lock().unwrap().requests.len(), 3);

    // All are fresh now.
    let (printed, again) = notebook.run("refresh");
    assert!(
        printed.contains("Discord was asked about every member within the last 7 days."),
        "{printed}"
    );
    assert_eq!(again, shown);
    assert_eq!(server.discord.lock().unwrap().requests.len(), 3);

    // A name that isn't is asked for again, and one that Discord doesn't know
    // any more stays.
    notebook.write("names.json", r#"{"1": {"name": "Annie", "asked": "2020-01-01T00:00:00Z"}, "5": {"name": "Eddy", "asked": "soon"}}"#);
    let (_, shown) = notebook.run("refresh");
    assert!(
        shown.starts_with("ann: 60\n") && shown.contains("\nEddy: 20\n"),
        "{shown}"
    );

    notebook.set("HIDE_BOTS", "yes");
    notebook.set("HIDDEN_MEMBERS", "2, 5");
    let (printed, shown) = notebook.run("load");
    assert!(printed.contains("; 2 hidden"), "{printed}");
    assert_eq!(
        shown,
        "hidden (2 members): 70\nann: 60\nDan: 30\nunknown …0006: 10\nbots: 1 with 40"
    );
}

#[test]
fn hidden_members_are_not_asked_for() {
    let server = Server::start(Discord {
        may_list: false,
        ..Discord::default()
    });
    let mut notebook = Notebook::new("hidden");
    notebook.ask(&server);
    notebook.set("HIDDEN_MEMBERS", "1,2,3,4,5");
    notebook.run("refresh");
    let discord = server.discord.lock().unwrap();
    let routes = ["guilds/…/members", "guilds/…/members/…", "users/…"];
    assert_eq!(
        discord.routes(),
        routes.map(|route| (route.to_owned(), 1)).into()
    );
    let single = discord.requests.iter().skip(1);
    assert!(
        single
            .map(|(_, path)| path)
            .all(|path| path.ends_with("/6"))
    );
}

#[test]
fn a_failure_half_way_keeps_the_names_so_far() {
    let mut discord = Discord::default();
    for id in 1..=6 {
        discord.add(id, &format!("user{id}"));
    }
    discord.may_list = false;
    // The list and three members.
    discord.good = 4;
    let body = format!(r#"{{"message":"{TOKEN}","code":0}}"#);
    discord.always = Some((401, body));
    let server = Server::start(discord);
    let mut notebook = Notebook::new("half");
    notebook.ask(&server);
    notebook.set("NAMES_FILE", "mine.json");
    let (_, error) = notebook.run("refresh");
    let (message, kept) = error.split_once('\n').unwrap();
    assert!(
        message.starts_with("Discord doesn't accept DISCORD_TOKEN"),
        "{error}"
    );
    assert_eq!(kept, "The 3 names that Discord gave until then are kept.");
    let (_, shown) = notebook.run("load");
    assert!(
        shown.starts_with("user1: 60\nuser2: 50\nuser3: 40\nunknown …0004: 30\n"),
        "{shown}"
    );
    let text = std::fs::read_to_string(notebook.folder.join("mine.json")).unwrap();
    assert!(!text.contains("secret"), "{text}");
}

#[test]
fn settings_that_are_missing_or_wrong_are_named() {
    let mut notebook = Notebook::new("settings");
    let error = |notebook: &Notebook| notebook.run("refresh").1;
    assert!(
        error(&notebook)
            .starts_with("DISCORD_TOKEN is not set, and Discord tells names to a bot only")
    );
    notebook.set("DISCORD_TOKEN", "secret\u{e9}");
    assert_eq!(
        error(&notebook),
        "DISCORD_TOKEN holds characters that no token has; copy it again"
    );
    notebook.set("DISCORD_TOKEN", TOKEN);
    assert!(error(&notebook).starts_with("DISCORD_GUILD_ID is not set; turn on Developer Mode"));
    notebook.set("DISCORD_GUILD_ID", "my server");
    assert!(
        error(&notebook).starts_with("DISCORD_GUILD_ID=my server is not a server's id; turn on")
    );
    notebook.set("HIDE_BOTS", "perhaps");
    assert_eq!(error(&notebook), "HIDE_BOTS=perhaps is neither yes nor no");
    // A broken file is not written over.
    notebook.set("HIDE_BOTS", "no");
    notebook.write("names.json", "{");
    assert!(error(&notebook).starts_with("names file names.json isn't one: it is not JSON"));
    assert!(
        Path::new(&notebook.folder.join("names.json"))
            .metadata()
            .unwrap()
            .len()
            == 1
    );
}

/// Arguments are for all on the machine to see.
#[cfg(target_os = "linux")]
#[test]
fn the_token_is_in_no_argument() {
    let server = Server::start(Discord {
        silent: true,
        ..Discord::default()
    });
    let mut notebook = Notebook::new("arguments");
    notebook.ask(&server);
    let mut cell = notebook
        .command("refresh")
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let of = |id: u32, what: &str| {
        let text = std::fs::read(format!("/proc/{id}/{what}")).unwrap_or_default();
        String::from_utf8_lossy(&text).into_owned()
    };
    // Until Discord's answer is waited for; first Cargo may build the program.
    let mut arguments = BTreeSet::new();
    let names = loop {
        assert!(cell.try_wait().unwrap().is_none(), "it waits for an answer");
        let programs = crate::support::descendants(cell.id());
        arguments.extend(programs.iter().map(|&id| of(id, "cmdline")));
        let names = programs.iter().find(|&&id| of(id, "comm") == "names\n");
        if let Some(&id) = names
            && of(id, "environ").contains(TOKEN)
        {
            break id;
        }
        std::thread::sleep(std::time::Duration::from_millis(10));
    };
    arguments.insert(of(names, "cmdline"));
    cell.kill().unwrap();
    cell.wait().unwrap();
    let has = |text: &str| arguments.iter().any(|one| one.contains(text));
    assert!(has("release/names"), "{arguments:?}");
    assert!(!has("secret"), "{arguments:?}");
}
