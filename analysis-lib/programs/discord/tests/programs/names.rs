//! The program `names`, which asks Discord, against a stand-in.

use std::collections::BTreeMap;
use std::io::Write;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::stand_in::{Discord, GUILD, Server, TOKEN, member, user};

/// What the program said and did.
struct Run {
    names: BTreeMap<u64, (Option<String>, bool)>,
    said: String,
    ok: bool,
    took: Duration,
}

impl Run {
    /// The message it failed with.
    fn error(&self) -> &str {
        assert!(!self.ok, "the program did not fail: {}", self.said);
        let message = self.said.split("error: ").nth(1);
        message.expect("the program says why it fails").trim_end()
    }

    fn name(&self, id: u64) -> Option<&str> {
        self.names[&id].0.as_deref()
    }
}

/// Asks for these ids; those in `known` have a name that is known.
fn ask_with(server: &str, token: &str, guild: u64, ids: &[u64], known: &[u64]) -> Run {
    let mut input = String::new();
    for id in ids {
        let known = if known.contains(id) { " known" } else { "" };
        input += &format!("{id}{known}\n");
    }
    run(server, token, guild, &input)
}

/// Asks with these lines.
fn run(server: &str, token: &str, guild: u64, input: &str) -> Run {
    let begin = Instant::now();
    let mut child = Command::new(env!("CARGO_BIN_EXE_names"))
        .env("DISCORD_TOKEN", token)
        .env("DISCORD_GUILD_ID", guild.to_string())
        .env("DISCORD_PROXY", server)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // Open until the program has ended, as the library keeps it.
    let mut stdin = child.stdin.take().unwrap();
    writeln!(stdin, "{input}").unwrap();
    let output = child.wait_with_output().unwrap();
    drop(stdin);
    let said = String::from_utf8(output.stderr).unwrap();
    let answers = String::from_utf8(output.stdout).unwrap();
    for text in [&said, &answers] {
        assert!(!text.contains(token), "the token is in the output: {text}");
        assert!(
            !text.contains("secret"),
            "a part of the token is in the output: {text}"
        );
        assert!(!text.contains("panicked"), "{text}");
    }
    let names = answers.lines().map(|line| {
        let line: Value = serde_json::from_str(line).unwrap();
        let id = line["id"].as_str().unwrap().parse().unwrap();
        let names = ["name", "nick", "global_name", "username"].map(|name| line[name].as_str());
        let mut names = names.into_iter().flatten();
        let name = names.find(|name| !name.trim().is_empty());
        (id, (name.map(str::to_owned), line["bot"] == true))
    });
    Run {
        names: names.collect(),
        said,
        ok: output.status.success(),
        took: begin.elapsed(),
    }
}

fn ask(server: &Server, ids: &[u64]) -> Run {
    ask_with(&server.address.to_string(), TOKEN, GUILD, ids, &[])
}

#[test]
fn all_names_of_a_member_are_told() {
    let mut discord = Discord::default();
    discord
        .members
        .insert(1, member(user(1, "ann", Some("Ann")), Some("Annie")));
    discord
        .members
        .insert(2, member(user(2, "ben", Some("Ben")), None));
    discord
        .members
        .insert(3, member(user(3, "cleo", None), None));
    discord
        .members
        .insert(4, member(user(4, "dan", Some("")), Some(" ")));
    let run = ask(&Server::start(discord), &[1, 2, 3, 4]);
    assert!(run.ok, "{}", run.said);
    assert_eq!(run.name(1), Some("Annie"));
    assert_eq!(run.name(2), Some("Ben"));
    assert_eq!(run.name(3), Some("cleo"));
    assert_eq!(run.name(4), Some("dan"));
}

#[test]
fn bots_are_told() {
    let mut discord = Discord::default();
    let mut bot = user(1, "dice", None);
    bot["bot"] = json!(true);
    discord.members.insert(1, member(bot, None));
    discord.add(2, "ann");
    let run = ask(&Server::start(discord), &[1, 2]);
    assert_eq!(run.names[&1], (Some("dice".to_owned()), true));
    assert_eq!(run.names[&2], (Some("ann".to_owned()), false));
}

#[test]
fn channels_are_told_with_one_request_and_none_that_was_not_asked_for() {
    let mut discord = Discord::default();
    discord
        .channels
        .extend([(7, "general"), (8, "<b>\"É🎉"), (9, "staff")]);
    discord.add(1, "ann");
    let server = Server::start(discord);
    let address = server.address.to_string();
    let told = run(
        &address,
        TOKEN,
        GUILD,
        "8 channel\n1\n7 channel\n6 channel\n",
    );
    assert!(told.ok, "{}", told.said);
    let asking = "Asking Discord about 1 members and 3 channels …";
    assert!(told.said.contains(asking), "{}", told.said);
    assert_eq!(
        [7, 8, 1].map(|id| told.name(id)),
        [Some("general"), Some("<b>\"É🎉"), Some("ann")]
    );
    assert_eq!((told.name(6), told.names.len()), (None, 4));
    let routes = server.discord.lock().unwrap().routes();
    assert_eq!(routes["guilds/…/channels"], 1);

    // The bot isn't in that server.
    let refused = run(&address, TOKEN, GUILD + 1, "8 channel\n");
    assert!(
        refused.error().contains("correct DISCORD_GUILD_ID"),
        "{}",
        refused.said
    );
}

#[test]
fn names_arrive_as_strangers_chose_them() {
    let long = "é".repeat(10_000);
    let names = [
        "<b>\"É🎉",
        "tab\tand\nline\u{0}end\u{202e}",
        "\u{2028}\\\"",
        &long,
    ];
    let mut discord = Discord::default();
    for (id, name) in (1..).zip(names) {
        discord.add(id, name);
    }
    let run = ask(&Server::start(discord), &[1, 2, 3, 4]);
    for (id, name) in (1..).zip(names) {
        assert_eq!(run.name(id), Some(name));
    }
}

#[test]
fn a_thousand_ids_take_few_requests() {
    let mut discord = Discord::default();
    let ids: Vec<u64> = (0..1000)
        .map(|i| 200_000_000_000_000_000 + i * 977)
        .collect();
    for &id in &ids {
        discord.add(id, &format!("user{id}"));
    }
    discord.limit = (10, Duration::from_secs(10));
    let server = Server::start(discord);
    let run = ask(&server, &ids);
    let discord = server.discord.lock().unwrap();
    println!(
        "1,000 ids in the list: {:?}, {} above the limit, {:.2?}",
        discord.routes(),
        discord.above_limit,
        run.took
    );
    assert!(run.ok, "{}", run.said);
    assert!(
        ids.iter()
            .all(|&id| run.name(id) == Some(&format!("user{id}")))
    );
    assert_eq!(discord.requests.len(), 1);
    assert_eq!(discord.above_limit, 0);
}

/// Pages begin at the ids that are asked for, so a large server costs no more
/// requests than there are ids.
#[test]
fn a_large_server_is_not_read_from_end_to_end() {
    let mut discord = Discord::default();
    for id in 1..=20_000 {
        discord.add(id * 10, &format!("user{id}"));
    }
    let server = Server::start(discord);
    let run = ask(&server, &[50, 100_000, 100_010, 150_005, 200_000]);
    assert!(run.ok, "{}", run.said);
    assert_eq!(run.name(50), Some("user5"));
    assert_eq!(run.name(100_010), Some("user10001"));
    assert_eq!(run.name(150_005), None);
    assert_eq!(run.name(200_000), Some("user20000"));
    // Four pages, and the user who is on none of them.
    let routes = server.discord.lock().unwrap().routes();
    assert_eq!(
        routes,
        BTreeMap::from([
            ("guilds/…/members".to_owned(), 4),
            ("users/…".to_owned(), 1)
        ])
    );
}

#[test]
fn without_the_list_members_are_asked_one_by_one_below_the_limit() {
    let mut discord = Discord::default();
    let ids: Vec<u64> = (1..=1000).map(|i| i * 1_000_003).collect();
    for &id in &ids {
        discord.add(id, &format!("user{id}"));
    }
    discord.may_list = false;
    discord.limit = (50, Duration::from_millis(500));
    let server = Server::start(discord);
    let run = ask(&server, &ids);
    let discord = server.discord.lock().unwrap();
    println!(
        "1,000 ids one by one: {:?}, {} above the limit of 50 in 0.5 s, {:.2?}",
        discord.routes(),
        discord.above_limit,
        run.took
    );
    assert!(run.ok, "{}", run.said);
    assert!(run.said.contains("Server Members Intent"), "{}", run.said);
    assert_eq!(run.names.len(), 1000);
    assert_eq!(discord.requests.len(), 1001);
    assert_eq!(discord.above_limit, 0);
    assert!(
        run.took >= Duration::from_millis(9_000),
        "19 waits of half a second: {:?}",
        run.took
    );
}

#[test]
fn who_has_left_is_asked_for_as_a_user_unless_a_name_is_known() {
    let mut discord = Discord::default();
    discord.add(1, "here");
    discord.users.insert(2, user(2, "left", Some("Left")));
    discord.users.insert(3, user(3, "known", None));
    for may_list in [true, false] {
        let server = Server::start(Discord {
            members: discord.members.clone(),
            users: discord.users.clone(),
            may_list,
            ..Discord::default()
        });
        let run = ask_with(
            &server.address.to_string(),
            TOKEN,
            GUILD,
            &[0, 1, 2, 3, 4],
            &[3],
        );
        assert!(run.ok, "{}", run.said);
        assert_eq!(run.name(1), Some("here"));
        assert_eq!(run.name(2), Some("Left"));
        assert_eq!(run.name(3), None);
        assert_eq!(run.name(4), None);
        assert_eq!(run.name(0), None);
        let discord = server.discord.lock().unwrap();
        assert_eq!(discord.routes()["users/…"], 2, "{:?}", discord.requests);
    }
}

#[test]
fn a_limit_that_is_hit_is_waited_for() {
    let wait = |scope: &str, global: bool| {
        let mut headers = vec![
            ("Retry-After", "1".to_owned()),
            ("X-RateLimit-Scope", scope.to_owned()),
        ];
        if global {
            headers.push(("X-RateLimit-Global", "true".to_owned()));
        } else {
            headers.push(("X-RateLimit-Limit", "10".to_owned()));
            headers.push(("X-RateLimit-Remaining", "0".to_owned()));
            headers.push(("X-RateLimit-Reset", "1700000000.5".to_owned()));
            headers.push(("X-RateLimit-Reset-After", "1.0".to_owned()));
            headers.push(("X-RateLimit-Bucket", "abcd".to_owned()));
        }
        let body =
            json!({"message": "You are being rate limited.", "retry_after": 1.0, "global": global});
        (429, headers, body.to_string())
    };
    for (scope, global) in [("user", false), ("shared", false), ("global", true)] {
        let mut discord = Discord::default();
        discord.add(1, "ann");
        discord.first.push_back(wait(scope, global));
        let server = Server::start(discord);
        let run = ask(&server, &[1]);
        assert!(run.ok, "{scope}: {}", run.said);
        assert_eq!(run.name(1), Some("ann"));
        let requests = &server.discord.lock().unwrap().requests;
        assert_eq!(requests.len(), 2, "{scope}");
        let waited = requests[1].0 - requests[0].0;
        assert!(waited >= Duration::from_secs(1), "{scope}: {waited:?}");
    }
}

#[test]
fn a_limit_without_end_is_an_error() {
    let mut discord = Discord::default();
    let body =
        json!({"message": "You are being rate limited.", "retry_after": 0.05, "global": true});
    discord.always = Some((429, body.to_string()));
    let run = ask(&Server::start(discord), &[1]);
    assert!(
        run.error().starts_with(
            "Discord limits this bot's requests, and asks to wait 1 s; try again then"
        )
    );
    let mut discord = Discord::default();
    let body =
        json!({"message": "You are being rate limited.", "retry_after": 86_400, "global": true});
    discord.always = Some((429, body.to_string()));
    let run = ask(&Server::start(discord), &[1]);
    assert!(run.error().contains("asks to wait 86400 s"), "{}", run.said);
    assert!(run.took < Duration::from_secs(60));
}

#[test]
fn a_moment_of_trouble_is_passed_over() {
    let mut discord = Discord::default();
    discord.add(1, "ann");
    discord
        .first
        .push_back((502, Vec::new(), "<html>Bad Gateway</html>".to_owned()));
    discord.first.push_back((
        500,
        Vec::new(),
        r#"{"message":"500: Internal Server Error","code":0}"#.to_owned(),
    ));
    let run = ask(&Server::start(discord), &[1]);
    assert_eq!(run.name(1), Some("ann"));
}

#[test]
fn each_kind_of_failure_has_one_clear_message() {
    let json = format!(r#"{{"message":"{TOKEN}","code":0}}"#);
    let page = format!("<html>{TOKEN}");
    let trouble = |status| {
        format!(
            "Discord is in trouble (it answered {status}), 4 times; see https://discordstatus.com and try again later"
        )
    };
    let not_json = "Discord's answer isn't JSON, 4 times; something in between may answer in its place (a proxy, a login page), or Discord turns away too many requests; try again later";
    let odd = "Discord's answer is not what it documents; look for a new version of this project";
    let cases: [(u16, &str, &str); 10] = [
        (
            401,
            &json,
            "Discord doesn't accept DISCORD_TOKEN; copy the bot's token again into .env (Developer Portal > application > Bot > Reset Token)",
        ),
        (
            400,
            &json,
            "Discord refuses the request (it answered 400); look for a new version of this project",
        ),
        (500, &json, &trouble(500)),
        (503, "<html>", &trouble(503)),
        (200, &page, not_json),
        (200, "", not_json),
        (429, "error code: 1015", not_json),
        (200, "{}", odd),
        (200, "[7]", odd),
        (200, r#"[{"user":{"id":"x","username":"ann"}}]"#, odd),
    ];
    // At once, for each failure is tried four times.
    std::thread::scope(|scope| {
        for (status, body, message) in cases {
            scope.spawn(move || {
                // The answers' own text, which could hold anything, is never
                // repeated: `ask` looks for the token.
                let server = Server::start(Discord {
                    always: Some((status, body.to_owned())),
                    ..Discord::default()
                });
                assert_eq!(ask(&server, &[1]).error(), message, "{status} {body}");
            });
        }
    });
}

#[test]
fn a_wrong_server_and_a_missing_permission_are_named() {
    let message = |code| {
        format!(
            "Discord doesn't let this bot see the members of server {GUILD} (error {code}): correct DISCORD_GUILD_ID (Discord: Developer Mode, right-click the server, Copy Server ID), or invite the bot to that server"
        )
    };
    let server = Server::start(Discord {
        in_server: false,
        ..Discord::default()
    });
    let run = ask(&server, &[1]);
    assert_eq!(run.error(), message(50_001));
    // The members' list isn't what is wrong.
    assert!(!run.said.contains("Intent"), "{}", run.said);
    let server = Server::start(Discord::default());
    let address = server.address.to_string();
    let run = ask_with(&address, TOKEN, 7, &[1], &[]);
    assert_eq!(
        run.error(),
        message(10_004).replace(&GUILD.to_string(), "7")
    );
    let run = ask_with(&address, TOKEN, 0, &[1], &[]);
    assert_eq!(
        run.error(),
        "DISCORD_GUILD_ID is not a server's id; copy it with Discord's Copy Server ID"
    );
    let run = ask_with(&address, "wrong-secret", GUILD, &[1], &[]);
    assert!(
        run.error()
            .starts_with("Discord doesn't accept DISCORD_TOKEN")
    );
}

#[test]
fn no_network_is_said_soon() {
    // A port that nobody listens on any more.
    let address = std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let run = ask_with(&address.to_string(), TOKEN, GUILD, &[1], &[]);
    assert!(
        run.error()
            .starts_with("Discord can't be reached (Connection refused"),
        "{}",
        run.said
    );
    assert!(run.took < Duration::from_secs(60), "{:?}", run.took);
    let run = ask_with("no-such-host.invalid", TOKEN, GUILD, &[1], &[]);
    assert!(
        run.error().starts_with("Discord can't be reached ("),
        "{}",
        run.said
    );
}

/// In the body of the list, and in that of a refusal.
#[test]
fn an_answer_that_stalls_is_said_soon() {
    std::thread::scope(|scope| {
        for in_server in [true, false] {
            scope.spawn(move || {
                let mut discord = Discord::default();
                discord.add(1, "ann");
                discord.in_server = in_server;
                discord.stalls = true;
                let server = Server::start(discord);
                let run = ask(&server, &[1]);
                assert_eq!(
                    run.error(),
                    "Discord didn't answer within 10 seconds, 4 times; check the network and try again"
                );
                assert_eq!(server.discord.lock().unwrap().requests.len(), 4);
            });
        }
    });
}

/// Else a refusal would hide a member for a week.
#[test]
fn only_who_is_said_to_be_unknown_counts_as_that() {
    for (status, code) in [(403, 50_001), (404, 0), (404, 10_013)] {
        let discord = Discord {
            // The list, which is empty.
            good: 1,
            always: Some((status, json!({"message": "", "code": code}).to_string())),
            ..Discord::default()
        };
        let run = ask(&Server::start(discord), &[1]);
        if code == 10_013 {
            assert!(run.ok, "{}", run.said);
            assert_eq!(run.name(1), None);
        } else {
            assert_eq!(
                run.error(),
                format!("Discord doesn't say who user 1 is (error {code}); try again later")
            );
            assert!(run.names.is_empty());
        }
    }
}

#[test]
fn a_long_run_says_how_far_it_is_and_what_is_left() {
    let mut discord = Discord::default();
    let ids: Vec<u64> = (1..=30).collect();
    for &id in &ids {
        discord.add(id, &format!("user{id}"));
    }
    discord.may_list = false;
    // Two waits for the limit.
    discord.limit = (10, Duration::from_millis(1100));
    let run = ask(&Server::start(discord), &ids);
    assert!(run.ok, "{}", run.said);
    let said = run
        .said
        .lines()
        .find(|line| line.contains(" of 30 members, about "));
    assert!(
        said.is_some_and(|line| line.ends_with(" s left")),
        "{}",
        run.said
    );
}

#[test]
fn names_so_far_are_given_before_the_error() {
    let mut discord = Discord::default();
    discord.add(1, "ann");
    discord.add(2, "ben");
    discord.may_list = false;
    // The list and two members.
    discord.good = 3;
    discord.always = Some((401, r#"{"message":"","code":0}"#.to_owned()));
    let server = Server::start(discord);
    let ids: Vec<u64> = (1..100).collect();
    let run = ask(&server, &ids);
    assert!(
        run.error().starts_with("Discord doesn't accept"),
        "{}",
        run.said
    );
    assert_eq!(run.name(1), Some("ann"));
    assert_eq!(run.name(2), Some("ben"));
    assert_eq!(run.names.len(), 2);
}

#[test]
fn the_program_ends_with_its_input() {
    let server = Server::start(Discord {
        silent: true,
        ..Discord::default()
    });
    let mut child = Command::new(env!("CARGO_BIN_EXE_names"))
        .env("DISCORD_TOKEN", TOKEN)
        .env("DISCORD_GUILD_ID", GUILD.to_string())
        .env("DISCORD_PROXY", server.address.to_string())
        .stdin(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    stdin.write_all(b"1\n\n").unwrap();
    std::thread::sleep(Duration::from_millis(300));
    assert!(
        child.try_wait().unwrap().is_none(),
        "it waits for an answer"
    );
    drop(stdin);
    let begin = Instant::now();
    assert!(!child.wait().unwrap().success());
    // An answer is waited for ten seconds.
    assert!(begin.elapsed() < Duration::from_secs(8));
}
