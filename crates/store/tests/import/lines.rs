//! Files with bad lines, long lines and odd ends.

use wg_core::task::TaskState;
use wg_store::import::{Format, ImportError, LINE_MAX, Options};

use super::{as_format, by_id, options, read, read_with, refused};

#[test]
fn every_bad_line_is_told_with_its_number_and_nothing_else_is_taken() {
    let text = concat!(
        "# a comment\n",
        "{\"kind\":\"task\",\"id\":\"good\",\"title\":\"Good\"}\n",
        "\n",
        "{\"kind\":\"task\",\"id\":\"broken\"\n",
        "{\"kind\":\"task\",\"title\":\"nameless\"}\n",
        "{\"kind\":\"task\",\"id\":\"when\",\"created_at\":\"tomorrow\"}\n",
        "[1,2]\n",
        "{\"kind\":\"task\",\"id\":\"typed\",\"tags\":{}, \"after\": 3}\n",
        "{\"kind\":\"actor\",\"id\":\"ann\"}\n",
    );
    let report = refused(read(text));
    let problems: Vec<_> = report.problems.first.iter().map(ToString::to_string).collect();
    assert_eq!(
        problems,
        [
            "line 4: no JSON at column 28: EOF while parsing an object",
            "line 5: there is no id",
            "line 6: created_at: \"tomorrow\" is no time: failed to parse four digit integer as…",
            "line 7: an object is needed, this is a list",
            "line 8: after should be a list, but is a number",
        ]
    );

    let imported = read_with(text.as_bytes(), &Options { keep_going: true, ..options() }).unwrap();
    assert_eq!(
        imported.report.told(),
        [
            "9 lines: 1 task, 1 left out, 5 not readable, 1 blank, 1 comment",
            "left out: 1 of kind actor",
            "arriving: 1 open and paused",
        ]
    );
    assert!(imported.report.lines.accounted());
    assert!(by_id(&imported).contains_key("good"));
}

#[test]
fn bytes_that_are_no_utf8_are_told_by_place() {
    let mut bytes =
        b"{\"kind\":\"task\",\"id\":\"a\"}\n{\"kind\":\"task\",\"id\":\"b\",\"title\":\"".to_vec();
    bytes.extend_from_slice(b"\xc3\x28\"}\n");
    let report = refused(read_with(&bytes, &options()));
    assert_eq!(report.problems.first[0].to_string(), "line 2: byte 34 is not UTF-8");
}

#[test]
fn windows_line_ends_and_a_byte_order_mark_change_nothing() {
    let plain = "{\"kind\":\"task\",\"id\":\"a\",\"title\":\"A\"}\n\n{\"kind\":\"task\",\"id\":\"b\",\"after\":[\"a\"]}\n";
    let windows = format!("\u{feff}{}", plain.replace('\n', "\r\n"));
    let (one, two) = (read(plain).unwrap(), read(&windows).unwrap());
    assert_eq!(one.import, two.import);
    assert_eq!(one.report, two.report);
}

#[test]
fn the_last_of_a_repeated_id_wins() {
    let imported = read(concat!(
        "{\"kind\":\"task\",\"id\":\"a\",\"title\":\"first\",\"after\":[\"gone\"]}\n",
        "{\"kind\":\"task\",\"id\":\"b\"}\n",
        "{\"kind\":\"task\",\"id\":\"a\",\"title\":\"last\",\"after\":[\"b\"]}\n",
    ))
    .unwrap();
    assert_eq!((imported.report.lines.tasks, imported.report.lines.duplicates), (2, 1));
    assert!(imported.report.lines.accounted());
    assert_eq!(by_id(&imported)["a"].task.title, "last");
    assert_eq!(super::after(&imported, "a"), ["b"]);
    assert_eq!(imported.report.edges.missing, 0);
}

#[test]
fn nothing_and_next_to_nothing_are_no_error() {
    for text in ["", "\n", "# only this", "\u{feff}", " \r\n\t\n"] {
        let imported = read(text).unwrap();
        assert_eq!((imported.import.tasks.len(), imported.report.format), (0, None), "{text:?}");
        assert!(imported.report.lines.accounted());
    }
}

#[test]
fn objects_of_no_known_format_are_refused() {
    let result = read("{\"name\":\"x\"}\n{\"name\":\"y\"}\n");
    assert!(matches!(result.unwrap_err(), ImportError::UnknownFormat { .. }));
    assert_eq!(refused(read("nothing\nof the kind\n")).problems.count, 2);
}

#[test]
fn the_format_can_be_said() {
    let text = "{\"id\":\"a\"}\n";
    assert!(read(text).is_err());
    for format in Format::ALL {
        let imported = read_with(text.as_bytes(), &as_format(format)).unwrap();
        assert_eq!(imported.import.source, format!("{format} test.jsonl"));
        let task = &by_id(&imported)["a"].task;
        assert_eq!((task.title.as_str(), &task.state, task.paused), ("a", &TaskState::Open, true));
        assert_eq!(task.times.created_at, options().now);
    }
}

#[test]
fn an_export_of_a_newer_program_is_refused() {
    let error = read("{\"format\":\"workgraph\",\"version\":3}\n{\"id\":\"a\"}\n").unwrap_err();
    assert!(matches!(error, ImportError::Newer { found: 3, known: 2, .. }), "{error}");
}

#[test]
fn open_tasks_run_only_when_asked_for() {
    let text = "{\"kind\":\"task\",\"id\":\"a\"}\n{\"kind\":\"task\",\"id\":\"b\",\"paused\":true}\n";
    let imported = read_with(text.as_bytes(), &Options { run: true, ..options() }).unwrap();
    let tasks = by_id(&imported);
    assert_eq!((tasks["a"].task.paused, tasks["b"].task.paused), (false, true));
    assert_eq!((imported.report.tasks.open, imported.report.tasks.paused), (1, 1));
}

#[test]
fn a_line_of_ten_megabytes_is_read() {
    let long = "x".repeat(10 << 20);
    let text = format!(
        "{{\"kind\":\"task\",\"id\":\"a\",\"description\":\"{long}\"}}\n{{\"kind\":\"task\",\"id\":\"b\"}}\n"
    );
    let imported = read(&text).unwrap();
    assert_eq!(by_id(&imported)["a"].task.description.len(), 10 << 20);
    assert_eq!(imported.report.lines.tasks, 2);
}

/// A reader of one endless line: what is over the bound is never held.
struct Endless {
    left: usize,
}

impl std::io::Read for Endless {
    fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
        let n = into.len().min(self.left);
        into[..n].fill(b'x');
        self.left -= n;
        Ok(n)
    }
}

#[test]
fn a_line_over_the_bound_is_refused_with_its_number() {
    let first = &b"{\"kind\":\"task\",\"id\":\"a\"}\n"[..];
    let last = &b"\n{\"kind\":\"task\",\"id\":\"b\"}\n"[..];
    let input = std::io::Read::chain(std::io::Read::chain(first, Endless { left: LINE_MAX + 5 }), last);
    let options = Options { keep_going: true, ..options() };
    let imported =
        wg_store::import::read(&mut std::io::BufReader::with_capacity(1 << 16, input), &options, None)
            .unwrap();
    let problem = imported.report.problems.first[0].to_string();
    assert_eq!(problem, format!("line 2: {} bytes long; lines of at most {LINE_MAX} are read", LINE_MAX + 5));
    assert_eq!(imported.report.lines.tasks, 2);
}
