//! Any bytes on the control socket, in any pieces: lines come out the same, bounded, and a line is a request or a
//! reason.
#![no_main]

use libfuzzer_sys::fuzz_target;
use wg_dispatch::control::message::{REQUEST_MAX, call_line, parse_call};
use wg_dispatch::socket::LineBuffer;

fuzz_target!(|bytes: &[u8]| {
    let whole = lines(bytes, usize::MAX);
    let pieces = lines(bytes, 1 + bytes.len() % 13);
    // A piece at a time, a line that is too long is told later, never earlier.
    assert!(whole.len() <= pieces.len() && pieces[..whole.len()] == whole[..]);
    for line in pieces {
        match parse_call(&line) {
            Ok(request) => {
                let mut written = call_line(request.clone());
                assert_eq!(written.pop(), Some(b'\n'));
                assert!(!written.contains(&b'\n'));
                assert_eq!(parse_call(&written), Ok(request));
            }
            Err(why) => assert!(!why.to_string().is_empty()),
        }
    }
});

fn lines(bytes: &[u8], piece: usize) -> Vec<Vec<u8>> {
    let mut buffer = LineBuffer::new(REQUEST_MAX);
    let mut lines = Vec::new();
    for piece in bytes.chunks(piece.min(bytes.len().max(1))) {
        if buffer.push(piece).is_err() {
            break;
        }
        while let Ok(Some(line)) = buffer.next_line() {
            assert!(line.len() <= REQUEST_MAX);
            lines.push(line);
        }
        assert!(buffer.held() <= REQUEST_MAX + piece.len());
    }
    lines
}
