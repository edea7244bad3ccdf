//! What comes from an agent: all of it, in order, and no more of it at a time than is kept up with.

use std::fs::{self, File};
use std::os::unix::fs::{FileExt, MetadataExt, PermissionsExt};
use std::path::Path;

use rustix::fs::{FallocateFlags, fallocate};
use wg_core::attempt::ExitStatus;
use wg_dispatch::files::{EndedBy, OutputCount};
use wg_dispatch::socket::ClientError;
use wg_dispatch::supervise::{ShimRequest, WINDOW};

use super::{follow, say, status, written};
use crate::door::greet;
use crate::world::{LONG, World, pid_in};

/// The most that is read of a pipe at once; as much fits into it.
const PIECE: u64 = 64 * 1024;

fn range(path: &Path, from: u64, to: u64) -> Vec<u8> {
    let mut bytes = vec![0; usize::try_from(to - from).unwrap()];
    File::open(path).unwrap().read_exact_at(&mut bytes, from).unwrap();
    bytes
}

/// Whether the file system of the tests can give back a part of a file.
fn can_release(world: &World) -> bool {
    let file = File::create(world.file("scratch")).unwrap();
    file.set_len(PIECE).unwrap();
    fallocate(&file, FallocateFlags::PUNCH_HOLE | FallocateFlags::KEEP_SIZE, 0, PIECE).is_ok()
}

#[test]
fn a_flood_waits_for_who_follows_and_arrives_in_order() {
    let world = World::talking(
        "seq 1 12500000 > copy; touch ready; cat copy; while ! test -e parsed; do sleep 0.01; done
        while read -r name kb unit; do test $name = VmHWM: && echo $kb > peak; done < /proc/$PPID/status
        exit 0",
    );
    let shim = world.start_ready();
    let all = fs::metadata(world.file("copy")).unwrap().len();
    assert!(all > 100_000_000);
    world.wait_for_events(WINDOW + 1);
    // Nothing more is taken, however often one looks.
    let held = world.talk_status().written;
    for _ in 0..200 {
        assert_eq!(world.talk_status().written, held);
    }
    assert!(held <= WINDOW + PIECE, "{held}");

    let mut client = greet(&world);
    let (mut at, mut to) = (0, follow(&mut client, 0));
    assert_eq!(to, held);
    loop {
        let step = to.min(at + 3_000_000);
        let printed = range(&world.folder.events(), at, step);
        assert!(printed == range(&world.file("copy"), at, step), "from {at} to {step}");
        say(&mut client, &ShimRequest::Parsed { to: step });
        at = step;
        assert!(fs::metadata(world.folder.events()).unwrap().len() <= at + WINDOW + PIECE);
        if at == all {
            break;
        }
        if at == to {
            to = written(&mut client);
        }
    }
    assert_eq!(status(&mut client).parsed, all);
    let file = fs::metadata(world.folder.events()).unwrap();
    assert_eq!((file.len(), file.permissions().mode() & 0o777), (all, 0o600));
    assert!(!can_release(&world) || file.blocks() * 512 < 4 * 1024 * 1024, "{} blocks", file.blocks());
    fs::write(world.file("parsed"), "").unwrap();
    assert!(matches!(client.receive_line(LONG), Err(ClientError::Closed)));
    let record = world.exit_of(&shim);
    assert_eq!((record.events, record.status), (all, Some(ExitStatus::Code(0))));
    assert_eq!(record.output, OutputCount::default());
    let peak = pid_in(&world.file("peak"));
    assert!(peak < 30_000, "the shim (a debug build, with the tests in it) took {peak} kB");
}

#[test]
fn what_is_printed_just_before_the_end_is_there_though_nobody_keeps_up() {
    for bytes in [30_000, WINDOW + PIECE] {
        let world = World::talking(&format!("head -c {bytes} /dev/zero; exit 3"));
        let record = world.finish();
        assert_eq!((record.ended_by, record.status), (EndedBy::Process, Some(ExitStatus::Code(3))));
        assert_eq!((record.events, fs::metadata(world.folder.events()).unwrap().len()), (bytes, bytes));
    }
}

#[test]
fn complaints_are_output_and_are_bounded_as_ever() {
    let world = World::talking("echo hello; head -c 1000000 /dev/zero >&2; echo last >&2; echo bye");
    let record = world.finish();
    assert_eq!(world.events(), b"hello\nbye\n");
    let (seen, cap) = (1_000_005, world.spec.output_cap);
    assert_eq!(record.output, OutputCount { seen, kept: cap });
    let output = world.output();
    assert!(output.ends_with("last\n"));
    assert!(output.contains(&format!("\n[wg: {} bytes of output are missing here]\n", seen - cap)));
}
