//! Starts the package's own programs, which do what the notebook's crates
//! must not: speak to a network, or read what could crash a reader.
//!
//! The programs are packages of their own, which Cargo builds when needed. Their
//! standard input stays open as long as we live, and they end when it closes: a
//! kernel that is interrupted leaves no orphan behind, and no build.

use std::ffi::OsString;
use std::fs::File;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStderr, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant, SystemTime};

use serde_json::Value;

use activity_data::source::request::ERROR;

use crate::{Error, Result};

/// Settings that are secret: a program gets those it needs, and Cargo, with all
/// the crates' build scripts, none.
const SECRETS: [&str; 3] = ["MONGOKEY", "DISCORD_TOKEN", "DISCORD_WEBHOOK"];

/// A program that runs. Dropping it ends it.
pub(crate) struct Program {
    name: &'static str,
    process: Process,
    stderr: Option<JoinHandle<Vec<String>>>,
}

impl Program {
    /// Starts the program `name`, which Cargo builds with these arguments
    /// besides, with these variables in its environment besides our own. Of our
    /// own, secrets are not handed on.
    ///
    /// What it says on standard error is printed line by line, but for the
    /// message it fails with.
    pub(crate) fn start(
        name: &'static str,
        build_arguments: &[&str],
        environment: &[(&str, &str)],
    ) -> Result<(Self, ChildStdout)> {
        let path = match built(name) {
            Some(path) => path,
            None => build(name, build_arguments)?,
        };
        let mut command = Command::new(&path);
        remove_secrets(&mut command);
        command.envs(environment.iter().copied());
        let (process, stdout, stderr) = Process::start(command).map_err(|e| {
            Error::new(format!(
                "the program `{name}` can't be started: {e}. It is {}; if that is damaged, remove it, and it is built again",
                path.display()
            ))
        })?;
        let stderr = std::thread::spawn(move || relay(BufReader::new(stderr)));
        let program = Self {
            name,
            process,
            stderr: Some(stderr),
        };
        Ok((program, stdout))
    }

    /// Writes to the program's standard input, and leaves it open.
    pub(crate) fn send(&mut self, bytes: &[u8]) {
        let mut stdin = lock(&self.process.alive);
        if let Some(stdin) = &mut *stdin {
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
        let status = self.process.child.wait().map_err(|e| {
            Error::new(format!(
                "the program `{}` can't be waited for: {e}",
                self.name
            ))
        })?;
        let said = self.stderr.take().map(JoinHandle::join);
        if status.success() {
            return Ok(());
        }
        let said = said.and_then(std::result::Result::ok).unwrap_or_default();
        Err(Error::new(if said.is_empty() {
            format!("the program `{}` ended early ({status})", self.name)
        } else {
            said.join("\n")
        }))
    }
}

/// A process that ends when its standard input closes, and so with us.
struct Process {
    child: Child,
    /// Open as long as the process shall run.
    alive: Arc<Mutex<Option<ChildStdin>>>,
}

impl Process {
    fn start(mut command: Command) -> std::io::Result<(Self, ChildStdout, ChildStderr)> {
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()?;
        let stdout = child.stdout.take().expect("stdout is piped");
        let stderr = child.stderr.take().expect("stderr is piped");
        let alive = Arc::new(Mutex::new(child.stdin.take()));
        #[cfg(unix)]
        end_with_the_kernel(&alive);
        Ok((Self { child, alive }, stdout, stderr))
    }
}

impl Drop for Process {
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

fn remove_secrets(command: &mut Command) {
    for secret in SECRETS {
        command.env_remove(secret);
    }
}

/// The program, if it is built and nothing it was built from is newer. Cargo
/// finds the same in a quarter of a second, or waits for another Cargo; asking
/// the files takes a hundredth of that, and a pull of what is new not much more.
fn built(name: &str) -> Option<PathBuf> {
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    let workspace = package
        .ancestors()
        .find(|folder| folder.join("Cargo.lock").is_file())?;
    let target =
        std::env::var_os("CARGO_TARGET_DIR").map_or(workspace.join("target"), PathBuf::from);
    let program = target
        .join("release")
        .join(format!("{name}{}", std::env::consts::EXE_SUFFIX));
    let inputs = inputs_file(&program);
    let checked = inputs.metadata().ok()?.modified().ok()?;
    let sources = inputs_of(&std::fs::read_to_string(inputs).ok()?);
    let is_older = |path: &Path| {
        let changed = path.metadata().and_then(|metadata| metadata.modified());
        changed.is_ok_and(|changed| changed < checked)
    };
    let manifests = [
        workspace.join("Cargo.lock"),
        workspace.join("Cargo.toml"),
        package.join("data/Cargo.toml"),
        package.join("programs/discord/Cargo.toml"),
        package.join("programs/mongodb/Cargo.toml"),
        package.join("programs/png/Cargo.toml"),
    ];
    // Another copy of the project may have built into the same folder.
    let is_ours = sources.iter().any(|path| path.starts_with(package));
    let is_fresh = sources.iter().chain(&manifests).all(|path| is_older(path));
    (is_ours && is_fresh && program.is_file()).then_some(program)
}

/// The file in which Cargo lists what a program was built from. Its time is when
/// that was last looked at.
fn inputs_file(program: &Path) -> PathBuf {
    program.with_extension("d")
}

/// The paths in such a file, a rule of a makefile: `program: path path`, with a
/// backslash before a space in a path.
fn inputs_of(rule: &str) -> Vec<PathBuf> {
    let paths = rule
        .lines()
        .next()
        .and_then(|line| line.split_once(": "))
        .map_or("", |(_, paths)| paths);
    paths
        .replace("\\ ", "\0")
        .split_whitespace()
        .map(|path| PathBuf::from(path.replace('\0', " ")))
        .collect()
}

/// Lets Cargo build the program, or find that nothing has changed. Gives its
/// path.
fn build(name: &str, arguments: &[&str]) -> Result<PathBuf> {
    let begin = SystemTime::now();
    let no_cargo = |why: String| {
        Error::new(format!(
            "cargo can't be started, which builds the program `{name}`: {why}; is it on the PATH?"
        ))
    };
    let (mut process, stdout, stderr) =
        Process::start(cargo(name, arguments)).map_err(|e| no_cargo(e.to_string()))?;
    let said = {
        let name = name.to_owned();
        std::thread::spawn(move || relay_build(&name, BufReader::new(stderr)))
    };
    let program = BufReader::new(stdout)
        .split(b'\n')
        .map_while(std::result::Result::ok)
        .filter_map(|message| executable(&message, name))
        .last();
    let status = process.child.wait().map_err(|e| no_cargo(e.to_string()))?;
    let said = said.join().unwrap_or_default();
    match (program, status.code()) {
        (Some(program), Some(0)) => {
            // Cargo leaves the list as it was when only times have changed; ours
            // is the time before it looked. Where it can't be set, Cargo is
            // asked again the next time.
            let _ = File::options()
                .append(true)
                .open(inputs_file(&program))
                .and_then(|list| list.set_modified(begin));
            Ok(program)
        }
        // What a shell ends with when there is no such program.
        (_, Some(126 | 127)) => Err(no_cargo("there is no such program".to_owned())),
        _ if said.is_empty() => Err(Error::new(format!(
            "the program `{name}` can't be built: cargo ended with {status}"
        ))),
        _ => Err(Error::new(format!(
            "the program `{name}` can't be built: {}",
            said.join("\n")
        ))),
    }
}

/// The command that builds the program when needed, and says where it is.
fn cargo(name: &str, arguments: &[&str]) -> Command {
    let cargo = std::env::var_os("CARGO").unwrap_or("cargo".into());
    let mut command = tied(cargo);
    command
        .args(["build", "--release", "--locked", "--bin", name])
        .args(arguments)
        .args(["--color", "never"])
        .arg("--message-format=json-render-diagnostics")
        .arg("--manifest-path")
        .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml"))
        // So that it tells how many crates there are.
        .env("CARGO_TERM_PROGRESS_WHEN", "always")
        .env("CARGO_TERM_PROGRESS_WIDTH", "80")
        // What the kernel sets for compiling cells is not meant for us.
        .env_remove("RUSTC")
        .env_remove("RUSTFLAGS")
        .env_remove("RUSTC_WRAPPER")
        .env_remove("CARGO_ENCODED_RUSTFLAGS");
    remove_secrets(&mut command);
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

/// Prints what the program says. Gives back the error message: everything from
/// the line that begins with [`ERROR`] on.
fn relay(lines: impl BufRead) -> Vec<String> {
    let mut error: Vec<String> = Vec::new();
    for line in lines.split(b'\n').map_while(std::result::Result::ok) {
        let line = String::from_utf8_lossy(&line);
        if !error.is_empty() {
            error.push(line.into_owned());
        } else if let Some(message) = line.strip_prefix(ERROR) {
            error.push(message.to_owned());
        } else {
            println!("{line}");
        }
    }
    error
}

/// Sums up what Cargo says. Gives back its error message: everything from the
/// line that begins with `error` on.
fn relay_build(name: &str, lines: impl BufRead) -> Vec<String> {
    let mut error: Vec<String> = Vec::new();
    let mut progress = String::new();
    let mut reported: Option<Instant> = None;
    for line in lines.split(b'\n').map_while(std::result::Result::ok) {
        let line = String::from_utf8_lossy(&line);
        // Cargo draws its bar over and over in one line, and then the next over it.
        progress = line.rsplit('\r').find_map(of_all).unwrap_or(progress);
        let line = line.rsplit(['\r', '\u{1b}']).next().unwrap_or(&line);
        let line = line.strip_prefix("[K").unwrap_or(line);
        if !error.is_empty() {
            error.push(line.to_owned());
        } else if line.starts_with("error") {
            error.push(line.strip_prefix(ERROR).unwrap_or(line).to_owned());
        } else if line.starts_with("    Blocking ") {
            println!("Waiting for another Cargo, as of another notebook …");
        } else if let Some(what) = line.strip_prefix("   Compiling ") {
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
    error
}

/// Of Cargo's bar, how much is done: `Building [==> ] 7/240: a, b` is
/// "7 of 240 done, ".
fn of_all(bar: &str) -> Option<String> {
    let (_, after) = bar.split_once("Building [")?;
    let (_, after) = after.split_once("] ")?;
    let (done, all) = after.split(':').next()?.split_once('/')?;
    let numbers: (u32, u32) = (done.parse().ok()?, all.trim().parse().ok()?);
    Some(format!("{} of {} done, ", numbers.0, numbers.1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_error_is_kept_and_the_rest_is_printed() {
        let said = "12 windows\nerror: no server\ntry another\n";
        assert_eq!(relay(said.as_bytes()), ["no server", "try another"]);
        let said = "warning: unused\n   Compiling a v1.0.0\n\r    Building [> ] 1/9: b\r\u{1b}[K\
                    error: no network\nCaused by: a\n";
        assert_eq!(
            relay_build("test", said.as_bytes()),
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
