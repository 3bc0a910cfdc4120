//! Random schedules of connections that are lost, sessions that are refused, a
//! server that doesn't come, kills and a database that goes away, in simulated
//! time. After each, the documents must equal what a perfect
//! observer saw between their begin and end, and what no document covers must be
//! what had to be missed.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::path::PathBuf;

use activity_discord::store::document::{Span, document, overlap, span};
use activity_discord::store::place::{Answer, Inserted, Store, There};
use activity_discord::store::spool::Spool;
use bson::RawDocumentBuf;
use bson::oid::ObjectId;

use super::deliver::deliver;
use super::event::Members;
use super::pace::Pace;
use super::window::{GRACE, Recorder};
use activity_data::source::document as field;
use activity_data::source::sample::Random;

const SERVER: u64 = 900_000_000_000_000_001;
const LENGTH: i64 = 600_000;
const BEAT: i64 = 41_250;
const BEGIN: i64 = 1_700_000_000_000;
const HOURS: i64 = 3;
const SECOND: i64 = 1_000;
const MINUTE: i64 = 60 * SECOND;
/// Members 0 to 3 are bots.
const BOTS: u64 = 4;
const MEMBERS: u64 = 40;
/// The longest way of a message to the recorder.
const DELAY: u64 = 300;

/// A database that may be away, or take a document without a word.
#[derive(Default)]
struct Database {
    documents: BTreeMap<ObjectId, RawDocumentBuf>,
    is_away: bool,
    is_silent: bool,
}

impl Store for Database {
    fn name(&self) -> String {
        "the database".to_owned()
    }

    fn prepare(&mut self) -> Answer<'_, Result<Option<String>, activity_data::Error>> {
        Box::pin(async { Ok(None) })
    }

    fn insert<'a>(&'a mut self, documents: &'a [RawDocumentBuf]) -> Answer<'a, Inserted> {
        Box::pin(async { self.take(documents) })
    }

    fn spans(&mut self) -> Answer<'_, Result<Vec<Span>, String>> {
        let spans = self.documents.values().filter_map(|it| span(it)).collect();
        Box::pin(async { Ok(spans) })
    }
}

impl Database {
    fn take(&mut self, documents: &[RawDocumentBuf]) -> Inserted {
        if self.is_away {
            return Err("away".to_owned());
        }
        let mut found = Vec::new();
        for document in documents {
            let id = document.get_object_id("_id").unwrap();
            let there = self.documents.get(&id);
            found.push(there.map(|there| There {
                is_same: there == document,
                span: span(there),
            }));
            self.documents.entry(id).or_insert_with(|| document.clone());
        }
        if found.contains(&None) && std::mem::take(&mut self.is_silent) {
            return Err("silent".to_owned());
        }
        Ok(found)
    }
}

/// Who comes and goes has ids from here, and is never online.
const GUESTS: u64 = 100;
/// Two channels, of which each has a thread whose id is this much greater.
const CHANNELS: u64 = 2;
const THREAD: u64 = 1_000;

/// What Discord tells.
#[derive(Clone, Copy)]
enum Told {
    Message(i64, u64, u64),
    Presence(u64, bool),
    Joined(i64, u64),
    Left(u64),
}

/// What really happened.
struct Truth {
    online: Vec<bool>,
    /// When it changed, and the humans online from then on.
    counts: Vec<(i64, u32)>,
    /// When, by whom and in which channel.
    messages: Vec<(i64, u64, u64)>,
    guests: BTreeSet<u64>,
    /// When somebody joined, or left.
    joined: Vec<(i64, u64)>,
    left: Vec<(i64, u64)>,
    /// When it changed, and the human members from then on.
    members: Vec<(i64, u32)>,
}

impl Truth {
    fn humans(&self) -> u32 {
        let humans = &self.online[BOTS as usize..];
        humans.iter().filter(|&&online| online).count() as u32
    }

    /// All of them, or those that are listed with a large server.
    fn members(&self, is_large: bool) -> Members {
        let online = (0..MEMBERS).filter(|&id| self.online[id as usize]);
        let humans = (BOTS..MEMBERS).chain(self.guests.iter().copied());
        Members {
            humans: humans.filter(|id| !is_large || id % 3 == 0).collect(),
            bots: (0..BOTS).collect(),
            online: online.collect(),
        }
    }
}

enum Connection {
    Up,
    /// Lost until then; what happens meanwhile is told if it can be resumed.
    Down {
        until: i64,
        missed: Option<Vec<Told>>,
    },
    /// There is a session, and the server comes at this time.
    Ready(i64),
}

/// A recorder's process, and how it is doing.
struct Process {
    recorder: Recorder,
    spool: RefCell<Spool>,
    connection: Connection,
    /// On their way, in order, with the time of arrival.
    way: VecDeque<(i64, Told)>,
    beat: i64,
    /// The last moment that it surely heard of.
    heard: i64,
    pace: Pace,
    /// Until then connections are refused.
    refused: i64,
    /// When the list of members comes.
    list: Option<i64>,
}

struct Client {
    file: PathBuf,
    process: Result<Process, i64>,
    fault: i64,
    /// A kill is due as soon as the database has taken a window in silence.
    is_doomed: bool,
    /// Stretches that may be in no document.
    allowed: Vec<(i64, i64)>,
    /// The one that began and ends when the server is there.
    missing: i64,
    /// Stretches that were told later.
    resumed: Vec<(i64, i64)>,
    /// Stretches in which not all members were known.
    unlisted: Vec<(i64, i64)>,
    /// When connections were begun.
    begun: Vec<i64>,
}

impl Client {
    fn new(file: PathBuf) -> Self {
        Self {
            file,
            process: Err(BEGIN),
            fault: BEGIN + 20 * MINUTE,
            is_doomed: false,
            allowed: Vec::new(),
            missing: BEGIN,
            resumed: Vec::new(),
            unlisted: Vec::new(),
            begun: Vec::new(),
        }
    }

    /// The process ends without a word, and starts again later.
    fn kill(&mut self, now: i64, random: &mut Random) {
        if let Ok(process) = &self.process {
            let unfinished = process.heard - GRACE;
            // Where it hadn't begun yet, the stretch before goes on.
            if process.recorder.is_recording() {
                self.missing = unfinished.div_euclid(LENGTH) * LENGTH;
            }
            self.process = Err(now + span_of(random, SECOND, 30 * MINUTE));
        }
    }

    /// The process ends as it should.
    fn stop(&mut self, now: i64, random: &mut Random, database: &mut Database) {
        if let Ok(process) = &mut self.process {
            if process.recorder.is_recording() {
                self.missing = process.heard;
            }
            process.recorder.end();
            self.write(database);
            self.process = Err(now + span_of(random, SECOND, 10 * MINUTE));
        }
    }

    /// What is finished goes to the file and to the database.
    fn write(&mut self, database: &mut Database) {
        let Ok(process) = &mut self.process else {
            return;
        };
        for window in process.recorder.finished() {
            let document = document(SERVER, LENGTH, &window);
            process.spool.borrow_mut().push(document).unwrap();
        }
        if process.spool.borrow().waiting() > 0 {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .build()
                .unwrap();
            let _ = runtime.block_on(deliver(&process.spool, database, &mut |_, _| ()));
        }
    }

    /// Everything that is due at `now`, but for new faults.
    fn run(&mut self, now: i64, truth: &Truth, random: &mut Random) {
        if let Err(start) = self.process
            && start <= now
        {
            let (spool, trouble) = Spool::open(&self.file);
            assert_eq!(trouble, None);
            self.process = Ok(Process {
                recorder: Recorder::new(LENGTH),
                spool: RefCell::new(spool),
                connection: Connection::Down {
                    until: now,
                    missed: None,
                },
                way: VecDeque::new(),
                beat: now + BEAT,
                heard: now,
                pace: Pace::default(),
                refused: now + refusals(random),
                list: None,
            });
        }
        let Ok(process) = &mut self.process else {
            return;
        };
        let recorder = &mut process.recorder;
        match &mut process.connection {
            Connection::Ready(time) if *time <= now => {
                let is_large = random.below(2) == 0;
                let threads = (0..CHANNELS).map(|channel| (THREAD + channel, channel));
                let members = truth.members(is_large);
                recorder.server(now, members, !is_large, threads.collect());
                // The list comes soon, or as late as Discord is busy.
                process.list = is_large.then(|| now + span_of(random, SECOND, 20 * MINUTE));
                self.unlisted
                    .push((now, if is_large { i64::MAX } else { now }));
                self.allowed.push((self.missing, now));
                process.connection = Connection::Up;
                process.heard = now;
            }
            Connection::Down { until, missed } if *until <= now => {
                process.pace.begin(now);
                self.begun.push(now);
                if now < process.refused {
                    // A closed port or a connection that is dropped leaves the
                    // session as it is, and Discord may refuse to resume it.
                    if random.below(4) == 0 && missed.take().is_some() {
                        recorder.end();
                        self.missing = process.heard;
                    }
                    *until = now + process.pace.refused(now, chance(random)).wait;
                    return;
                }
                process.pace.session(now);
                if let Some(missed) = missed.take() {
                    recorder.hear(now);
                    for told in missed {
                        hear(recorder, now, told);
                    }
                    recorder.resumed(now);
                    self.resumed.push((process.heard, now));
                    process.connection = Connection::Up;
                    process.heard = now;
                } else {
                    recorder.ready();
                    // Discord may have trouble with the server.
                    let comes = match random.below(4) {
                        0 => span_of(random, 4 * SECOND, 20 * MINUTE),
                        _ => 3 * SECOND,
                    };
                    process.connection = Connection::Ready(now + comes);
                }
                process.beat = now + BEAT;
            }
            Connection::Down { .. } => return,
            _ => (),
        }
        if matches!(process.connection, Connection::Up)
            && process.list.take_if(|list| *list <= now).is_some()
        {
            process.recorder.listed(truth.members(false), 1);
            self.unlisted.last_mut().unwrap().1 = now;
        }
        while process.way.front().is_some_and(|told| told.0 <= now) {
            let (_, told) = process.way.pop_front().unwrap();
            process.recorder.hear(now);
            hear(&mut process.recorder, now, told);
            process.heard = now;
        }
        if process.beat <= now {
            process.beat = now + BEAT;
            process.recorder.hear(now);
            process.heard = now;
        }
    }

    /// Something happens, and is told at once or later.
    fn tell(&mut self, now: i64, told: Told, random: &mut Random) {
        let Ok(process) = &mut self.process else {
            return;
        };
        match &mut process.connection {
            Connection::Up => {
                let last = process.way.back().map_or(now, |told| told.0);
                let arrives = match told {
                    Told::Message(..) | Told::Joined(..) => now + random.below(DELAY) as i64,
                    Told::Presence(..) | Told::Left(_) => now,
                };
                process.way.push_back((arrives.max(last), told));
            }
            Connection::Down {
                missed: Some(missed),
                ..
            } => missed.push(told),
            _ => (),
        }
    }

    fn lose(&mut self, now: i64, random: &mut Random) {
        let Ok(process) = &mut self.process else {
            return;
        };
        process.refused = now + refusals(random);
        match process.connection {
            Connection::Up => (),
            // The session is refused before the server came.
            Connection::Ready(_) => {
                process.recorder.lost();
                process.connection = Connection::Down {
                    until: now + process.pace.refused(now, chance(random)).wait,
                    missed: None,
                };
                return;
            }
            Connection::Down { .. } => return,
        }
        // What was on its way arrives, or is told again.
        let can_resume = random.below(2) == 0;
        let way = std::mem::take(&mut process.way);
        let mut missed = Vec::new();
        for (_, told) in way {
            if can_resume {
                missed.push(told);
            } else {
                process.recorder.hear(now);
                hear(&mut process.recorder, now, told);
                process.heard = now;
            }
        }
        process.recorder.lost();
        let next = if can_resume {
            process.pace.lost(now, chance(random))
        } else {
            process.recorder.end();
            self.missing = process.heard;
            process.pace.refused(now, chance(random))
        };
        process.connection = Connection::Down {
            until: now + next.wait,
            missed: can_resume.then_some(missed),
        };
    }
}

fn hear(recorder: &mut Recorder, now: i64, told: Told) {
    match told {
        Told::Message(time, author, channel) => recorder.message(now, time, author, channel),
        Told::Presence(id, online) => recorder.presence(id, online),
        Told::Joined(time, id) => recorder.joined(now, Some(time), id, false),
        Told::Left(id) => recorder.left(id, false),
    }
}

fn chance(random: &mut Random) -> f64 {
    random.below(1_000) as f64 / 1_000.0
}

/// How long connections are refused.
fn refusals(random: &mut Random) -> i64 {
    match random.below(3) {
        0 => 0,
        _ => span_of(random, SECOND, 15 * MINUTE),
    }
}

/// From `least` to `most`, and rather short.
fn span_of(random: &mut Random, least: i64, most: i64) -> i64 {
    let doublings = (most / least).ilog2().into();
    let least = least << random.below(doublings);
    least + random.below(least as u64) as i64
}

/// What is left of a schedule.
struct Outcome {
    truth: Truth,
    documents: Vec<RawDocumentBuf>,
    clients: Vec<Client>,
    end: i64,
}

fn schedule(seed: u64, clients: usize) -> Outcome {
    let random = &mut Random(seed);
    let folder =
        std::env::temp_dir().join(format!("schedule-{}-{seed}-{clients}", std::process::id()));
    let file = |number: usize| folder.join(format!("{number}.bson"));
    let mut clients: Vec<Client> = (0..clients)
        .map(|number| Client::new(file(number)))
        .collect();
    let mut database = Database::default();
    let mut truth = Truth {
        online: (0..MEMBERS).map(|id| id % 3 == 0).collect(),
        counts: Vec::new(),
        messages: Vec::new(),
        guests: BTreeSet::new(),
        joined: Vec::new(),
        left: Vec::new(),
        members: vec![(BEGIN, (MEMBERS - BOTS) as u32)],
    };
    truth.counts.push((BEGIN, truth.humans()));
    let end = BEGIN + HOURS * 60 * MINUTE;
    let (mut message, mut presence, mut guest, mut back) = (BEGIN, BEGIN, BEGIN, BEGIN);
    let mut now = BEGIN;
    while now < end {
        // Steps are no longer than a message's way.
        now += 1 + random.below(DELAY) as i64;
        for client in &mut clients {
            client.run(now, &truth, random);
            client.write(&mut database);
        }
        // Messages are told of a session's first second, of which its first
        // window may not say everything.
        let settled = clients.iter().all(|client| {
            client
                .allowed
                .last()
                .is_none_or(|last| now > last.1 + SECOND)
        });
        if message <= now && settled {
            let author = BOTS + random.below(MEMBERS - BOTS);
            let (channel, thread) = (random.below(CHANNELS), THREAD * random.below(2));
            truth.messages.push((now, author, channel));
            message = now + span_of(random, SECOND, 2 * MINUTE);
            let told = Told::Message(now, author, channel + thread);
            for client in &mut clients {
                client.tell(now, told, random);
            }
        }
        if guest <= now && settled {
            let id = GUESTS + random.below(6);
            let told = if truth.guests.insert(id) {
                truth.joined.push((now, id));
                Told::Joined(now, id)
            } else {
                truth.guests.remove(&id);
                truth.left.push((now, id));
                Told::Left(id)
            };
            let members = MEMBERS - BOTS + truth.guests.len() as u64;
            truth.members.push((now, members as u32));
            guest = now + span_of(random, 4 * SECOND, 8 * MINUTE);
            for client in &mut clients {
                client.tell(now, told, random);
            }
        }
        if presence <= now {
            let id = random.below(MEMBERS);
            let online = !truth.online[id as usize];
            truth.online[id as usize] = online;
            truth.counts.push((now, truth.humans()));
            presence = now + span_of(random, 4 * SECOND, 4 * MINUTE);
            for client in &mut clients {
                client.tell(now, Told::Presence(id, online), random);
            }
        }
        if database.is_away && back <= now {
            database.is_away = false;
        }
        for client in &mut clients {
            if client.fault <= now {
                client.fault = now + span_of(random, 4 * MINUTE, 90 * MINUTE);
                match random.below(6) {
                    0 | 1 => client.lose(now, random),
                    2 => client.kill(now, random),
                    3 => client.stop(now, random, &mut database),
                    4 => {
                        database.is_away = true;
                        back = now + span_of(random, MINUTE, 90 * MINUTE);
                    }
                    _ => {
                        database.is_silent = true;
                        client.is_doomed = random.below(2) == 0;
                    }
                }
            }
            client.write(&mut database);
            if client.is_doomed && !database.is_silent {
                client.is_doomed = false;
                client.kill(now, random);
            }
        }
    }
    // In the end everything is well, and the recorders stop.
    database.is_away = false;
    database.is_silent = false;
    for client in &mut clients {
        let wake = match &client.process {
            Err(start) => *start,
            Ok(process) => match process.connection {
                Connection::Down { until, .. } | Connection::Ready(until) => until,
                Connection::Up => now,
            },
        };
        now = now.max(wake);
        while !matches!(&client.process, Ok(process) if matches!(process.connection, Connection::Up))
        {
            if let Ok(process) = &mut client.process {
                process.refused = now;
            }
            client.run(now, &truth, random);
            now += 2 * SECOND;
        }
        client.write(&mut database);
        client.stop(now, random, &mut database);
        client.allowed.push((client.missing, now + SECOND));
        assert!(!client.file.exists(), "windows are left over");
    }
    let _ = std::fs::remove_dir_all(&folder);
    let mut documents: Vec<RawDocumentBuf> = database.documents.into_values().collect();
    documents.sort_by_key(|document| span(document));
    Outcome {
        truth,
        documents,
        clients,
        end: now,
    }
}

/// When a document's window began and ended.
fn stretch(document: &RawDocumentBuf) -> (i64, i64) {
    let (since, time) = span(document).unwrap();
    (since.unwrap(), time)
}

impl Outcome {
    /// Each document says what happened between its begin and its end, and no
    /// two say it twice.
    fn is_true(&self) {
        for pair in self.documents.windows(2) {
            assert!(!overlap(span(&pair[0]), span(&pair[1])), "{pair:?}");
        }
        let (truth, mut leaves) = (&self.truth, 0);
        let left_by = truth.left.iter().map(|&(when, id)| (self.heard(when), id));
        let left_by: Vec<_> = left_by.collect();
        for document in &self.documents {
            let (since, time) = stretch(document);
            let is_in = |when: i64| (since..time).contains(&when);
            let mut by_member: BTreeMap<String, i32> = BTreeMap::new();
            let mut by_channel = by_member.clone();
            for (_, author, channel) in truth.messages.iter().filter(|sent| is_in(sent.0)) {
                *by_member.entry(author.to_string()).or_default() += 1;
                *by_channel.entry(channel.to_string()).or_default() += 1;
            }
            let counts = |name| {
                let counts = document.get_document(name).unwrap().iter();
                let counts = counts.map(|element| {
                    let (id, count) = element.unwrap();
                    (id.to_string(), count.as_i32().unwrap())
                });
                counts.collect::<BTreeMap<String, i32>>()
            };
            let ids = |name| {
                let ids = document.get_array(name).unwrap().into_iter();
                let ids = ids.map(|id| id.unwrap().as_str().unwrap().parse().unwrap());
                ids.collect::<Vec<u64>>()
            };
            let between = format!("from {since} to {time}");
            assert_eq!(counts(field::QUANTITIES), by_member, "messages {between}");
            assert_eq!(counts(field::CHANNELS), by_channel, "channels {between}");
            let joined = truth.joined.iter().filter(|joined| is_in(joined.0));
            let joined: Vec<u64> = joined.map(|joined| joined.1).collect();
            assert_eq!(ids(field::JOINED), joined, "joins {between}");
            // Each leave that was surely heard in the window, and of the others those
            // that may have been.
            let mut left = ids(field::LEFT).into_iter().peekable();
            for &((first, last), id) in &left_by {
                let is_it = first < time && last >= since && left.next_if_eq(&id).is_some();
                let had_to_be = since <= first && last < time;
                assert!(is_it || !had_to_be, "{id} left, {between}");
            }
            assert_eq!(left.next(), None, "who left {between}");
            leaves += ids(field::LEFT).len();
            let online = document.get_i32(field::ONLINE).unwrap() as u32;
            assert!(
                self.were(&truth.counts, time, online),
                "{online} online at {time}"
            );
            let mut unlisted = self.clients.iter().flat_map(|client| &client.unlisted);
            match document.get_i32(field::MEMBERS) {
                Ok(members) => assert!(
                    self.were(&truth.members, time, members as u32),
                    "{members} members at {time}"
                ),
                Err(_) => assert!(
                    unlisted.any(|&(begin, end)| begin < time && time - DELAY as i64 <= end),
                    "no members at {time}"
                ),
            }
        }
        // Two recorders may hear of a leave in two windows, since it has no time.
        assert!(self.clients.len() > 1 || leaves <= truth.left.len());
    }

    /// The stretch that lies around this time and was told after a connection was
    /// resumed: between events with a time. Others have none but these.
    fn told_late(&self, time: i64) -> Option<(i64, i64)> {
        let resumed = self.clients.iter().flat_map(|client| &client.resumed);
        let (begin, end) = resumed
            .filter(|stretch| (stretch.0..=stretch.1).contains(&time))
            .copied()
            .reduce(|one, other| (one.0.min(other.0), one.1.max(other.1)))?;
        let messages = self.truth.messages.iter().map(|sent| sent.0);
        let timed = messages.chain(self.truth.joined.iter().map(|joined| joined.0));
        let timed = timed.filter(|when| (begin..=end).contains(when));
        let (mut before, mut after) = (begin, end);
        for when in timed {
            if when <= time {
                before = before.max(when);
            }
            if when >= time {
                after = after.min(when);
            }
        }
        Some((before, after))
    }

    /// The first and the last moment that something without a time may be taken for
    /// which happened then. It has a way to go, and the simulation looks once a step.
    fn heard(&self, time: i64) -> (i64, i64) {
        let first = self.told_late(time).map_or(time, |stretch| stretch.0);
        (first, time + 2 * DELAY as i64)
    }

    /// Whether there were so many at `time`. A presence has a way to go, and the
    /// simulation looks once a step.
    fn were(&self, counts: &[(i64, u32)], time: i64, count: u32) -> bool {
        let from = time - 2 * DELAY as i64;
        let until = self.told_late(time).map_or(time, |stretch| stretch.1);
        let after = counts.partition_point(|count| count.0 < from);
        let mut later = counts[after..].iter();
        count == counts[after - 1].1 || later.any(|&(when, there)| when <= until && there == count)
    }

    /// Connections are begun so seldom that Discord takes no token away.
    fn is_paced(&self) {
        for client in &self.clients {
            for ten in client.begun.windows(10) {
                assert!(ten[9] - ten[0] > 100 * SECOND, "{ten:?}");
            }
        }
    }

    /// What is in no document had to be missed.
    fn is_complete(&self) {
        let allowed = &self.clients[0].allowed;
        let spans = self.documents.iter().map(stretch);
        let mut covered = BEGIN;
        for (since, time) in spans.chain([(self.end, self.end)]) {
            if covered < since {
                let is_allowed = allowed
                    .iter()
                    .any(|stretch| stretch.0 <= covered && since <= stretch.1);
                // Short stretches one after the other may be all that is between.
                let mut left = covered;
                for stretch in allowed {
                    if stretch.0 <= left {
                        left = left.max(stretch.1);
                    }
                }
                assert!(
                    is_allowed || left >= since,
                    "nothing from {covered} to {since}, allowed: {allowed:?}"
                );
            }
            covered = covered.max(time);
        }
    }
}

#[test]
fn two_hundred_schedules_leave_what_a_perfect_observer_saw() {
    let mut windows = 0;
    let mut missed = 0;
    for seed in 0..200 {
        let outcome = schedule(seed, 1);
        outcome.is_true();
        outcome.is_complete();
        outcome.is_paced();
        windows += outcome.documents.len();
        let is_in = |time: i64| {
            let mut spans = outcome.documents.iter().map(stretch);
            spans.any(|(since, time_)| (since..time_).contains(&time))
        };
        missed += outcome
            .truth
            .messages
            .iter()
            .filter(|sent| !is_in(sent.0))
            .count();
    }
    println!("{windows} windows; {missed} messages were missed and no document covers them");
    assert!(windows > 200 * 10);
}

#[test]
fn two_recorders_never_say_the_same_twice() {
    for seed in 1_000..1_040 {
        schedule(seed, 2).is_true();
    }
}
