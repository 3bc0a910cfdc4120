//! Starts the package's own programs, which do what the notebook's crates
//! must not: speak to a network, or read what could crash a reader.
//!
//! The programs are packages of their own, which Cargo builds when needed. Their
//! standard input stays open as long as we live, and they end when it closes: a
//! kernel that is interrupted leaves no orphan behind, and no build.

use std::ffi::OsString;
use std::fs::File;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant, SystemTime};

use serde_json::Value;

use activity_data::source::request::ERROR;

use crate::{Error, Result};

/// Settings that are secret: a program gets those it needs, and Cargo, with all
/// the crates' build scripts, none.
const SECRETS: [&str; 3] = ["MONGOKEY", "DISCORD_TOKEN", "DISCORD_WEBHOOK"];

/// A program that runs, or the Cargo that builds it. It ends when its standard input
/// closes, and so with us; dropping it ends it.
pub(crate) struct Program {
    name: &'static str,
    child: Child,
    /// Open as long as the process shall run.
    alive: Arc<Mutex<Option<ChildStdin>>>,
    stderr: Option<JoinHandle<Vec<String>>>,
}

impl Program {
    /// Starts the program `name`, built where that is needed, with these variables in
    /// its environment besides our own. Of our own, secrets are not handed on.
    ///
    /// What it says on standard error is printed line by line, but for the
    /// message it fails with.
    pub(crate) fn start(
        name: &'static str,
        environment: &[(&str, String)],
    ) -> Result<(Self, ChildStdout)> {
        let path = built(name).map_or_else(|| build(name), Ok)?;
        let say = |line: &str| println!("{line}");
        Self::run(name, Command::new(&path), environment, say).map_err(|e| {
            Error::new(format!(
                "the program `{name}` can't be started: {e}. It is {}; if that is damaged, remove it, and it is built again",
                path.display()
            ))
        })
    }

    /// What the program answers to this input.
    pub(crate) fn ask(
        name: &'static str,
        environment: &[(&str, String)],
        input: &[&[u8]],
    ) -> Result<Vec<u8>> {
        let (mut program, mut stdout) = Self::start(name, environment)?;
        input.iter().for_each(|part| program.send(part));
        let mut answer = Vec::new();
        let read = stdout.read_to_end(&mut answer);
        program.finish()?;
        read.map_err(|e| Error::new(format!("the program `{name}` can't be read from: {e}")))?;
        Ok(answer)
    }

    /// `say` hears what the command says on standard error, but for the message it
    /// fails with.
    fn run(
        name: &'static str,
        mut command: Command,
        environment: &[(&str, String)],
        say: impl FnMut(&str) + Send + 'static,
    ) -> std::io::Result<(Self, ChildStdout)> {
        for secret in SECRETS {
            command.env_remove(secret);
        }
        command.envs(environment.iter().map(|(name, value)| (name, value)));
        let pipes = command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = pipes.stderr(Stdio::piped()).spawn()?;
        let stdout = child.stdout.take().expect("stdout is piped");
        let stderr = BufReader::new(child.stderr.take().expect("stderr is piped"));
        let alive = Arc::new(Mutex::new(child.stdin.take()));
        #[cfg(unix)]
        end_with_the_kernel(&alive);
        let program = Self {
            name,
            child,
            alive,
            stderr: Some(std::thread::spawn(move || relay(stderr, say))),
        };
        Ok((program, stdout))
    }

    /// Writes to the program's standard input, and leaves it open.
    pub(crate) fn send(&mut self, bytes: &[u8]) {
        if let Some(stdin) = &mut *lock(&self.alive) {
            // It fails for a program that has ended, and `finish` says why.
            let _ = stdin.write_all(bytes).and_then(|()| stdin.flush());
        }
    }

    /// Waits for the program's end.
    ///
    /// # Errors
    ///
    /// The program failed: with its own message.
    pub(crate) fn finish(mut self) -> Result<()> {
        let name = self.name;
        let (status, said) = self
            .wait()
            .map_err(|e| Error::new(format!("the program `{name}` can't be waited for: {e}")))?;
        if status.success() {
            return Ok(());
        }
        let early = || format!("the program `{name}` ended early ({status})");
        Err(Error::new(said.unwrap_or_else(early)))
    }

    /// How it ended, and the message that it failed with.
    fn wait(&mut self) -> std::io::Result<(ExitStatus, Option<String>)> {
        let status = self.child.wait()?;
        let said = self.stderr.take().and_then(|said| said.join().ok());
        let said = said.filter(|said| !said.is_empty());
        Ok((status, said.map(|said| said.join("\n"))))
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // Both fail only for a process that has ended.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn lock(alive: &Mutex<Option<ChildStdin>>) -> MutexGuard<'_, Option<ChildStdin>> {
    alive.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Closes the standard input when the kernel dies. Cells run in a process of
/// their own, which a kernel that is killed leaves behind, busy with its cell.
#[cfg(unix)]
fn end_with_the_kernel(alive: &Arc<Mutex<Option<ChildStdin>>>) {
    use std::os::unix::process::parent_id;

    // What the kernel sets for the process of its cells.
    if std::env::var_os("EVCXR_IS_RUNTIME").is_none() {
        return;
    }
    let kernel = parent_id();
    let alive = Arc::downgrade(alive);
    std::thread::spawn(move || {
        while let Some(alive) = alive.upgrade() {
            if parent_id() != kernel {
                *lock(&alive) = None;
            }
            drop(alive);
            std::thread::sleep(Duration::from_millis(250));
        }
    });
}

/// The program, if it is built and nothing it was built from is newer. Cargo
/// finds the same in a quarter of a second, or waits for another Cargo; asking
/// the files takes a hundredth of that, and a pull of what is new not much more.
fn built(name: &str) -> Option<PathBuf> {
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    let target = std::env::var_os("CARGO_TARGET_DIR").map(PathBuf::from);
    let target = target.unwrap_or_else(|| package.with_file_name("target"));
    let file = format!("release/{name}{}", std::env::consts::EXE_SUFFIX);
    let program = target.join(file);
    let inputs = program.with_extension(INPUTS);
    let checked = inputs.metadata().ok()?.modified().ok()?;
    let sources = inputs_of(&std::fs::read_to_string(inputs).ok()?);
    let is_older = |path: &PathBuf| {
        let changed = path.metadata().and_then(|metadata| metadata.modified());
        changed.is_ok_and(|changed| changed < checked)
    };
    // Another copy of the project may have built into the same folder.
    let is_ours = sources.iter().any(|path| path.starts_with(package));
    // The manifests that sources lie below, and what says the crates' versions.
    let above = sources.iter().flat_map(|path| path.ancestors().skip(1));
    let manifests = above.map(|folder| folder.join("Cargo.toml"));
    let manifests = manifests.filter(|file| file.is_file());
    let mut inputs = manifests.chain([package.with_file_name("Cargo.lock")]);
    let is_fresh = sources.iter().all(is_older) && inputs.all(|file| is_older(&file));
    (is_ours && is_fresh && program.is_file()).then_some(program)
}

/// How the file ends in which Cargo lists what a program was built from. Its time is
/// when that was last looked at.
const INPUTS: &str = "d";

/// The paths in such a file, a rule of a makefile: `program: path path`, with a
/// backslash before a space in a path.
fn inputs_of(rule: &str) -> Vec<PathBuf> {
    let rule = rule.lines().next().and_then(|line| line.split_once(": "));
    let paths = rule.map_or("", |(_, paths)| paths).replace("\\ ", "\0");
    let paths = paths.split_whitespace();
    paths.map(|path| path.replace('\0', " ").into()).collect()
}

/// Lets Cargo build the program, or find that nothing has changed. Gives its
/// path.
fn build(name: &'static str) -> Result<PathBuf> {
    let begin = SystemTime::now();
    let no_cargo = |why: String| {
        Error::new(format!(
            "cargo can't be started, which builds the program `{name}`: {why}; is it on the PATH?"
        ))
    };
    let started = Program::run(name, cargo(name), &[], building(name));
    let (mut cargo, stdout) = started.map_err(|e| no_cargo(e.to_string()))?;
    let messages = BufReader::new(stdout).split(b'\n');
    let messages = messages.map_while(std::result::Result::ok);
    let program = messages.filter_map(|message| executable(&message, name));
    let program = program.last();
    let (status, said) = cargo.wait().map_err(|e| no_cargo(e.to_string()))?;
    match (program, status.code()) {
        (Some(program), Some(0)) => {
            // Cargo leaves the list as it was when only times have changed; ours
            // is the time before it looked. Where it can't be set, Cargo is
            // asked again the next time.
            let list = File::options()
                .append(true)
                .open(program.with_extension(INPUTS));
            let _ = list.and_then(|list| list.set_modified(begin));
            Ok(program)
        }
        // What a shell ends with when there is no such program.
        (_, Some(126 | 127)) => Err(no_cargo("there is no such program".to_owned())),
        _ => {
            let why = said.unwrap_or_else(|| format!("cargo ended with {status}"));
            Err(Error::new(format!(
                "the program `{name}` can't be built: {why}"
            )))
        }
    }
}

/// The command that builds the program when needed, and says where it is.
fn cargo(name: &str) -> Command {
    let mut command = tied(std::env::var_os("CARGO").unwrap_or("cargo".into()));
    command
        .args("build --release --locked --color never".split(' '))
        .arg("--message-format=json-render-diagnostics")
        .arg("--manifest-path")
        .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml"))
        .args(["--bin", name])
        // So that it tells how many crates there are.
        .env("CARGO_TERM_PROGRESS_WHEN", "always")
        .env("CARGO_TERM_PROGRESS_WIDTH", "80")
        // What the kernel sets for compiling cells is not meant for us.
        .env_remove("RUSTC")
        .env_remove("RUSTFLAGS")
        .env_remove("RUSTC_WRAPPER")
        .env_remove("CARGO_ENCODED_RUSTFLAGS");
    match name {
        "pull" => command.arg("--package=activity-mongodb"),
        "png" => command.arg("--package=svg-to-png"),
        // That package has a feature for each of its programs.
        feature => command
            .args(["--package=activity-discord", "--no-default-features"])
            .args(["--features", feature]),
    };
    // What Cargo tells a program that it runs, as in `make names`: crates that
    // look at it would be built anew, back and forth.
    for (name, _) in std::env::vars_os() {
        let name = name.to_string_lossy();
        if name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_") {
            command.env_remove(&*name);
        }
    }
    command
}

/// A command that ends, with all that it has started, when its standard input
/// closes: a shell in a process group of its own watches it, and becomes the
/// command.
#[cfg(unix)]
fn tied(program: OsString) -> Command {
    const SCRIPT: &str = r#"exec 3<&0 </dev/null
{ read -r _; kill -s KILL 0; } <&3 >/dev/null 2>&1 &
exec "$@" 3<&-"#;
    let mut command = Command::new("/bin/sh");
    std::os::unix::process::CommandExt::process_group(&mut command, 0);
    command.args(["-c", SCRIPT, "sh"]).arg(program);
    command
}

/// Without a shell, a build that is left alone goes on to its end.
#[cfg(not(unix))]
fn tied(program: OsString) -> Command {
    Command::new(program)
}

/// The program's path, if this message of Cargo's says it.
fn executable(message: &[u8], name: &str) -> Option<PathBuf> {
    let message: Value = serde_json::from_slice(message).ok()?;
    let path = message["executable"].as_str()?;
    (message["target"]["name"] == name).then(|| path.into())
}

/// Hands on what is said. Gives back the error message: everything from the line that
/// begins with `error` on.
fn relay(lines: impl BufRead, mut say: impl FnMut(&str)) -> Vec<String> {
    let mut error: Vec<String> = Vec::new();
    for line in lines.split(b'\n').map_while(std::result::Result::ok) {
        let whole = String::from_utf8_lossy(&line);
        // Cargo draws its bar over and over in one line, and then the next over it.
        let line = whole.rsplit(['\r', '\u{1b}']).next().unwrap_or(&whole);
        let line = line.strip_prefix("[K").unwrap_or(line);
        if !error.is_empty() {
            error.push(line.to_owned());
        } else if line.starts_with("error") {
            error.push(line.strip_prefix(ERROR).unwrap_or(line).to_owned());
        } else {
            say(&whole);
        }
    }
    error
}

/// Sums up what Cargo says.
fn building(name: &'static str) -> impl FnMut(&str) {
    let mut progress = String::new();
    let mut reported: Option<Instant> = None;
    move |line| {
        if let Some(done) = line.rsplit('\r').find_map(of_all) {
            progress = done;
        }
        if line.contains("    Blocking ") {
            println!("Waiting for another Cargo, as of another notebook …");
        } else if let Some((_, what)) = line.split_once("   Compiling ") {
            if reported.is_none() {
                println!(
                    "Building the program `{name}`, which is done once and takes a minute or three …"
                );
            }
            if reported.is_none_or(|last| last.elapsed() > Duration::from_secs(5)) {
                reported = Some(Instant::now());
                let crate_name = what.split(" (").next().unwrap_or(what);
                println!("  {progress}compiling {crate_name}");
            }
        }
    }
}

/// Of Cargo's bar, how much is done: `Building [==> ] 7/240: a, b` is
/// "7 of 240 done, ".
fn of_all(bar: &str) -> Option<String> {
    let (_, after) = bar.split_once("Building [")?;
    let (_, after) = after.split_once("] ")?;
    let (done, all) = after.split(':').next()?.split_once('/')?;
    let (done, all): (u32, u32) = (done.parse().ok()?, all.trim().parse().ok()?);
    Some(format!("{done} of {all} done, "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_error_is_kept_and_the_rest_is_printed() {
        let said = "12 windows\nerror: no server\ntry another\n";
        assert_eq!(
            relay(said.as_bytes(), |line| assert_eq!(line, "12 windows")),
            ["no server", "try another"]
        );
        let said = "warning: unused\n   Compiling a v1.0.0\n\r    Building [> ] 1/9: b\r\u{1b}[K\
                    error: no network\nCaused by: a\n";
        assert_eq!(
            relay(said.as_bytes(), building("test")),
            ["no network", "Caused by: a"]
        );
    }

    #[test]
    fn a_build_tells_how_much_is_done() {
        let bar = "    Building [=======>       ] 45/240: rustls, ring(build)";
        assert_eq!(of_all(bar).unwrap(), "45 of 240 done, ");
        assert_eq!(of_all("   Compiling rustls v0.23.46"), None);
    }

    #[test]
    fn paths_in_a_rule_may_hold_spaces() {
        assert_eq!(
            inputs_of("/my\\ target/pull: /a.rs /my\\ code/b.rs\n"),
            [Path::new("/a.rs"), Path::new("/my code/b.rs")]
        );
        assert!(inputs_of("").is_empty());
    }

    #[test]
    fn cargo_says_where_the_program_is() {
        let said = br#"{"reason":"compiler-artifact","target":{"kind":["bin"],"name":"pull"},"executable":"/t/pull"}"#;
        assert_eq!(executable(said, "pull"), Some("/t/pull".into()));
        assert_eq!(executable(said, "names"), None);
        assert_eq!(executable(br#"{"reason":"build-finished"}"#, "pull"), None);
    }
}
