//! What clients may do to the control socket, over a real one: others are served all the same.

#![expect(clippy::unwrap_used, reason = "tests")]

use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::sync::mpsc as std_mpsc;
use std::thread;
use std::time::{Duration, Instant};

use super::*;
use crate::control::client::{self, ClientError};
use crate::control::guests::MOST;
use crate::control::message::VERSION;
use crate::files::GraphFolder;
use crate::socket;

/// What others are served within, whatever somebody does (`interfaces.md`, *Control socket*).
const PROMPT: Duration = Duration::from_millis(50);
const LONG: Duration = Duration::from_secs(30);

struct Service {
    folder: tempfile::TempDir,
    incoming: std_mpsc::Receiver<Incoming>,
    noted: broadcast::Sender<Noted>,
    news: broadcast::Sender<ChatNews>,
    leases: Leases,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<thread::JoinHandle<()>>,
}

impl Service {
    fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let graph = GraphFolder::new(folder.path());
        std::fs::create_dir_all(graph.service()).unwrap();
        let listener = socket::listen(&graph.control_socket()).unwrap();
        let (noted, _) = broadcast::channel(TAIL_BEHIND);
        let (stop, stopped) = oneshot::channel();
        let (heard, incoming) = std_mpsc::channel();
        let tails = noted.clone();
        let (news, _) = broadcast::channel(16);
        let (told, leases) = (news.clone(), Leases::default());
        let held = leases.clone();
        let thread = thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async move {
                let status = Status { pid: 42, program: "1.2.3".into(), ..Status::default() };
                let (_status, shown) = watch::channel(Arc::new(status));
                let (sender, mut calls) = mpsc::channel(16);
                let desk = Desk { status: shown, incoming: sender, noted: tails, news: told, leases: held };
                tokio::spawn(listen(UnixListener::from_std(listener).unwrap(), desk));
                tokio::spawn(async move {
                    while let Some(call) = calls.recv().await {
                        heard.send(call).unwrap();
                    }
                });
                let _ = stopped.await;
            });
        });
        Self { folder, incoming, noted, news, leases, stop: Some(stop), thread: Some(thread) }
    }

    fn graph(&self) -> &Path {
        self.folder.path()
    }

    fn connect(&self) -> UnixStream {
        let path = GraphFolder::new(self.graph()).control_socket();
        let deadline = Instant::now() + LONG;
        loop {
            match socket::connect(&path) {
                Ok(stream) => {
                    stream.set_read_timeout(Some(LONG)).unwrap();
                    return stream;
                }
                // The backlog is full for a moment.
                Err(error) if error.kind() == io::ErrorKind::WouldBlock && Instant::now() < deadline => {
                    thread::yield_now();
                }
                Err(error) => panic!("{error}"),
            }
        }
    }

    fn say(&self, bytes: &[u8]) -> String {
        let mut stream = self.connect();
        // A server that has heard enough may close before everything is written.
        let _ = stream.write_all(bytes);
        let mut answer = String::new();
        let _ = stream.read_to_string(&mut answer);
        answer
    }

    /// The best of a few, so that a busy machine is not taken for a slow server.
    #[track_caller]
    fn assert_prompt(&self, what: &str) {
        let best = (0..5)
            .map(|_| {
                let before = Instant::now();
                assert_eq!(client::status(self.graph()).unwrap().pid, 42, "{what}");
                before.elapsed()
            })
            .min();
        assert!(best < Some(PROMPT), "{what}: {best:?}");
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            thread.join().unwrap();
        }
    }
}

#[test]
fn each_request_has_its_answer() {
    let service = Service::start();
    let graph = service.graph();
    assert_eq!(
        client::call(graph, Request::Ping).unwrap(),
        Answer::Pong { pid: 42, program: "1.2.3".into() }
    );
    assert_eq!(client::status(graph).unwrap().program, "1.2.3");
    client::poke(graph, Some(AttemptRef(3)));
    let Incoming::Poke(attempt) = service.incoming.recv_timeout(LONG).unwrap() else { panic!("a poke") };
    assert_eq!(attempt, Some(AttemptRef(3)));

    thread::scope(|scope| {
        let stopping = scope.spawn(|| client::stop(graph, true, Some("user:ann".into()), true));
        let Incoming::Stop { kill_agents: true, by, keep_chats: true } =
            service.incoming.recv_timeout(LONG).unwrap()
        else {
            panic!("a stop")
        };
        assert_eq!(by.as_deref(), Some("user:ann"));
        let (agents, mut conversation) = stopping.join().unwrap().unwrap();
        assert_eq!(agents, 0);
        assert!(!conversation.until_closed(Duration::from_millis(20)).unwrap(), "it is not gone yet");

        let reloading = scope.spawn(|| client::reload(graph));
        let Incoming::Reload { answer } = service.incoming.recv_timeout(LONG).unwrap() else {
            panic!("a reload")
        };
        answer.send(Answer::Refused { why: "line 3".into() }).unwrap();
        let refused = reloading.join().unwrap();
        assert!(matches!(refused, Err(ClientError::Refused(why)) if why == "line 3"));
    });
}

#[test]
fn nobody_there_is_said_so_and_a_poke_minds_nothing() {
    let folder = tempfile::tempdir().unwrap();
    assert!(matches!(client::status(folder.path()), Err(ClientError::NotRunning)));
    client::poke(folder.path(), None);
    assert!(!client::listens(folder.path()));
}

#[test]
fn garbage_is_refused_with_the_reason() {
    let service = Service::start();
    for bytes in [
        &b"\n"[..],
        b"GET / HTTP/1.1\r\n\r\n",
        b"\xff\x00\xfe\n",
        b"{}\n",
        b"{\"version\":1,\"request\":[]}\n",
    ] {
        let answer = service.say(bytes);
        assert!(answer.contains(r#""answer":"refused""#), "{bytes:?}: {answer}");
    }
    let other = service.say(b"{\"version\":9,\"request\":\"ping\"}\n");
    assert!(other.contains(&format!("version {VERSION}")) && other.contains("not 9"), "{other}");
    service.assert_prompt("after garbage");
}

#[test]
fn half_a_line_and_ten_megabytes_without_an_end_hold_nobody_up() {
    let service = Service::start();
    let mut half = service.connect();
    half.write_all(b"{\"version\":1,\"req").unwrap();
    let answer = service.say(&vec![b'x'; 10 * 1024 * 1024]);
    // The refusal may be lost with the bytes that nobody wanted.
    assert!(answer.is_empty() || answer.contains("at most"), "{answer}");
    service.assert_prompt("beside half a line");
    half.write_all(b"uest\":\"ping\"}\n").unwrap();
    let mut answer = String::new();
    half.read_to_string(&mut answer).unwrap();
    assert!(answer.contains("pong"), "{answer}");
}

#[test]
fn five_hundred_that_say_nothing_make_room_for_those_that_do() {
    let service = Service::start();
    let silent: Vec<UnixStream> = (0..500).map(|_| service.connect()).collect();
    service.assert_prompt("beside 500 that say nothing");
    let mut oldest = &silent[0];
    assert_eq!(oldest.read(&mut [0]).unwrap(), 0, "the oldest were sent away");
}

#[test]
fn one_that_never_reads_holds_nobody_up_and_is_cut_off() {
    let service = Service::start();
    let tails: Vec<_> = (0..4).map(|_| client::tail(service.graph()).unwrap()).collect();
    let deadline = Instant::now() + LONG;
    while service.noted.receiver_count() < tails.len() {
        assert!(Instant::now() < deadline, "they listen");
        thread::yield_now();
    }
    let line: Arc<str> = "x".repeat(100_000).into();
    // Nobody is left when all of them were too slow.
    while service.noted.receiver_count() > 0 {
        assert!(Instant::now() < deadline, "they are cut off");
        let _ = service.noted.send(Noted { at: Timestamp::default(), line: line.clone() });
        service.assert_prompt("beside some that never read");
    }
}

#[test]
fn what_the_dispatcher_notes_is_told_to_those_that_tail() {
    let service = Service::start();
    let mut tail = client::tail(service.graph()).unwrap();
    let deadline = Instant::now() + LONG;
    while service.noted.receiver_count() == 0 {
        assert!(Instant::now() < deadline, "it listens");
        thread::yield_now();
    }
    service.noted.send(Noted { at: Timestamp::from_nanos(5), line: "agent-1 starts".into() }).unwrap();
    let noted = Answer::Noted { at: Timestamp::from_nanos(5), line: "agent-1 starts".into() };
    assert_eq!(tail.next_whenever().unwrap(), Some(noted));
    drop(tail);
    while service.noted.receiver_count() > 0 {
        assert!(Instant::now() < deadline, "it left");
        thread::yield_now();
    }
}

#[test]
fn more_that_wait_for_an_answer_than_there_are_places_are_sent_away() {
    let service = Service::start();
    let tails: Vec<_> = (0..MOST).map(|_| client::tail(service.graph()).unwrap()).collect();
    let deadline = Instant::now() + LONG;
    while service.noted.receiver_count() < MOST {
        assert!(Instant::now() < deadline, "they listen");
        thread::yield_now();
    }
    assert!(matches!(client::status(service.graph()), Err(ClientError::NotRunning)));
    drop(tails);
    while service.noted.receiver_count() > 0 {
        assert!(Instant::now() < deadline, "they left");
        thread::yield_now();
    }
    service.assert_prompt("after they left");
}

#[test]
fn a_connection_is_the_lease_of_a_chat_and_hears_of_that_chat_alone() {
    let service = Service::start();
    let graph = service.graph();
    let (chat, other) = (ChatNumber(3), ChatNumber(4));
    let (attached, mut conversation) = client::attach(graph, chat, false).unwrap();
    assert_eq!(attached, 1);
    let (attached, second) = client::attach(graph, chat, false).unwrap();
    assert_eq!(attached, 2);
    service.news.send(ChatNews::Changed(other)).unwrap();
    service.news.send(ChatNews::Delta { chat, message: 7, text: "wo".into() }).unwrap();
    service.news.send(ChatNews::Changed(chat)).unwrap();
    let delta = Answer::ChatDelta { message: 7, text: "wo".into() };
    assert_eq!(conversation.next_answer().unwrap(), delta);
    assert_eq!(conversation.next_answer().unwrap(), Answer::ChatChanged);
    assert_eq!(service.leases.held_by(chat), 2);
    drop(second);
    drop(conversation);
    let deadline = Instant::now() + LONG;
    while service.leases.held_by(chat) > 0 {
        assert!(Instant::now() < deadline, "the leases end with their connections");
        thread::sleep(Duration::from_millis(1));
    }
    client::ping_chat(graph, other).unwrap();
    let Incoming::PingChat(pinged) = service.incoming.recv_timeout(LONG).unwrap() else { panic!("a ping") };
    assert_eq!(pinged, other);
}
