//! The pull when the network, the server or the documents are bad.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::process::Command;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use crate::support::wire::{Manner, StandIn};
use crate::support::{
    Cell, Fault, Folder, Mongod, Proxy, assert_same, free_port, pull, python, reading, signal, uri,
};

const TIMEOUT: &str = "3";

/// That the pull failed with these words, after our time to wait and not after the
/// driver's, which is 30 s, and without the secret.
#[track_caller]
fn assert_fails(cell: Cell, words: &[&str]) {
    let pulled = cell.run();
    let error = pulled.error();
    for word in words {
        assert!(error.contains(word), "{word:?} is not in {error:?}");
    }
    assert!(
        pulled.took < Duration::from_secs(25),
        "{:?}: {error}",
        pulled.took
    );
    assert!(error.lines().count() <= 2 && error.len() < 400, "{error}");
    for dump in [
        "Kind:", "Error {", "Some(", "panicked", "hunter2", "hunter%",
    ] {
        assert!(
            !format!("{error}{}", pulled.stdout()).contains(dump),
            "{error}"
        );
    }
    println!("{error}");
}

/// A connection that breaks off, once or again and again, costs nothing but
/// time.
#[test]
fn a_cut_connection_goes_on_where_it_was() {
    let server = Mongod::start();
    server.python(&["fill", "db", "30000"]);
    let whole = pull(&server.uri(), "db").activity();
    for (bytes, limit) in [(2_000_000, 1), (1_000_000, u64::MAX)] {
        let proxy = Proxy::start(server.port, Fault::CutAfter(bytes), limit);
        let pulled = pull(&proxy.uri(), "db");
        assert_same(&pulled.activity(), &whole);
        assert!(pulled.stdout().contains("going on"), "{}", pulled.stdout());
        assert!(!pulled.stdout().contains("anew"), "{}", pulled.stdout());
        assert!(proxy.faults.load(Ordering::SeqCst) >= limit.min(2));
    }
}

/// What was read stays, also when the first try to go on fails.
#[test]
fn a_try_that_fails_throws_nothing_away() {
    let server = Mongod::with(&["--setParameter", "enableTestCommands=1"]);
    server.python(&["fill", "db", "30000"]);
    let proxy = Proxy::start(server.port, Fault::None, 0);
    let whole = pull(&proxy.uri(), "db").activity();
    let bytes = proxy.received.load(Ordering::SeqCst);
    let proxy = Proxy::start(server.port, Fault::CutAfter(bytes * 2 / 3), 1);
    // The driver itself asks a second time.
    server.python(&["refuse", "aggregate", "2"]);
    let pulled = pull(&proxy.uri(), "db");
    assert_same(&pulled.activity(), &whole);
    assert!(pulled.stdout().contains("going on"), "{}", pulled.stdout());
    let received = proxy.received.load(Ordering::SeqCst);
    assert!(received < bytes * 5 / 4, "{received} bytes of {bytes}");
}

/// Documents that were not stored in the order of their `_id` are pulled anew
/// in that order, and then it goes on too.
#[test]
fn a_cut_connection_in_disorder_doubles_nothing() {
    let server = Mongod::start();
    server.python(&["fill", "db", "15000", "2026-06-01T00:00:00"]);
    server.python(&["disorder", "db", "15000"]);
    let whole = pull(&server.uri(), "db").activity();
    assert_eq!(whole.len(), 30_000);
    let proxy = Proxy::start(server.port, Fault::CutAfter(1_500_000), 3);
    let pulled = pull(&proxy.uri(), "db").activity();
    assert_same(&pulled, &whole);
    // What is read anew goes forward too, though for long not as far as before.
    let proxy = Proxy::start(server.port, Fault::CutEarlier(4_000_000, 500_000), 0);
    let pulled = pull(&proxy.uri(), "db").activity();
    assert_same(&pulled, &whole);
    assert!(proxy.faults.load(Ordering::SeqCst) > 8);
}

/// When no try brings anything new, it is an error that says how far it got.
#[test]
fn a_part_is_never_the_whole() {
    let server = Mongod::start();
    server.python(&["fill", "db", "30000"]);
    let proxy = Proxy::start(server.port, Fault::CutAfter(100_000), u64::MAX);
    assert_fails(
        Cell::new(&proxy.uri(), "db"),
        &["the connection to 127.0.0.1", "broke off"],
    );
    // It gets somewhere, and then the server dies.
    let mut server = server;
    let proxy = Proxy::start(server.port, Fault::DeadAfter(2_000_000), u64::MAX);
    let (child, _cell) = Cell::new(&proxy.uri(), "db")
        .env("MONGODB_TIMEOUT", TIMEOUT)
        .spawn();
    while proxy.faults.load(Ordering::SeqCst) == 0 {
        std::thread::sleep(Duration::from_millis(20));
    }
    server.kill();
    let output = child.wait_with_output().unwrap();
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success());
    assert!(
        error.contains("the pull broke off after ") && error.contains(" of about 30000 windows"),
        "{error}"
    );
}

/// A server that dies in mid-pull and refuses connections from then on: the
/// error comes within the timeout, and says so and how far it got.
#[test]
fn a_server_that_dies_in_mid_pull_is_an_error_in_time() {
    let mut server = Mongod::start();
    server.python(&["fill", "db", "100000", "2020-01-01T00:00:00", "5"]);
    let (child, _cell) = Cell::new(&server.uri(), "db")
        .env("MONGODB_TIMEOUT", "5")
        .spawn();
    let program = reading(child.id());
    signal("STOP", program);
    server.kill();
    let begin = Instant::now();
    signal("CONT", program);
    let output = child.wait_with_output().unwrap();
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success());
    let took = begin.elapsed();
    // The timeout is 5 s; the driver's own, were ours not kept, is 30 s.
    assert!(took < Duration::from_secs(25), "{took:?}: {error}");
    for words in [
        "the pull broke off after ",
        " of about 100000 windows",
        "connection refused",
    ] {
        assert!(error.contains(words), "{words:?} is not in {error:?}");
    }
}

/// One connection that falls silent, while others don't, is replaced.
#[test]
fn a_connection_that_falls_silent_is_replaced() {
    let server = Mongod::start();
    server.python(&["fill", "db", "30000"]);
    let whole = pull(&server.uri(), "db").activity();
    let proxy = Proxy::start(server.port, Fault::SilentAfter(2_000_000), 1);
    let pulled = Cell::new(&proxy.uri(), "db")
        .env("MONGODB_TIMEOUT", TIMEOUT)
        .run();
    assert_same(&pulled.activity(), &whole);
    assert!(pulled.stdout().contains("going on"), "{}", pulled.stdout());
    assert!(!pulled.stdout().contains("anew"), "{}", pulled.stdout());
}

/// A line on which a batch takes longer than the timeout, though data flows.
#[test]
fn a_slow_line_gets_smaller_batches() {
    let server = Mongod::start();
    server.python(&["fill", "db", "3000"]);
    let whole = pull(&server.uri(), "db").activity();
    let proxy = Proxy::start(server.port, Fault::Slow(60_000), u64::MAX);
    let pulled = Cell::new(&proxy.uri(), "db")
        .env("MONGODB_TIMEOUT", TIMEOUT)
        .run();
    assert_same(&pulled.activity(), &whole);
    assert!(pulled.stdout().contains("going on"), "{}", pulled.stdout());
}

/// A connection that breaks off while windows are merged costs none.
#[test]
fn merging_goes_on_when_a_connection_falls_silent() {
    let server = Mongod::start();
    server.python(&["fill", "db", "20000"]);
    let cell = |uri: &str| {
        Cell::new(uri, "db")
            .env("MONGODB_TIMEOUT", TIMEOUT)
            .args(&["--every", "hour"])
    };
    let last = |text: String| text.lines().last().unwrap().to_owned();
    let whole = last(cell(&server.uri()).run().stdout());
    let proxy = Proxy::start(server.port, Fault::SilentAfter(2_000_000), 1);
    let pulled = cell(&proxy.uri()).run();
    assert!(pulled.output.status.success(), "{}", pulled.stderr());
    assert!(proxy.faults.load(Ordering::SeqCst) >= 1);
    assert_eq!(last(pulled.stdout()), whole);
}

/// A server that says nothing is an error within the timeout.
#[test]
fn silence_is_an_error_in_time() {
    let server = Mongod::start();
    server.python(&["fill", "db", "30000"]);
    // From the first byte, and in the middle.
    for bytes in [0, 2_000_000] {
        let proxy = Proxy::start(server.port, Fault::DeadAfter(bytes), u64::MAX);
        let cell = Cell::new(&proxy.uri(), "db").env("MONGODB_TIMEOUT", TIMEOUT);
        assert_fails(cell, &["didn't answer within 3 s", "MONGODB_TIMEOUT"]);
    }
}

/// A route that drops packets: a listener whose queue is full doesn't answer a
/// connection's first packet, as if it had been dropped.
#[test]
fn a_route_that_drops_packets_is_an_error_in_time() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let mut waiting = Vec::new();
    for _ in 0..8192 {
        let address = ([127, 0, 0, 1], port).into();
        match std::net::TcpStream::connect_timeout(&address, Duration::from_millis(100)) {
            Ok(stream) => waiting.push(stream),
            Err(_) => break,
        }
    }
    let cell = Cell::new(&uri(port), "db").env("MONGODB_TIMEOUT", TIMEOUT);
    assert_fails(cell, &["didn't answer within 3 s"]);
}

/// The primary of a replica set dies in the middle of a pull.
#[test]
fn a_primary_killed_in_mid_pull_changes_nothing() {
    let mut servers: Vec<Mongod> = (0..3)
        .map(|_| Mongod::with(&["--replSet", "rs", "--oplogSize", "50"]))
        .collect();
    let ports: Vec<String> = servers
        .iter()
        .map(|server| server.port.to_string())
        .collect();
    let mut arguments = vec!["replica_set"];
    arguments.extend(ports.iter().map(String::as_str));
    let direct = format!("{}?directConnection=true", servers[0].uri());
    let primary: u16 = python(&direct, &arguments).trim().parse().unwrap();
    let hosts: Vec<String> = ports
        .iter()
        .map(|port| format!("127.0.0.1:{port}"))
        .collect();
    let set = format!("mongodb://{}/?replicaSet=rs&w=3", hosts.join(","));
    python(&set, &["fill", "db", "200000", "2020-01-01T00:00:00", "5"]);
    let whole = pull(&set, "db").activity();
    let (child, cell) = Cell::new(&set, "db").spawn();
    let program = reading(child.id());
    signal("STOP", program);
    servers
        .iter_mut()
        .find(|server| server.port == primary)
        .unwrap()
        .kill();
    signal("CONT", program);
    let output = child.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success(),
        "{said}{}",
        String::from_utf8_lossy(&output.stderr)
    );
    assert!(said.contains("going on"), "it was not in mid-pull: {said}");
    assert_same(&crate::support::saved(&cell), &whole);
}

/// SCRAM: the right password works, a wrong one is named without being shown.
#[test]
fn passwords_are_checked_and_never_shown() {
    let server = Mongod::start();
    server.python(&["fill", "db", "500"]);
    server.python(&["user", "reader", "hunter2!@/"]);
    // The same data, now with authentication.
    let mut secured = server;
    secured.restart(&["--auth"]);
    let port = secured.port;
    let right = format!("mongodb://reader:hunter2%21%40%2F@127.0.0.1:{port}/");
    let snapshot = Folder::new();
    let cell = Cell::new(&right, "db").env("ACTIVITY_SNAPSHOT", snapshot.join("snapshot"));
    let (mut child, cell) = cell.spawn();
    // Arguments are for all to see: the password is in none.
    let mut arguments = String::new();
    while child.try_wait().unwrap().is_none() {
        for id in crate::support::descendants(child.id()) {
            arguments +=
                &std::fs::read_to_string(format!("/proc/{id}/cmdline")).unwrap_or_default();
        }
        std::thread::sleep(Duration::from_millis(2));
    }
    let output = child.wait_with_output().unwrap();
    assert!(arguments.contains("pull"), "the program was never seen");
    assert_eq!(crate::support::saved(&cell).len(), 500);
    let snapshot = std::fs::read(snapshot.join("snapshot")).unwrap();
    let said = [
        output.stdout,
        output.stderr,
        arguments.into_bytes(),
        snapshot,
        format!("{:?}", crate::support::saved(&cell)).into_bytes(),
    ];
    for said in said {
        let said = String::from_utf8_lossy(&said).into_owned();
        assert!(!said.contains("hunter2"), "{said}");
    }
    let wrong = format!("mongodb://reader:hunter2@127.0.0.1:{port}/");
    assert_fails(
        Cell::new(&wrong, "db"),
        &["refuses the user name or the password", "authSource"],
    );
    let none = format!("mongodb://127.0.0.1:{port}/");
    assert_fails(
        Cell::new(&none, "db"),
        &["the user in MONGOKEY may not read db.activitydata"],
    );
}

/// TLS with an authority of one's own works with tlsCAFile, and without it the
/// message says that.
#[test]
fn a_private_authority_is_trusted_when_named() {
    let folder = Folder::new();
    let script = "
        openssl req -x509 -newkey rsa:2048 -nodes -keyout ca.key -out ca.pem -days 2 -subj /CN=ours \
            -addext basicConstraints=critical,CA:TRUE
        openssl req -newkey rsa:2048 -nodes -keyout server.key -out server.csr -subj /CN=localhost
        printf 'subjectAltName=DNS:localhost,IP:127.0.0.1' > names
        openssl x509 -req -in server.csr -CA ca.pem -CAkey ca.key -CAcreateserial -out server.crt -days 2 -extfile names
        cat server.crt server.key > server.pem";
    let made = Command::new("sh")
        .args(["-ec", script])
        .current_dir(&folder.0)
        .output()
        .unwrap();
    assert!(
        made.status.success(),
        "{}",
        String::from_utf8_lossy(&made.stderr)
    );
    let certificate = folder.join("server.pem");
    let authority = folder.join("ca.pem");
    let server = Mongod::with(&[
        "--tlsMode",
        "requireTLS",
        "--tlsCertificateKeyFile",
        certificate.to_str().unwrap(),
    ]);
    let trusted = format!(
        "mongodb://localhost:{}/?tls=true&tlsCAFile={}",
        server.port,
        authority.display()
    );
    python(&trusted, &["fill", "db", "100"]);
    assert_eq!(pull(&trusted, "db").activity().len(), 100);
    let untrusted = format!("mongodb://localhost:{}/?tls=true", server.port);
    assert_fails(
        Cell::new(&untrusted, "db"),
        &["is not trusted (UnknownIssuer)", "tlsCAFile="],
    );
    let plain = format!("mongodb://localhost:{}/", server.port);
    assert_fails(
        Cell::new(&plain, "db").env("MONGODB_TIMEOUT", TIMEOUT),
        &["if the server wants TLS, add tls=true"],
    );
    let missing = format!("{untrusted}&tlsCAFile=/no/such/ca.pem");
    assert_fails(Cell::new(&missing, "db"), &["/no/such/ca.pem"]);
}

/// What a user gets wrong, each with what to do.
#[test]
fn mistakes_are_named_with_their_remedy() {
    let server = Mongod::start();
    server.python(&["fill", "db", "20"]);
    server.python(&["insert", "db", "other", r#"[{"x": 1}, {"x": 2}]"#]);
    let good = server.uri();
    let nobody = free_port();
    let no_server = [
        &*format!("no server answers at 127.0.0.1:{nobody} (connection refused)"),
        "MONGOKEY",
    ];
    assert_fails(Cell::new(&uri(nobody), "db"), &no_server);
    assert_fails(
        Cell::new(&good, "nothing"),
        &[
            "MongoDB has no collection nothing.activitydata",
            "not there, but db",
            "MONGODB_DATABASE",
        ],
    );
    assert_fails(
        Cell::new(&good, "db").env("MONGODB_COLLECTION", "missing"),
        &[
            "MongoDB has no collection db.missing",
            "activitydata (20), other (2)",
            "MONGODB_COLLECTION",
        ],
    );
    server.python(&["insert", "db", "empty", r#"[{"_id": 1}]"#]);
    server.python(&["empty", "db", "empty"]);
    assert_fails(
        Cell::new(&good, "db").env("MONGODB_COLLECTION", "empty"),
        &[
            "db.empty has no documents",
            "activitydata (20), empty (0), other (2)",
        ],
    );
    assert_fails(
        Cell::new(&good, "db")
            .env("MONGODB_COLLECTION", "empty")
            .args(&["--every", "day"]),
        &[
            "db.empty has no documents",
            "activitydata (20), empty (0), other (2)",
        ],
    );
    assert_fails(
        Cell::new(&good, "db").env("MONGODB_COLLECTION", "other"),
        &["MongoDB db.other has no window that can be used (2 left out"],
    );
    for broken in [
        "nonsense",
        "http://x",
        "mongodb:/127.0.0.1",
        "mongodb://",
        "mongodb://127.0.0.1:port",
        "mongodb://127.0.0.1:27017/?tls=maybe",
        "mongodb://reader:hunter2@",
        "mongodb://reader:hunter2",
        "mongodb://reader:hunter2%40cluster0.example.net/",
        "mongodb+srv://reader:hunter2%40cluster0.example.net/",
        "mongodb+srv://hunter2%40cluster0.example.net/",
        "mongodb://127.0.0.1/?authMechanismProperties=hunter2",
        "mongodb://127.0.0.1/?directConnection=yes",
        "mongodb://127.0.0.1/?tls=true&tlsCertificateKeyFilePassword=hunter2",
    ] {
        assert_fails(Cell::new(broken, "db"), &["MONGOKEY is not a "]);
    }
    for unescaped in [
        "mongodb://me:hunter2@x@127.0.0.1/",
        "mongodb://me:hunter2/x@127.0.0.1/",
        "mongodb://me:hunter%2@127.0.0.1",
    ] {
        assert_fails(
            Cell::new(unescaped, "db"),
            &["percent-encoded", "%40 for @"],
        );
    }
    assert_fails(
        Cell::new("mongodb+srv://me:hunter2@no.such.invalid/", "db"),
        &["no.such.invalid"],
    );
    assert_fails(
        Cell::new("mongodb://me:hunter2@no.such.invalid/", "db"),
        &["can't be found (no.such.invalid:27017)"],
    );
    // It answers, but isn't the one that is asked for.
    assert_fails(
        Cell::new(&format!("{good}?replicaSet=wrong"), "db").env("MONGODB_TIMEOUT", TIMEOUT),
        &["has no member that can be read within 3 s", "replica set"],
    );
    assert_fails(
        Cell::new(&good, "db").env("TIMEZONE", "Mars/Olympus"),
        &["TIMEZONE=Mars/Olympus is not a time zone"],
    );
    assert_fails(
        Cell::new(&good, "db").env("MONGODB_TIMEOUT", "soon"),
        &["MONGODB_TIMEOUT=soon is not a number of seconds"],
    );
    assert_fails(
        Cell::new(&good, "db").args(&["--since", "yesterday"]),
        &["\"yesterday\" is not a time"],
    );
    let no_window = [
        "MongoDB db.activitydata has no window that can be used in the span since 2030-01-01 (0 left out)",
        "another span",
    ];
    let since = ["--since", "2030-01-01"];
    assert_fails(Cell::new(&good, "db").args(&since), &no_window);
    assert_fails(
        Cell::new(&good, "db")
            .args(&since)
            .args(&["--every", "day"]),
        &no_window,
    );
    assert_fails(
        Cell::new(&good, "db").args(&["--since", "2026-02-01", "--until", "2026-01-01"]),
        &["the span since 2026-02-01 until 2026-01-01 is empty"],
    );
    let option = format!("{good}?appName=me@work");
    assert_eq!(pull(&option, "db").activity().len(), 20);
    // The first database that isn't MongoDB's own, when none is named.
    let mut cell = Cell::new(&good, "");
    cell.command.env_remove("MONGODB_DATABASE");
    assert!(cell.run().stdout().contains("database db, "));
}

/// A connection string that another driver takes is taken, with a line on what
/// has no effect here.
#[test]
fn strings_for_other_drivers_are_taken() {
    let server = Mongod::start();
    server.python(&["fill", "db", "20"]);
    let good = server.uri();
    for (options, note) in [
        ("compressors=zlib", None),
        ("compressors=snappy,zlib,zstd&zlibCompressionLevel=6", None),
        ("uuidRepresentation=standard&tz_aware=true", None),
        ("retryWrites=true&w=majority&", None),
        (
            "readPreference=primary&appname=MongoDB%20Compass&ssl=false",
            None,
        ),
        ("slaveOk=true&tlsCRLFile=/x", Some("slaveOk, tlsCRLFile")),
        ("readPreference=fastest", Some("readPreference")),
    ] {
        let pulled = pull(&format!("{good}?{options}"), "db");
        assert_eq!(pulled.activity().len(), 20);
        let stdout = pulled.stdout();
        let said = stdout.lines().find(|line| line.starts_with("Note"));
        let start = "Note: of MONGOKEY's options, these have no effect here: ";
        assert_eq!(said.map(|said| said.strip_prefix(start).unwrap()), note);
    }
    let blank = format!("mongodb:// 127.0.0.1:{} /", server.port);
    assert_eq!(pull(&blank, "db").activity().len(), 20);
    for (options, words) in [
        ("tls=true", "take tls=true out of MONGOKEY"),
        (
            "loadBalanced=true",
            "take loadBalanced=true out of MONGOKEY",
        ),
        ("authMechanism=MONGODB-X509", "signs in with a certificate"),
        ("authMechanism=MONGODB-AWS", "knows SCRAM-SHA-1"),
        ("tlsCertificateKeyFilePassword=hunter2", "openssl pkey"),
        (
            "tls=true&tlsCertificateKeyFile=/no/such.pem",
            "/no/such.pem",
        ),
    ] {
        let cell = Cell::new(&format!("{good}?{options}"), "db");
        assert_fails(cell.env("MONGODB_TIMEOUT", TIMEOUT), &[words]);
    }
}

/// Servers that speak MongoDB's language without `min` and `hint` are read with a
/// filter instead: after a pull only what is new, after a break only the rest.
#[test]
fn a_server_that_knows_no_min_is_gone_on_from() {
    let server = Mongod::start();
    server.python(&["fill", "db", "20000"]);
    let stand_in = StandIn::start(server.port, Manner::NoMin);
    let folder = Folder::new();
    let again = |refused: u64| {
        let cell = Cell::new(&stand_in.uri(), "db");
        let pulled = cell.env("ACTIVITY_SNAPSHOT", folder.join("snapshot")).run();
        assert_same(&pulled.activity(), &pull(&server.uri(), "db").activity());
        assert!(!pulled.stdout().contains("anew"), "{}", pulled.stdout());
        assert_eq!(stand_in.refused.load(Ordering::SeqCst), refused);
    };
    again(0);
    server.python(&["fill", "db", "100", "2025-06-01T00:00:00"]);
    again(1);
    let proxy = Proxy::start(stand_in.port, Fault::CutAfter(2_000_000), 1);
    let pulled = pull(&proxy.uri(), "db");
    assert_same(&pulled.activity(), &pull(&server.uri(), "db").activity());
    assert!(pulled.stdout().contains("going on"), "{}", pulled.stdout());
    assert_eq!(stand_in.refused.load(Ordering::SeqCst), 2);
    // Dates follow ObjectIds in MongoDB's order of `_id`. A comparison with an
    // ObjectId finds none of them; one with a date has no index.
    for (month, refused) in [(7, 3), (8, 4)] {
        let dated = format!(
            r#"[{{"_id": time, "time": time, "online-members": 1, "messages-sent": 0, "quantities": {{}}}} for time in [datetime.datetime(2025, {month}, day) for day in range(1, 30)]]"#
        );
        server.python(&["insert", "db", "activitydata", &dated]);
        again(refused);
    }
}

/// Cosmos DB puts questions off when there are more than is paid for: the pull
/// waits, says so once, and gets everything.
#[test]
fn a_server_that_puts_off_is_waited_for() {
    let server = Mongod::start();
    server.python(&["fill", "db", "20000"]);
    let whole = pull(&server.uri(), "db").activity();
    let folder = Folder::new();
    for each in [2, 3] {
        let stand_in = StandIn::start(server.port, Manner::PutsOff(each));
        let cell = Cell::new(&stand_in.uri(), "db");
        let pulled = cell.env("ACTIVITY_SNAPSHOT", folder.join("snapshot")).run();
        assert_same(&pulled.activity(), &whole);
        assert!(stand_in.refused.load(Ordering::SeqCst) > 2);
        let stdout = pulled.stdout();
        assert!(!stdout.contains("anew"), "{stdout}");
        let told = stdout.lines().filter(|line| line.contains("going on"));
        assert!(told.count() <= 1, "{stdout}");
    }
    let never = StandIn::start(server.port, Manner::PutsOff(u64::MAX));
    assert_fails(
        Cell::new(&never.uri(), "db").env("MONGODB_TIMEOUT", TIMEOUT),
        &["let no request through for 3 s", "throughput (RU/s)"],
    );
}

/// A server that the driver refuses for its age is called old, not unready.
#[test]
fn an_old_server_is_named_with_its_version() {
    let server = Mongod::start();
    for (protocol, version) in [(8, "4.2"), (7, "4.0")] {
        let old = StandIn::start(server.port, Manner::Protocol(protocol));
        assert_fails(
            Cell::new(&old.uri(), "db"),
            &[
                &format!("is MongoDB {version}, which is too old"),
                "needs 4.4 or later",
            ],
        );
    }
}

/// A replica set in Docker or behind a tunnel has names that mean nothing here.
#[test]
fn a_member_that_has_no_name_here_is_named_with_the_way_out() {
    let server = Mongod::start();
    server.python(&["fill", "db", "20"]);
    let member = "mongo-1.invalid:27017";
    let set = StandIn::start(server.port, Manner::Member(member));
    let words = [
        "a replica set with the member mongo-1.invalid:27017",
        "directConnection=true",
    ];
    assert_fails(Cell::new(&set.uri(), "db"), &words);
    let named = format!("{}?replicaSet=rs", set.uri());
    assert_fails(Cell::new(&named, "db"), &words);
    let direct = format!("{}?directConnection=true", set.uri());
    assert_eq!(pull(&direct, "db").activity().len(), 20);
}

/// What a server says when it ends the TLS handshake, and what is no TLS at all.
#[test]
fn the_end_of_a_tls_handshake_is_told_by_its_reason() {
    for (answer, words) in [
        (&b"\x15\x03\x03\0\x02\x02\x50"[..], "Network Access"),
        (b"\x15\x03\x03\0\x02\x02\x46", "TLS 1.2 or 1.3"),
        (b"\x15\x03\x03\0\x02\x02\x30", "tlsCertificateKeyFile="),
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", "doesn't speak TLS"),
    ] {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        std::thread::spawn(move || {
            for mut client in listener.incoming().map_while(Result::ok) {
                let _ = client.read(&mut [0; 4096]);
                let _ = client.write_all(answer);
            }
        });
        let uri = format!("mongodb://me:hunter2@127.0.0.1:{port}/?tls=true");
        assert_fails(Cell::new(&uri, "db"), &[words]);
    }
}

/// A line that begins with the kernel's own words would be taken for them.
#[test]
fn a_name_at_the_server_begins_no_line() {
    let server = Mongod::start();
    let name = "a\nEVCXR_BEGIN_CONTENT text/html\nEVCXR_END_CONTENT";
    server.python(&["insert", "db", name, r#"[{"x": 1}]"#]);
    let error = Cell::new(&server.uri(), "db").run().error();
    assert!(error.contains("a EVCXR_BEGIN_CONTENT"), "{error}");
    assert_eq!(error.lines().count(), 1, "{error}");
}

/// Ten thousand documents with anything wrong in them: each is taken or named.
#[test]
fn mangled_documents_are_taken_or_named() {
    let server = Mongod::start();
    let stored: usize = server
        .python(&["mangled", "db", "10000"])
        .trim()
        .parse()
        .unwrap();
    assert!(stored > 9_000, "{stored}");
    let activity = pull(&server.uri(), "db").activity();
    assert_eq!(activity.len() + activity.left_out().len(), stored);
    assert!(activity.len() > 1_000 && activity.left_out().len() > 1_000);
    assert!(
        activity
            .left_out()
            .iter()
            .all(|left_out| left_out.document.starts_with("_id "))
    );
}

/// Compression is used where the server offers it and the way is long.
#[test]
fn compression_is_used_on_a_long_way() {
    let server = Mongod::start();
    server.python(&["fill", "db", "5000"]);
    let whole = pull(&server.uri(), "db").activity();
    let none: serde_json::Value = serde_json::from_str(&server.python(&["traffic"])).unwrap();
    // The same address, but not as one's own machine is written.
    let far = format!("mongodb://127.1:{}/", server.port);
    let compressed = pull(&far, "db").activity();
    assert_same(&whole, &compressed);
    let traffic: serde_json::Value = serde_json::from_str(&server.python(&["traffic"])).unwrap();
    let sent = |key: &str| {
        traffic["compressor"][key].as_str().map_or_else(
            || {
                traffic["compressor"][key]["$numberLong"]
                    .as_i64()
                    .or(traffic["compressor"][key].as_i64())
                    .unwrap()
            },
            |text| text.parse().unwrap(),
        )
    };
    assert_ne!(none, traffic, "it is compressed that time, not before");
    assert!(
        sent("bytesIn") > 500_000 && sent("bytesOut") * 2 < sent("bytesIn"),
        "{traffic}"
    );
}
