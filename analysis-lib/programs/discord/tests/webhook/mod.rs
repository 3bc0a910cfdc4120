//! An HTTP server that stands in for Discord's webhooks, with faults to order.
//!
//! Reference: https://discord.com/developers/docs/resources/webhook

// Not every test uses all of it.
#![allow(dead_code)]

use std::collections::VecDeque;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};

pub(crate) const ID: u64 = 700_000_000_000_000_001;
pub(crate) const TOKEN: &str = "s3cr3t-Of_the-webhook";

/// What the stand-in does with a request in place of taking it.
#[derive(Clone, Debug)]
pub(crate) enum Fault {
    /// Answers with this status and body, and does nothing.
    Answer(u16, String),
    /// Closes the connection once it has the head.
    BreakBeforeBody,
    /// Takes the message, and closes the connection without an answer.
    BreakAfterBody,
    /// Takes the message, and answers with this status and no JSON.
    TakeAndAnswer(u16),
}

/// A message as it came: the request's line, its type, and its body.
#[derive(Clone)]
pub(crate) struct Taken {
    pub(crate) request: String,
    pub(crate) kind: String,
    pub(crate) body: Vec<u8>,
}

#[derive(Default)]
pub(crate) struct Channel {
    /// What is done first, request by request.
    pub(crate) faults: VecDeque<Fault>,
    /// What was taken.
    pub(crate) taken: Vec<Taken>,
    /// How many requests there were.
    pub(crate) requests: usize,
    /// Messages that were removed since.
    pub(crate) is_gone: bool,
}

pub(crate) struct Server {
    pub(crate) address: String,
    pub(crate) channel: Arc<Mutex<Channel>>,
}

impl Server {
    pub(crate) fn start(faults: impl IntoIterator<Item = Fault>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let channel = Arc::new(Mutex::new(Channel {
            faults: faults.into_iter().collect(),
            ..Channel::default()
        }));
        let shared = channel.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let shared = shared.clone();
                std::thread::spawn(move || serve(stream, &shared));
            }
        });
        Self { address, channel }
    }

    pub(crate) fn taken(&self) -> Vec<Taken> {
        self.channel.lock().unwrap().taken.clone()
    }
}

/// Answers one request. `None`: the connection ends before.
fn serve(stream: TcpStream, channel: &Mutex<Channel>) -> Option<()> {
    let mut input = BufReader::new(stream.try_clone().ok()?);
    let mut head = Vec::new();
    loop {
        let mut line = String::new();
        if input.read_line(&mut line).ok()? == 0 {
            return None;
        }
        if line.trim().is_empty() {
            break;
        }
        head.push(line.trim().to_owned());
    }
    let header = |name: &str| {
        let mut lines = head.iter().filter_map(|line| line.split_once(": "));
        let found = lines.find(|(own, _)| own.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.to_owned()).unwrap_or_default()
    };
    let fault = {
        let mut channel = channel.lock().unwrap();
        channel.requests += 1;
        channel.faults.pop_front()
    };
    if let Some(Fault::BreakBeforeBody) = fault {
        return None;
    }
    let mut body = vec![0; header("content-length").parse().ok()?];
    input.read_exact(&mut body).ok()?;
    let answer = |status: u16, body: &str| {
        let length = body.len();
        let head =
            format!("HTTP/1.1 {status} X\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n");
        let _ = (&stream).write_all((head + body).as_bytes());
    };
    if let Some(Fault::Answer(status, body)) = &fault {
        answer(*status, body);
        return Some(());
    }
    let request = head[0].clone();
    let mut channel = channel.lock().unwrap();
    if request.starts_with("PATCH") && channel.is_gone {
        answer(
            404,
            &json!({"code": 10008, "message": "Unknown Message"}).to_string(),
        );
        return Some(());
    }
    channel.taken.push(Taken {
        request,
        kind: header("content-type"),
        body,
    });
    let id = 800_000_000_000_000_000 + channel.taken.len() as u64;
    drop(channel);
    match fault {
        Some(Fault::BreakAfterBody) => (),
        Some(Fault::TakeAndAnswer(status)) => answer(status, "<html>Bad gateway</html>"),
        _ => answer(
            200,
            &json!({"id": id.to_string(), "content": ""}).to_string(),
        ),
    }
    Some(())
}

/// The form as Python's standard library reads it, and the picture as Pillow does.
pub(crate) fn parsed(taken: &Taken) -> Value {
    const SCRIPT: &str = r#"
import email.parser, email.policy, io, json, sys
from PIL import Image
kind = sys.argv[1].encode()
form = email.parser.BytesParser(policy=email.policy.HTTP).parsebytes(b"Content-Type: " + kind + b"\r\n\r\n" + sys.stdin.buffer.read())
parts = {part.get_param("name", header="content-disposition"): part for part in form.iter_parts()}
said = {"names": list(parts), "payload": json.loads(parts["payload_json"].get_content())}
if "files[0]" in parts:
    picture = parts["files[0]"]
    image = Image.open(io.BytesIO(picture.get_content()))
    image.load()
    said |= {"file": picture.get_filename(), "type": picture.get_content_type(), "size": image.size, "format": image.format}
print(json.dumps(said))
"#;
    let python = std::env::var("REFERENCE_PYTHON").unwrap_or("python3".to_owned());
    let mut child = Command::new(python)
        .args(["-c", SCRIPT, &taken.kind])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(&taken.body).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success());
    serde_json::from_slice(&output.stdout).unwrap()
}
