//! What the recorder does and says where Discord or the network refuses it.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::path::Path;
use std::process::Command;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional};
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring::default_provider;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};

use super::{NOT_AGAIN, Recorder, Setup, in_runtime, key, pause, settle, wait, wait_long};
use crate::gateway::{Gateway, Refusal, State, TOKEN};
use crate::support::{Folder, Mongod, free_port};

/// The line that is said after the third failure.
const UNHEARD: &str = "nothing is heard from Discord: ";

/// Waits for the third failure: what is said of it.
fn third_failure(recorder: &Recorder) -> String {
    wait_long(UNHEARD, || {
        pause(50);
        recorder.said().contains(UNHEARD)
    });
    let said = recorder.said();
    let line = said.lines().find(|line| line.starts_with(UNHEARD));
    line.unwrap().to_owned()
}

#[test]
fn what_is_refused_is_asked_for_rarely_and_said_once_and_so_is_its_end() {
    let mongod = Mongod::start();
    let kinds = [
        ("it refuses the session", Some(Refusal::Invalid)),
        ("(code 4000)", Some(Refusal::Close(4000))),
        ("(code 4008)", Some(Refusal::Close(4008))),
        ("(code 1000)", Some(Refusal::Close(1000))),
        ("(code 4001)", Some(Refusal::CloseLater(4001))),
        ("ends connections at port", None),
    ];
    let refused = |words: &str, refusal: Option<Refusal>| {
        let gateway = Gateway::start(State {
            refusal,
            drops: refusal.is_none(),
            ..State::with(9)
        });
        let folder = Folder::new();
        let recorder = Setup::new(key(mongod.port), &gateway, &folder).start();
        let line = third_failure(&recorder);
        assert!(line.contains(words), "{line}");
        let wait = line.split_once("It is tried again in ").unwrap().1;
        let wait: u32 = wait.split(' ').next().unwrap().parse().unwrap();
        assert!((20..=30).contains(&wait), "{line}");
        {
            let mut state = gateway.state();
            // One in the beginning, two that resume at once, and one after each of
            // two waits.
            assert!(state.taken.len() <= 5, "{} of {words}", state.taken.len());
            state.refusal = None;
            state.drops = false;
        }
        wait_long("it is heard again", || {
            pause(50);
            recorder.said().contains("Discord is heard again")
        });
        settle(&gateway);
        let said = recorder.terminate();
        assert_eq!(said.matches(UNHEARD).count(), 1, "{said}");
        assert_eq!(said.matches("Discord is heard again").count(), 1, "{said}");
    };
    std::thread::scope(|scope| {
        for (words, refusal) in kinds {
            let refused = &refused;
            scope.spawn(move || refused(words, refusal));
        }
    });
}

/// Makes a certificate for localhost, of an authority of its own, in this folder:
/// `ca.pem`, `server.pem` and `server.key`.
fn certificate(folder: &Path) {
    const SCRIPT: &str = "
        openssl req -x509 -newkey rsa:2048 -nodes -keyout ca.key -out ca.pem -days 2 -subj /CN=ours \
            -addext basicConstraints=critical,CA:TRUE -addext keyUsage=critical,keyCertSign
        openssl req -newkey rsa:2048 -nodes -keyout server.key -out server.csr -subj /CN=localhost
        echo subjectAltName=DNS:localhost >names
        openssl x509 -req -in server.csr -CA ca.pem -CAkey ca.key -CAcreateserial -out server.pem -days 2 -extfile names
    ";
    let made = Command::new("sh")
        .args(["-ec", SCRIPT])
        .current_dir(folder)
        .output();
    let made = made.unwrap();
    let said = String::from_utf8_lossy(&made.stderr);
    assert!(made.status.success(), "{said}");
}

/// Serves each connection to a port of its own.
fn serve<F: Future<Output = ()>>(each: impl Fn(TcpStream) -> F + Send + 'static) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        in_runtime(async {
            let listener = tokio::net::TcpListener::from_std(listener).unwrap();
            loop {
                each(listener.accept().await.unwrap().0).await;
            }
        });
    });
    port
}

/// A port at which the gateway speaks TLS.
fn with_tls(gateway: &Gateway, folder: &Path) -> u16 {
    certificate(folder);
    let certificate = CertificateDer::from_pem_file(folder.join("server.pem")).unwrap();
    let key = PrivateKeyDer::from_pem_file(folder.join("server.key")).unwrap();
    let config = ServerConfig::builder_with_provider(Arc::new(default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key);
    let acceptor = TlsAcceptor::from(Arc::new(config.unwrap()));
    let address = gateway.url.strip_prefix("ws://").unwrap().to_owned();
    serve(move |stream| {
        let (acceptor, address) = (acceptor.clone(), address.clone());
        async move {
            let mut plain = TcpStream::connect(address).await.unwrap();
            if let Ok(mut stream) = acceptor.accept(stream).await {
                let _ = copy_bidirectional(&mut stream, &mut plain).await;
            }
        }
    })
}

/// An HTTP server that gives the same answer to everybody, and keeps what it is
/// asked.
struct Http {
    port: u16,
    answer: Arc<Mutex<String>>,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Http {
    fn start(answer: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let http = Self {
            port: listener.local_addr().unwrap().port(),
            answer: Arc::new(Mutex::new(answer.to_owned())),
            asked: Arc::default(),
        };
        let (answer, asked) = (http.answer.clone(), http.asked.clone());
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = stream.unwrap();
                let mut request = Vec::new();
                let mut byte = [0];
                // TLS begins with this, and gets the answer at once.
                const TLS: u8 = 0x16;
                while !request.ends_with(b"\r\n\r\n")
                    && request.first() != Some(&TLS)
                    && stream.read_exact(&mut byte).is_ok()
                {
                    request.push(byte[0]);
                }
                let request = String::from_utf8_lossy(&request).into_owned();
                asked.lock().unwrap().push(request);
                let answer = answer.lock().unwrap().clone();
                let _ = stream.write_all(answer.as_bytes());
            }
        });
        http
    }

    fn sessions(remaining: u32) -> String {
        let body = format!(
            r#"{{"url":"wss://gateway.discord.gg","shards":1,"session_start_limit":{{"total":1000,"remaining":{remaining},"reset_after":6000,"max_concurrency":1}}}}"#
        );
        format!(
            "HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        )
    }
}

#[test]
fn each_obstacle_on_the_way_to_discord_has_a_sentence_of_its_own() {
    let mongod = Mongod::start();
    let gateway = Gateway::start(State::with(9));
    let folder = Folder::new();
    let tls = with_tls(&gateway, &folder.0);
    let http = Http::start("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nlogin").port;
    let cases = [
        (
            format!("wss://localhost:{tls}"),
            "the certificate of localhost isn't trusted",
        ),
        (
            "ws://gateway.invalid".to_owned(),
            "the name gateway.invalid can't be found",
        ),
        (
            format!("ws://127.0.0.1:{}", free_port()),
            "takes no connection at port",
        ),
        (
            format!("ws://127.0.0.1:{http}"),
            "is no gateway of Discord's (it answers with the status 200)",
        ),
        (
            format!("wss://localhost:{http}"),
            "is no gateway of Discord's (it doesn't speak TLS)",
        ),
    ];
    let setup = Setup::new(key(mongod.port), &gateway, &folder);
    let running: Vec<_> = cases
        .iter()
        .map(|(url, words)| {
            let mut command = setup.command();
            command
                .env("DISCORD_GATEWAY", url)
                .env_remove("SSL_CERT_FILE");
            (Recorder::start(command, &folder), *words)
        })
        .collect();
    for (recorder, words) in running {
        let line = third_failure(&recorder);
        assert!(line.contains(words), "{words}: {line}");
    }
}

#[test]
fn the_system_s_certificates_are_trusted_and_a_proxy_is_used() {
    let mongod = Mongod::start();
    let gateway = Gateway::start(State::with(9));
    let folder = Folder::new();
    let tls = with_tls(&gateway, &folder.0);
    let asked = Arc::new(Mutex::new(Vec::new()));
    let kept = asked.clone();
    let proxy = serve(move |mut stream| {
        let kept = kept.clone();
        async move {
            let mut request = Vec::new();
            while !request.ends_with(b"\r\n\r\n") {
                request.push(stream.read_u8().await.unwrap());
            }
            kept.lock()
                .unwrap()
                .push(String::from_utf8(request).unwrap());
            let mut place = TcpStream::connect(("127.0.0.1", tls)).await.unwrap();
            let answer = b"HTTP/1.1 200 Connection established\r\n\r\n";
            stream.write_all(answer).await.unwrap();
            let _ = copy_bidirectional(&mut stream, &mut place).await;
        }
    });
    let setup = Setup::new(key(mongod.port), &gateway, &folder);
    let command = |proxy: String| {
        let mut command = setup.command();
        command
            .env("DISCORD_GATEWAY", format!("wss://localhost:{tls}"))
            .env("SSL_CERT_FILE", folder.join("ca.pem"))
            .env("HTTPS_PROXY", proxy);
        command
    };
    let recorder = setup.listening_with(command(format!("http://127.0.0.1:{proxy}")));
    recorder.terminate();
    let way = format!("CONNECT localhost:{tls} HTTP/1.1\r\n");
    assert!(asked.lock().unwrap()[0].starts_with(&way));
    let recorder = setup.listening_with(command("http://me:hunter2@127.0.0.1:1".to_owned()));
    let said = recorder.terminate();
    assert!(said.contains("HTTPS_PROXY isn't used"), "{said}");
    assert_eq!(asked.lock().unwrap().len(), 1);
}

#[test]
fn where_few_sessions_are_left_it_waits_for_new_ones() {
    let mongod = Mongod::start();
    let gateway = Gateway::start(State::with(9));
    let folder = Folder::new();
    let http = Http::start(&Http::sessions(49));
    let setup = Setup::new(key(mongod.port), &gateway, &folder);
    let command = || {
        let mut command = setup.command();
        command.env("DISCORD_PROXY", format!("127.0.0.1:{}", http.port));
        command
    };
    let recorder = Recorder::start(command(), &folder);
    recorder.wait_for("this bot may begin 49 of 1000 sessions until ");
    assert_eq!(gateway.state().taken.len(), 0);
    *http.answer.lock().unwrap() = Http::sessions(50);
    wait("it identifies", || gateway.state().identifies == 1);
    {
        let asked = http.asked.lock().unwrap();
        assert_eq!(asked.len(), 2);
        assert!(asked[0].starts_with("GET /api/v10/gateway/bot HTTP/1.1\r\n"));
        assert!(asked[0].contains(&format!("authorization: Bot {TOKEN}\r\n")));
        assert!(asked[0].contains("user-agent: DiscordBot ("));
    }
    // A session that is resumed is none that begins.
    settle(&gateway);
    gateway.state().cut();
    wait("it resumes", || gateway.state().resumes == 1);
    assert_eq!(http.asked.lock().unwrap().len(), 2);
    recorder.terminate();
    *http.answer.lock().unwrap() = "HTTP/1.1 401 Unauthorized\r\n\r\n".to_owned();
    let (status, said) = Recorder::start(command(), &folder).end();
    assert_eq!(status, Some(NOT_AGAIN));
    assert!(said.contains("doesn't accept DISCORD_TOKEN"), "{said}");
}

#[test]
fn a_server_that_does_not_come_is_said() {
    let mongod = Mongod::start();
    let gateway = Gateway::start(State {
        is_available: false,
        ..State::with(9)
    });
    let folder = Folder::new();
    let recorder = Setup::new(key(mongod.port), &gateway, &folder).listening();
    let words = "Discord has told nothing of the server";
    wait_long(words, || {
        pause(50);
        recorder.said().contains(words)
    });
    assert_eq!(gateway.state().taken.len(), 1);
    let came = chrono::Utc::now().timestamp_millis();
    gateway.state().set_available(true);
    settle(&gateway);
    super::live(&gateway, 1_000);
    let said = recorder.terminate();
    assert_eq!(said.matches(words).count(), 1, "{said}");
    // A window's end on the clock may lie in between, so there are one or two.
    let windows = super::windows(&mongod);
    assert!(windows[0].since >= came, "{windows:?}");
    super::check(&windows, &gateway);
    assert_eq!(super::missed(&windows, &gateway), [0; 0]);
}
