//! Servers that speak MongoDB's language and aren't quite MongoDB: a proxy before
//! a real one, which reads messages and gives some answers itself.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// What is different.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Manner {
    /// `find` knows neither `min` nor `hint`, as with FerretDB and DocumentDB.
    NoMin,
    /// Of so many questions, only the last is answered; the others are put off, as
    /// Cosmos DB does.
    PutsOff(u64),
    /// It speaks at most this protocol, as older servers do.
    Protocol(i32),
    /// It is a replica set whose member has this name.
    Member(&'static str),
}

/// Such a server. Its threads end with the process.
pub(crate) struct StandIn {
    pub(crate) port: u16,
    /// How many questions it refused.
    pub(crate) refused: Arc<AtomicU64>,
}

impl StandIn {
    pub(crate) fn start(upstream: u16, manner: Manner) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let refused = Arc::new(AtomicU64::new(0));
        let (counted, asked) = (Arc::clone(&refused), Arc::new(AtomicU64::new(0)));
        std::thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                let server = TcpStream::connect(("127.0.0.1", upstream)).unwrap();
                let (counted, asked) = (Arc::clone(&counted), Arc::clone(&asked));
                std::thread::spawn(move || serve(client, server, manner, &asked, &counted));
            }
        });
        Self { port, refused }
    }

    pub(crate) fn uri(&self) -> String {
        super::uri(self.port)
    }
}

/// The bytes of a message, after its length, two numbers and its kind.
const HEAD: usize = 16;
const MESSAGE: i32 = 2013;

fn number(bytes: &[u8], at: usize) -> i32 {
    i32::from_le_bytes(bytes[at..at + 4].try_into().unwrap())
}

fn message(from: &mut TcpStream) -> Option<Vec<u8>> {
    let mut bytes = vec![0; HEAD];
    from.read_exact(&mut bytes).ok()?;
    bytes.resize(usize::try_from(number(&bytes, 0)).ok()?, 0);
    from.read_exact(&mut bytes[HEAD..]).ok()?;
    Some(bytes)
}

fn serve(
    mut client: TcpStream,
    mut server: TcpStream,
    manner: Manner,
    asked: &AtomicU64,
    refused: &AtomicU64,
) -> Option<()> {
    loop {
        let question = message(&mut client)?;
        if let Some((code, words)) = refusal(&question, manner, asked) {
            refused.fetch_add(1, Ordering::SeqCst);
            client.write_all(&refuse(&question, code, words)).ok()?;
            continue;
        }
        server.write_all(&question).ok()?;
        let mut answer = message(&mut server)?;
        if let Some(at) = find(&answer, b"\x10maxWireVersion\0") {
            match manner {
                Manner::Protocol(newest) => {
                    answer[at..at + 4].copy_from_slice(&newest.to_le_bytes());
                }
                Manner::Member(name) => be_a_member(&mut answer, name),
                _ => (),
            }
        }
        client.write_all(&answer).ok()?;
    }
}

/// Where what follows these bytes begins.
fn find(message: &[u8], bytes: &[u8]) -> Option<usize> {
    let at = message
        .windows(bytes.len())
        .position(|part| part == bytes)?;
    Some(at + bytes.len())
}

/// The code and the words that the question is refused with.
fn refusal(question: &[u8], manner: Manner, asked: &AtomicU64) -> Option<(i32, &'static str)> {
    // After a message's flags, a section's kind and a document's length comes its
    // first element, which is named as the command.
    let name = question.get(HEAD + 10..)?;
    let is = |command: &str| name.starts_with(format!("{command}\0").as_bytes());
    if number(question, 12) != MESSAGE {
        return None;
    }
    match manner {
        Manner::NoMin if is("find") => {
            let unknown = |option: &[u8]| find(question, option).is_some();
            (unknown(b"\x03min\0") || unknown(b"\x03hint\0"))
                .then_some((238, "find.min is not implemented yet"))
        }
        Manner::PutsOff(of)
            if ["find", "getMore", "count", "aggregate", "listCollections"]
                .into_iter()
                .any(is) =>
        {
            let number = asked.fetch_add(1, Ordering::SeqCst) + 1;
            let words = "Error=16500, RetryAfterMs=34, Details='Request rate is large'";
            (!number.is_multiple_of(of)).then_some((16_500, words))
        }
        _ => None,
    }
}

fn element(kind: u8, name: &str, value: &[u8]) -> Vec<u8> {
    [&[kind], name.as_bytes(), b"\0", value].concat()
}

fn text(name: &str, text: &str) -> Vec<u8> {
    let length = text.len() as i32 + 1;
    element(
        2,
        name,
        &[&length.to_le_bytes(), text.as_bytes(), b"\0"].concat(),
    )
}

fn document(elements: &[Vec<u8>]) -> Vec<u8> {
    let elements = elements.concat();
    let length = elements.len() as i32 + 5;
    [&length.to_le_bytes(), &*elements, b"\0"].concat()
}

fn refuse(question: &[u8], code: i32, words: &str) -> Vec<u8> {
    let document = document(&[
        element(1, "ok", &0_f64.to_le_bytes()),
        element(0x10, "code", &code.to_le_bytes()),
        text("errmsg", words),
    ]);
    let length = HEAD + 5 + document.len();
    let head = [length as i32, 1, number(question, 4), MESSAGE];
    let head = head.map(i32::to_le_bytes).concat();
    [&*head, &[0; 5], &document].concat()
}

/// Adds a replica set to what a server says of itself, which is the end of its
/// answer.
fn be_a_member(answer: &mut Vec<u8>, name: &str) {
    let begin = HEAD + if number(answer, 12) == MESSAGE { 5 } else { 20 };
    let added = [
        text("setName", "rs"),
        element(4, "hosts", &document(&[text("0", name)])),
        text("me", name),
        text("primary", name),
    ]
    .concat();
    answer.pop();
    answer.extend_from_slice(&added);
    answer.push(0);
    for at in [0, begin] {
        let length = number(answer, at) + added.len() as i32;
        answer[at..at + 4].copy_from_slice(&length.to_le_bytes());
    }
}
