//! Servers, a network that misbehaves, and the pull cell as a process.

#![allow(dead_code)] // Each file of tests uses its part.

pub(crate) mod wire;

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use analysis_lib::Activity;

/// A program that the tests need.
fn tool(variable: &str) -> PathBuf {
    std::env::var_os(variable)
        .map(PathBuf::from)
        .unwrap_or_else(|| panic!("{variable} is not set: run `make test`"))
}

/// A folder that goes away with its owner.
pub(crate) struct Folder(pub(crate) PathBuf);

impl Folder {
    pub(crate) fn new() -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let name = format!("activity-test-{}-{number}", std::process::id());
        let path = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    pub(crate) fn join(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// A port that nobody listens on.
pub(crate) fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().port()
}

/// A MongoDB server that ends with its owner.
pub(crate) struct Mongod {
    pub(crate) port: u16,
    pub(crate) folder: Folder,
    child: Child,
}

impl Mongod {
    pub(crate) fn start() -> Self {
        Self::with(&[])
    }

    pub(crate) fn with(arguments: &[&str]) -> Self {
        let folder = Folder::new();
        let (child, port) = listening(&folder.0, arguments);
        Self {
            port,
            folder,
            child,
        }
    }

    /// The same data in a server with other arguments, on another port.
    pub(crate) fn restart(&mut self, arguments: &[&str]) {
        self.stop();
        (self.child, self.port) = listening(&self.folder.0, arguments);
    }

    /// The same data in a server on this port, where none is any more or yet.
    pub(crate) fn restart_on(&mut self, port: u16) {
        self.kill();
        self.port = port;
        self.child = listening_on(port, &self.folder.0, &[]).expect("mongod doesn't listen");
    }

    pub(crate) fn uri(&self) -> String {
        uri(self.port)
    }

    /// Runs a command of `reference/mongo.py`.
    pub(crate) fn python(&self, arguments: &[&str]) -> String {
        python(&self.uri(), arguments)
    }

    /// Ends it as its owner would, so that its files are whole.
    pub(crate) fn stop(&mut self) {
        let id = self.child.id().to_string();
        let _ = Command::new("kill").arg(id).status();
        let _ = self.child.wait();
    }

    pub(crate) fn kill(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Drop for Mongod {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Starts a server on a port that is free. Until it listens, somebody else may.
fn listening(folder: &Path, arguments: &[&str]) -> (Child, u16) {
    for _ in 0..5 {
        let port = free_port();
        if let Some(child) = listening_on(port, folder, arguments) {
            return (child, port);
        }
    }
    panic!("mongod doesn't listen");
}

/// Starts a server, and waits until its own log says that it listens.
fn listening_on(port: u16, folder: &Path, arguments: &[&str]) -> Option<Child> {
    let log = folder.join(format!("{port}.log"));
    let _ = std::fs::remove_file(&log);
    let mut child = Command::new(tool("MONGOD"))
        .args(["--bind_ip", "127.0.0.1", "--wiredTigerCacheSizeGB", "0.25"])
        .args(["--setParameter", "diagnosticDataCollectionEnabled=false"])
        .arg("--port")
        .arg(port.to_string())
        .arg("--dbpath")
        .arg(folder)
        .arg("--logpath")
        .arg(&log)
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    for _ in 0..1_200 {
        if child.try_wait().unwrap().is_some() {
            break;
        }
        let said = std::fs::read_to_string(&log).unwrap_or_default();
        if said.contains("Waiting for connections") {
            return Some(child);
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    let _ = child.kill();
    let _ = child.wait();
    None
}

pub(crate) fn uri(port: u16) -> String {
    format!("mongodb://127.0.0.1:{port}/")
}

/// Runs a command of `reference/mongo.py`.
pub(crate) fn python(uri: &str, arguments: &[&str]) -> String {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/reference/mongo.py");
    let output = Command::new(tool("REFERENCE_PYTHON"))
        .arg(script)
        .arg(uri)
        .args(arguments)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    String::from_utf8(output.stdout).unwrap()
}

/// What a pull brought.
pub(crate) struct Pulled {
    pub(crate) output: Output,
    pub(crate) took: Duration,
    saved: PathBuf,
    _folder: Folder,
}

impl Pulled {
    pub(crate) fn stdout(&self) -> String {
        String::from_utf8_lossy(&self.output.stdout).into_owned()
    }

    pub(crate) fn stderr(&self) -> String {
        String::from_utf8_lossy(&self.output.stderr).into_owned()
    }

    pub(crate) fn activity(&self) -> Activity {
        assert!(
            self.output.status.success(),
            "{}{}",
            self.stdout(),
            self.stderr()
        );
        Activity::open(&self.saved).unwrap()
    }

    /// The message that the pull failed with.
    pub(crate) fn error(&self) -> String {
        assert!(!self.output.status.success(), "{}", self.stdout());
        let text = self.stderr();
        text.trim_end()
            .strip_prefix("Error: ")
            .expect("it fails with an error")
            .to_owned()
    }
}

/// A pull in a process of its own, as from a notebook.
pub(crate) struct Cell {
    pub(crate) command: Command,
    saved: PathBuf,
    folder: Folder,
}

impl Cell {
    /// A pull from this server's database, without a snapshot.
    pub(crate) fn new(uri: &str, database: &str) -> Self {
        let folder = Folder::new();
        let saved = folder.join("saved.bin");
        let mut command = Command::new(example());
        for name in [
            "MONGODB_COLLECTION",
            "MONGODB_TIMEOUT",
            "TIMEZONE",
            "SERVER_NAME",
        ] {
            command.env_remove(name);
        }
        command
            .current_dir(&folder.0)
            .env("MONGOKEY", uri)
            .env("MONGODB_DATABASE", database)
            .env("ACTIVITY_SNAPSHOT", "off");
        Self {
            command,
            saved,
            folder,
        }
    }

    pub(crate) fn env(mut self, name: &str, value: impl AsRef<std::ffi::OsStr>) -> Self {
        self.command.env(name, value);
        self
    }

    pub(crate) fn args(mut self, arguments: &[&str]) -> Self {
        self.command.args(arguments);
        self
    }

    pub(crate) fn spawn(mut self) -> (Child, Self) {
        self.command.arg(&self.saved);
        let child = self
            .command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        (child, self)
    }

    pub(crate) fn run(self) -> Pulled {
        let begin = Instant::now();
        let (child, cell) = self.spawn();
        let output = child.wait_with_output().unwrap();
        Pulled {
            output,
            took: begin.elapsed(),
            saved: cell.saved,
            _folder: cell.folder,
        }
    }
}

/// What a pull that has ended saved.
pub(crate) fn saved(cell: &Cell) -> Activity {
    Activity::open(&cell.saved).unwrap()
}

/// Pulls from this server's database, without a snapshot.
pub(crate) fn pull(uri: &str, database: &str) -> Pulled {
    Cell::new(uri, database).run()
}

/// The example that pulls, which stands beside the tests. The first to ask lets
/// it build the program that it starts, for tests look at the clock. (Cargo
/// called from here would build crates anew that look at what `cargo test` sets.)
fn example() -> PathBuf {
    static BUILT: std::sync::Once = std::sync::Once::new();
    let tests = std::env::current_exe().unwrap();
    let target = tests.ancestors().nth(2).unwrap();
    let example = target
        .join("examples")
        .join(format!("pull{}", std::env::consts::EXE_SUFFIX));
    BUILT.call_once(|| {
        let refused = Command::new(&example).env("MONGOKEY", "none").output();
        let said = String::from_utf8(refused.unwrap().stderr).unwrap();
        assert!(
            said.contains("MONGOKEY is not a connection string"),
            "{said}"
        );
    });
    example
}

/// Messages by member id: members' order differs with the order of reading.
pub(crate) fn totals(activity: &Activity) -> BTreeMap<u64, u64> {
    let totals = analysis_lib::aggregate::messages_by_member(activity);
    totals
        .into_iter()
        .map(|total| (total.id.get(), total.messages))
        .collect()
}

/// Who sent how much in each window, by id.
pub(crate) fn by_window(activity: &Activity) -> Vec<Vec<(u64, u32)>> {
    let windows = (0..activity.len()).map(|index| {
        let senders = activity.senders(index);
        let mut senders: Vec<(u64, u32)> = senders
            .map(|(member, sent)| (activity.members()[member].get(), sent))
            .collect();
        senders.sort_unstable();
        senders
    });
    windows.collect()
}

/// That both hold the same windows and the same documents left out.
pub(crate) fn assert_same(one: &Activity, other: &Activity) {
    assert_eq!(one.ends(), other.ends());
    assert_eq!(one.online_members(), other.online_members());
    assert_eq!(one.message_volume(), other.message_volume());
    assert_eq!(by_window(one), by_window(other));
    let said = |activity: &Activity| -> Vec<_> {
        let windows = activity.iter().map(|window| {
            let channels = window.channels().map(Iterator::collect::<Vec<_>>);
            let [joined, left] = [window.joined(), window.left()].map(|ids| ids.map(<[_]>::to_vec));
            (window.member_count(), joined, left, channels)
        });
        windows.collect()
    };
    assert_eq!(said(one), said(other));
    assert_eq!(one.left_out(), other.left_out());
}

/// What the proxy does to connections.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Fault {
    None,
    /// Cuts a connection after the server has sent this many bytes.
    CutAfter(u64),
    /// Cuts the first connection after so many bytes, and others after so many.
    CutEarlier(u64, u64),
    /// Lets nothing more through on a connection after this many bytes.
    SilentAfter(u64),
    /// Lets nothing more through on any connection once one had this many bytes.
    DeadAfter(u64),
    /// Lets so many bytes a second through on each connection.
    Slow(u64),
}

/// A TCP proxy on a port of its own. Its threads end with the process.
pub(crate) struct Proxy {
    pub(crate) port: u16,
    /// How many connections it has cut or silenced.
    pub(crate) faults: Arc<AtomicU64>,
    /// How many bytes came from the server.
    pub(crate) received: Arc<AtomicU64>,
}

impl Proxy {
    /// At most `limit` connections get the fault, those that first reach it.
    pub(crate) fn start(to: u16, fault: Fault, limit: u64) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let faults = Arc::new(AtomicU64::new(0));
        let counted = Arc::clone(&faults);
        let received = Arc::new(AtomicU64::new(0));
        let bytes = Arc::clone(&received);
        std::thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                let Ok(server) = TcpStream::connect(("127.0.0.1", to)) else {
                    continue;
                };
                let (up, down) = (client.try_clone().unwrap(), server.try_clone().unwrap());
                let none = AtomicU64::new(0);
                std::thread::spawn(move || copy(up, down, Fault::None, &none, 0, &none));
                let (counted, bytes) = (Arc::clone(&counted), Arc::clone(&bytes));
                std::thread::spawn(move || copy(server, client, fault, &counted, limit, &bytes));
            }
        });
        Self {
            port,
            faults,
            received,
        }
    }

    pub(crate) fn uri(&self) -> String {
        uri(self.port)
    }
}

fn copy(
    mut from: TcpStream,
    mut to: TcpStream,
    fault: Fault,
    faults: &AtomicU64,
    limit: u64,
    bytes: &AtomicU64,
) {
    let mut passed = 0;
    let mut buffer = [0; 1 << 14];
    while let Ok(count @ 1..) = from.read(&mut buffer) {
        passed += count as u64;
        bytes.fetch_add(count as u64, Ordering::SeqCst);
        match fault {
            Fault::CutAfter(after)
                if passed > after && faults.fetch_add(1, Ordering::SeqCst) < limit =>
            {
                break;
            }
            Fault::CutEarlier(first, then) => {
                let earlier = faults.load(Ordering::SeqCst) > 0;
                if passed > if earlier { then } else { first } {
                    faults.fetch_add(1, Ordering::SeqCst);
                    break;
                }
            }
            Fault::SilentAfter(after)
                if passed > after && faults.fetch_add(1, Ordering::SeqCst) < limit =>
            {
                // Keeps both ends open and says nothing.
                std::thread::sleep(Duration::from_secs(60));
                break;
            }
            Fault::DeadAfter(after) if passed > after || faults.load(Ordering::SeqCst) > 0 => {
                faults.fetch_add(1, Ordering::SeqCst);
                std::thread::sleep(Duration::from_secs(60));
                break;
            }
            Fault::Slow(rate) => {
                std::thread::sleep(Duration::from_secs_f64(count as f64 / rate as f64));
            }
            _ => (),
        }
        if to.write_all(&buffer[..count]).is_err() {
            break;
        }
    }
    let _ = from.shutdown(Shutdown::Both);
    let _ = to.shutdown(Shutdown::Both);
}

/// The program of this cell, once it has written columns of some thousand
/// windows.
pub(crate) fn reading(cell: u32) -> u32 {
    let written = |id: &u32| -> u64 {
        let io = std::fs::read_to_string(format!("/proc/{id}/io")).unwrap_or_default();
        let line = io.lines().find_map(|line| line.strip_prefix("wchar: "));
        line.map_or(0, |bytes| bytes.parse().unwrap())
    };
    for _ in 0..10_000 {
        let programs = descendants(cell);
        if let Some(&program) = programs.iter().find(|id| written(id) > 200_000) {
            return program;
        }
        std::thread::sleep(Duration::from_millis(1));
    }
    panic!("the program writes nothing");
}

pub(crate) fn signal(name: &str, process: u32) {
    let sent = Command::new("kill")
        .args([format!("-{name}"), process.to_string()])
        .status();
    assert!(sent.unwrap().success());
}

/// The processes that this one, or its children, started.
pub(crate) fn descendants(of: u32) -> Vec<u32> {
    let Ok(processes) = Path::new("/proc").read_dir() else {
        return Vec::new();
    };
    let mut parents = BTreeMap::new();
    for process in processes.flatten() {
        let Ok(id) = process.file_name().to_string_lossy().parse::<u32>() else {
            continue;
        };
        let stat = std::fs::read_to_string(process.path().join("stat")).unwrap_or_default();
        let after = stat.rsplit_once(") ").map_or("", |(_, after)| after);
        if let Some(parent) = after
            .split(' ')
            .nth(1)
            .and_then(|parent| parent.parse().ok())
        {
            parents.insert(id, parent);
        }
    }
    let is_below = |mut id: u32| {
        while let Some(&parent) = parents.get(&id) {
            if parent == of {
                return true;
            }
            id = parent;
        }
        false
    };
    parents.keys().copied().filter(|&id| is_below(id)).collect()
}
