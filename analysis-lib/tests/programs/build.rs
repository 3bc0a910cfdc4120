//! How the library builds and starts its programs, with shell scripts in the
//! place of Cargo and of the programs.

#![cfg(target_os = "linux")]

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant, SystemTime};

/// A notebook's folder, with scripts and a target folder in it.
struct Notebook(PathBuf);

impl Notebook {
    fn new(name: &str) -> Self {
        let folder = format!("program {name} {}", std::process::id());
        let folder = std::env::temp_dir().join(folder);
        std::fs::create_dir_all(folder.join("target/release")).unwrap();
        let notebook = Self(folder);
        // An empty one, so that none above is found.
        notebook.write(".env", "");
        notebook.write(
            "activity.json",
            r#"{"time": {"$date": "2026-11-23T22:00:00Z"}, "online-members": 9, "messages-sent": 60, "quantities": {"2": 60}}"#,
        );
        notebook
    }

    fn write(&self, file: &str, text: impl AsRef<[u8]>) {
        std::fs::write(self.0.join(file), text).unwrap();
    }

    fn read(&self, file: &str) -> String {
        std::fs::read_to_string(self.0.join(file)).unwrap_or_default()
    }

    /// A program that keeps its environment in `FILE.environment` and does this.
    fn script(&self, file: &str, commands: &str) {
        let name = file.rsplit('/').next().unwrap();
        let text = format!("#!/bin/sh\nenv > {name}.environment\n{commands}\n");
        self.write(file, text);
        let executable = Permissions::from_mode(0o755);
        std::fs::set_permissions(self.0.join(file), executable).unwrap();
    }

    /// A Cargo that says that it has built this program.
    fn cargo(&self, program: &str) {
        let path = self.0.join("target/release").join(program);
        let said = format!(
            r#"{{"target":{{"name":"{program}"}},"executable":"{}"}}"#,
            path.display()
        );
        self.script("cargo", &format!("echo once >> calls\necho '{said}'"));
    }

    /// Cargo's list of what the program was built from, last looked at then.
    fn inputs(&self, program: &str, time: SystemTime) {
        let source = concat!(env!("CARGO_MANIFEST_DIR"), "/data/src/lib.rs");
        let list = format!("target/release/{program}.d");
        self.write(
            &list,
            format!("{program}: {}\n", source.replace(' ', "\\ ")),
        );
        let list = std::fs::File::options()
            .append(true)
            .open(self.0.join(list));
        list.unwrap().set_modified(time).unwrap();
    }

    /// A cell that loads or refreshes names.
    fn command(&self, call: &str) -> Command {
        let tests = std::env::current_exe().unwrap();
        let mut command = Command::new(tests.ancestors().nth(2).unwrap().join("examples/members"));
        command
            .args(["activity.json", call])
            .current_dir(&self.0)
            .env("CARGO", self.0.join("cargo"))
            .env("CARGO_TARGET_DIR", self.0.join("target"))
            .env("DISCORD_TOKEN", "secret-token")
            .env("DISCORD_GUILD_ID", "7")
            .env("MONGOKEY", "mongodb://reader:secret-password@127.0.0.1:1")
            .env("TIMEZONE", "UTC")
            .env_remove("NAMES_FILE")
            .env_remove("HIDDEN_MEMBERS")
            .env_remove("HIDE_BOTS");
        command
    }

    fn run(&self, call: &str) -> Output {
        self.command(call).output().unwrap()
    }

    fn error(&self, call: &str) -> String {
        let output = self.run(call);
        assert!(!output.status.success());
        String::from_utf8(output.stderr).unwrap()
    }
}

impl Drop for Notebook {
    fn drop(&mut self) {
        std::fs::remove_dir_all(&self.0).unwrap();
    }
}

fn assert_succeeds(output: Output) {
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
}

#[test]
fn cargo_gets_no_secret_and_a_program_only_its_own() {
    let notebook = Notebook::new("own");
    notebook.cargo("names");
    notebook.script("target/release/names", "exit");
    assert_succeeds(notebook.run("refresh"));
    let cargo = notebook.read("cargo.environment");
    assert!(
        cargo.contains("TIMEZONE=UTC") && !cargo.contains("secret"),
        "{cargo}"
    );
    let names = notebook.read("names.environment");
    assert!(names.contains("DISCORD_TOKEN=secret-token"), "{names}");
    assert!(!names.contains("secret-password"), "{names}");
}

#[test]
fn cargo_is_asked_only_when_something_has_changed() {
    let notebook = Notebook::new("fresh");
    notebook.cargo("names");
    notebook.script("target/release/names", "exit");
    let calls = || notebook.read("calls").lines().count();

    // Built before the sources were changed: looked at once.
    notebook.inputs("names", SystemTime::UNIX_EPOCH);
    assert_succeeds(notebook.run("refresh"));
    assert_eq!(calls(), 1);
    assert_succeeds(notebook.run("refresh"));
    assert_eq!(calls(), 1);

    // What another copy of the project has built there isn't ours.
    notebook.write("target/release/names.d", "names: /etc/hostname\n");
    assert_succeeds(notebook.run("refresh"));
    assert_eq!(calls(), 2);
}

#[test]
fn a_build_that_nobody_waits_for_ends_within_two_seconds() {
    let notebook = Notebook::new("orphan");
    // As Cargo, which waits for a compiler.
    notebook.script(
        "cargo",
        "sleep 600 &\necho $$ $! > started\nmv started ids\nwait",
    );
    let mut cell = notebook
        .command("refresh")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let begin = Instant::now();
    while notebook.read("ids").is_empty() {
        assert!(
            begin.elapsed() < Duration::from_secs(60),
            "Cargo isn't started"
        );
        std::thread::sleep(Duration::from_millis(10));
    }
    let ids = notebook.read("ids");
    assert!(ids.split_whitespace().all(runs), "{ids}");
    cell.kill().unwrap();
    cell.wait().unwrap();
    let begin = Instant::now();
    while ids.split_whitespace().any(runs) {
        assert!(
            begin.elapsed() < Duration::from_secs(20),
            "the build goes on"
        );
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// Whether a process does something: not one that has ended and that its parent
/// hasn't asked about.
fn runs(id: &str) -> bool {
    let stat = std::fs::read_to_string(Path::new("/proc").join(id).join("stat"));
    let state = |stat: String| {
        stat.rsplit_once(") ")
            .map(|(_, rest)| rest.starts_with('Z'))
    };
    stat.ok().and_then(state) == Some(false)
}

#[test]
fn what_fails_is_named() {
    let notebook = Notebook::new("failures");
    assert_eq!(
        notebook.error("refresh"),
        "Error: cargo can't be started, which builds the program `names`: there is no such program; is it on the PATH?\n"
    );
    notebook.script("cargo", "echo 'error: no network' >&2\nexit 101");
    assert_eq!(
        notebook.error("refresh"),
        "Error: the program `names` can't be built: no network\n"
    );
    // Cargo has no part in starting a program that is built.
    notebook.write("target/release/names", "");
    notebook.inputs("names", SystemTime::now() + Duration::from_secs(60));
    let path = notebook.0.join("target/release/names");
    assert_eq!(
        notebook.error("refresh"),
        format!(
            "Error: the program `names` can't be started: Permission denied (os error 13). It is {}; if that is damaged, remove it, and it is built again\n",
            path.display()
        )
    );
}
