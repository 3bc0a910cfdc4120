//! Starts the package's own programs, which do what the notebook's crates
//! must not: speak to a network, or read what could crash a reader.
//!
//! Each program stands behind a Cargo feature of this package. `cargo run`
//! builds it when needed and keeps it fresh. Its standard input stays open as
//! long as we live, and the programs end when it closes: a kernel that is
//! interrupted leaves no orphan behind.

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::thread::JoinHandle;
use std::time::{Duration, Instant, SystemTime};

use crate::{Error, Result};

/// How a program begins the line that says why it failed.
pub(crate) const ERROR: &str = "error: ";

/// A program that runs. Dropping it ends it.
pub(crate) struct Program {
    name: &'static str,
    child: Child,
    /// Open as long as the program shall run.
    alive: Option<ChildStdin>,
    stderr: Option<JoinHandle<Vec<String>>>,
}

impl Program {
    /// Starts the program `name`, which needs the Cargo feature `feature`, with
    /// these variables in its environment besides our own.
    ///
    /// What it says on standard error is printed line by line, but for the
    /// message it fails with.
    pub(crate) fn start(
        name: &'static str,
        feature: &str,
        environment: &[(&str, &str)],
    ) -> Result<(Self, ChildStdout)> {
        let built = built(name);
        let direct = built.is_some();
        let mut command = match built {
            Some(program) => Command::new(program),
            None => cargo(name, feature),
        };
        command
            .envs(environment.iter().copied())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = command.spawn().map_err(|e| {
            Error::new(format!(
                "cargo can't be started, which builds and runs the program `{name}`: {e}; is it on the PATH?"
            ))
        })?;
        let stdout = child.stdout.take().expect("stdout is piped");
        let stderr = child.stderr.take().expect("stderr is piped");
        let stderr = std::thread::spawn(move || relay(name, BufReader::new(stderr), direct));
        let program = Self {
            name,
            alive: child.stdin.take(),
            child,
            stderr: Some(stderr),
        };
        Ok((program, stdout))
    }

    /// Writes to the program's standard input, and leaves it open.
    pub(crate) fn send(&mut self, bytes: &[u8]) {
        if let Some(stdin) = &mut self.alive {
            // It fails for a program that has ended, and `finish` says why.
            let _ = stdin.write_all(bytes).and_then(|()| stdin.flush());
        }
    }

    /// Waits for the program's end.
    ///
    /// # Errors
    ///
    /// The program failed: with its own message, or with what Cargo said.
    pub(crate) fn finish(mut self) -> Result<()> {
        let status = self.child.wait().map_err(|e| {
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

impl Drop for Program {
    fn drop(&mut self) {
        // Both fail only for a program that has ended.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The command that builds the program when needed, and runs it.
fn cargo(name: &str, feature: &str) -> Command {
    let cargo = std::env::var_os("CARGO").unwrap_or("cargo".into());
    let mut command = Command::new(cargo);
    command
        .args(["run", "--release", "--locked", "--bin", name])
        .args(["--features", feature])
        .arg("--manifest-path")
        .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml"))
        // What the kernel sets for compiling cells is not meant for us.
        .env_remove("RUSTFLAGS")
        .env_remove("RUSTC_WRAPPER")
        .env_remove("CARGO_ENCODED_RUSTFLAGS");
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
    let made = program.metadata().ok()?.modified().ok()?;
    let own = [
        workspace.join("Cargo.lock"),
        workspace.join("Cargo.toml"),
        package.join("Cargo.toml"),
        package.join("src"),
    ];
    own.iter()
        .all(|path| is_older(path, made))
        .then_some(program)
}

/// Whether the file, or everything in the folder, was changed before.
fn is_older(path: &Path, time: SystemTime) -> bool {
    let older = path
        .metadata()
        .and_then(|metadata| metadata.modified())
        .is_ok_and(|changed| changed < time);
    older
        && (!path.is_dir()
            || path
                .read_dir()
                .is_ok_and(|entries| entries.flatten().all(|entry| is_older(&entry.path(), time))))
}

/// Prints what the program says, and sums up what Cargo says before it starts
/// the program. Gives back the error message: everything from the line that
/// begins with `error` on.
fn relay(name: &str, lines: impl BufRead, mut running: bool) -> Vec<String> {
    let mut error: Vec<String> = Vec::new();
    let mut compiled = 0;
    let mut reported: Option<Instant> = None;
    for line in lines.split(b'\n').map_while(std::result::Result::ok) {
        let line = String::from_utf8_lossy(&line);
        if !error.is_empty() {
            error.push(line.into_owned());
        } else if let Some(message) = line.strip_prefix(ERROR) {
            error.push(message.to_owned());
        } else if running {
            println!("{line}");
        } else if line.starts_with("error") {
            error.push(line.into_owned());
        } else if line.starts_with("     Running ") {
            running = true;
        } else if let Some(what) = line.strip_prefix("   Compiling ") {
            compiled += 1;
            if reported.is_none() {
                println!(
                    "Building the program `{name}`, which is done once and takes a minute or three …"
                );
            }
            if reported.is_none_or(|last| last.elapsed() > Duration::from_secs(5)) {
                reported = Some(Instant::now());
                let crate_name = what.split(" (").next().unwrap_or(what);
                println!("  crate {compiled}: {crate_name}");
            }
        }
    }
    error
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_error_is_kept_and_the_rest_is_printed() {
        let said = "warning: unused\n    Finished `release` profile\n     Running `pull`\n12 windows\nerror: no server\ntry another\n";
        assert_eq!(
            relay("test", said.as_bytes(), false),
            ["no server", "try another"]
        );
    }
}
