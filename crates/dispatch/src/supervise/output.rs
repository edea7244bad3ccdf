//! An agent's output in a file that does not grow beyond its cap: its beginning is kept as it came, its end
//! in a ring behind that, and once the agent is over the cut is marked where it is.
//!
//! While it runs, `output.log` is plain text up to the cap. From there on its second half is a ring, and
//! `output.ring` says how much was seen, so that a reader ([`tail`]) and whoever comes after a shim that was
//! killed ([`settle`]) find the order again. No byte of it is interpreted.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::files::{self, AttemptFolder, FileError, OutputCount};

/// Smallest cap: below, a ring is more mark than text.
const CAP_MIN: u64 = 4 * 1024;
/// Bytes moved at a time.
const PIECE: usize = 64 * 1024;

/// `output.ring`: the second half of `output.log` is a ring.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
struct Ring {
    /// Bytes before the ring.
    head: u64,
    /// Bytes of the ring.
    size: u64,
    /// Bytes that the agent wrote, written with a fixed width so that it can be replaced in place.
    #[serde(with = "fixed")]
    seen: u64,
}

impl Ring {
    /// Where in the file the next byte goes, which is where the oldest byte of the ring is.
    fn next(self) -> u64 {
        self.head + (self.seen - self.head) % self.size
    }

    /// Bytes that are in no file any more.
    fn missing(self) -> u64 {
        self.seen.saturating_sub(self.head + self.size)
    }
}

/// A number of 20 digits in quotes.
mod fixed {
    use serde::de::Error;
    use serde::{Deserialize, Deserializer, Serializer};

    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for a reference")]
    pub fn serialize<S: Serializer>(value: &u64, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&format!("{value:020}"))
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<u64, D::Error> {
        String::deserialize(from)?.parse().map_err(D::Error::custom)
    }
}

/// The writing end: the shim's.
#[derive(Debug)]
pub struct OutputFile {
    folder: AttemptFolder,
    file: File,
    ring_file: Option<File>,
    ring: Ring,
    /// The disk took no more: counted, not kept.
    refused: u64,
}

impl OutputFile {
    /// A new, empty one that keeps about `cap` bytes.
    pub fn create(folder: &AttemptFolder, cap: u64) -> io::Result<Self> {
        let file = new_file(folder.output())?;
        let half = cap.max(CAP_MIN) / 2;
        let ring = Ring { head: half, size: half, seen: 0 };
        Ok(Self { folder: folder.clone(), file, ring_file: None, ring, refused: 0 })
    }

    /// Takes what the agent wrote. A disk that is full costs the bytes, never the agent.
    pub fn write(&mut self, piece: &[u8]) {
        let whole = self.ring.head + self.ring.size;
        // Of a piece longer than the ring only the end would be left of it.
        let mut rest = piece;
        while !rest.is_empty() {
            let at = if self.ring.seen < self.ring.head { self.ring.seen } else { self.ring.next() };
            let room = if at < self.ring.head { self.ring.head } else { whole } - at;
            let now = rest.len().min(usize::try_from(room).unwrap_or(usize::MAX));
            if self.file.write_all_at(&rest[..now], at).is_err() {
                self.refused += now as u64;
            }
            self.ring.seen += now as u64;
            rest = &rest[now..];
        }
        if self.ring.seen > whole {
            self.note_ring();
        }
    }

    /// Replaces `output.ring`, which is one small write in place.
    fn note_ring(&mut self) {
        if self.ring_file.is_none() {
            self.ring_file = new_file(self.folder.output_ring()).ok();
        }
        let Some(file) = &self.ring_file else { return };
        if let Ok(text) = files::text(&self.folder.output_ring(), &self.ring) {
            // A reader that finds it torn takes the file as it is.
            let _ = file.write_all_at(&text, 0);
        }
    }

    /// Bytes so far.
    #[must_use]
    pub fn count(&self) -> OutputCount {
        let seen = self.ring.seen;
        OutputCount { seen, kept: (seen - self.ring.missing()).saturating_sub(self.refused) }
    }

    /// Puts the ring in order and marks the cut, where there is one.
    pub fn finish(&mut self) -> io::Result<OutputCount> {
        let count = self.count();
        // Once only: it is asked for again where the exit record could not be written at first.
        if self.ring.missing() > 0 && is_sound(&self.folder, self.ring) {
            put_in_order(&self.folder, self.ring)?;
        }
        Ok(count)
    }
}

fn new_file(path: PathBuf) -> io::Result<File> {
    OpenOptions::new().read(true).write(true).create(true).truncate(true).mode(0o600).open(path)
}

/// The line that stands where something was cut.
fn cut_mark(missing: u64) -> String {
    format!("\n[wg: {missing} bytes of output are missing here]\n")
}

/// Puts the ring that a killed shim left in order; where there is none, nothing is done.
pub fn settle(folder: &AttemptFolder) -> Result<(), FileError> {
    let path = folder.output_ring();
    match files::read::<Ring>(&path) {
        Ok(ring) if is_sound(folder, ring) => {
            put_in_order(folder, ring).map_err(|source| FileError::Io { path, source })
        }
        // Torn, or left over from a settling that was cut short: the file stays as it is.
        Ok(_) | Err(FileError::Garbage { .. }) => {
            let _ = fs::remove_file(path);
            Ok(())
        }
        Err(FileError::Absent(_)) => Ok(()),
        Err(error) => Err(error),
    }
}

/// Whether `output.log` is the ring that `output.ring` tells of: one that is in order is longer by its mark.
fn is_sound(folder: &AttemptFolder, ring: Ring) -> bool {
    ring.size > 0
        && ring.missing() > 0
        && fs::metadata(folder.output()).is_ok_and(|file| file.len() == ring.head + ring.size)
}

fn put_in_order(folder: &AttemptFolder, ring: Ring) -> io::Result<()> {
    let draft = folder.path().join("output.log.new");
    let written = (|| {
        let mut from = File::open(folder.output())?;
        let mut to = new_file(draft.clone())?;
        io::copy(&mut (&mut from).take(ring.head), &mut to)?;
        to.write_all(cut_mark(ring.missing()).as_bytes())?;
        from.seek(SeekFrom::Start(ring.next()))?;
        io::copy(&mut (&mut from).take(ring.head + ring.size - ring.next()), &mut to)?;
        from.seek(SeekFrom::Start(ring.head))?;
        io::copy(&mut (&mut from).take(ring.next() - ring.head), &mut to)?;
        fs::rename(&draft, folder.output())
    })();
    if written.is_err() {
        let _ = fs::remove_file(&draft);
        return written;
    }
    fs::remove_file(folder.output_ring())
}

/// The last bytes of an attempt's output, in order, whether it runs, has ended or was killed; `seen` counts
/// all that were written.
pub fn tail(folder: &AttemptFolder, bytes: u64) -> Result<(Vec<u8>, u64), FileError> {
    let path = folder.output();
    let failed = |source: io::Error| match source.kind() {
        io::ErrorKind::NotFound => FileError::Absent(path.clone()),
        _ => FileError::Io { path: path.clone(), source },
    };
    let file = File::open(&path).map_err(failed)?;
    let length = file.metadata().map_err(failed)?.len();
    let ring = files::read::<Ring>(&folder.output_ring()).ok().filter(|ring| is_sound(folder, *ring));
    let Some(ring) = ring else {
        let from = length.saturating_sub(bytes);
        return Ok((read_range(&file, from, length - from).map_err(failed)?, length));
    };
    let bytes = bytes.min(ring.size);
    let newest = ring.next() - ring.head;
    let mut text = Vec::new();
    if bytes > newest {
        let older = bytes - newest;
        text = read_range(&file, length - older, older).map_err(failed)?;
    }
    let recent = bytes.min(newest);
    text.extend(read_range(&file, ring.next() - recent, recent).map_err(failed)?);
    Ok((text, ring.seen))
}

/// Writes all that is kept of an attempt's output, in order and with the cut marked, whether it runs, has
/// ended or was killed. Whoever holds `to` tells its errors from those of the file.
pub fn copy_whole(folder: &AttemptFolder, to: &mut dyn Write) -> Result<(), FileError> {
    let path = folder.output();
    let failed = |source: io::Error| match source.kind() {
        io::ErrorKind::NotFound => FileError::Absent(path.clone()),
        _ => FileError::Io { path: path.clone(), source },
    };
    let mut file = File::open(&path).map_err(failed)?;
    let ring = files::read::<Ring>(&folder.output_ring()).ok().filter(|ring| is_sound(folder, *ring));
    let Some(ring) = ring else { return io::copy(&mut file, to).map(drop).map_err(failed) };
    io::copy(&mut file.take(ring.head), to).map_err(failed)?;
    to.write_all(cut_mark(ring.missing()).as_bytes()).map_err(failed)?;
    let (text, _) = tail(folder, ring.size)?;
    to.write_all(&text).map_err(failed)
}

fn read_range(file: &File, from: u64, length: u64) -> io::Result<Vec<u8>> {
    let mut text = Vec::new();
    let mut at = from;
    let mut piece = vec![0; PIECE];
    while at < from + length {
        let wanted = piece.len().min(usize::try_from(from + length - at).unwrap_or(usize::MAX));
        let n = file.read_at(&mut piece[..wanted], at)?;
        if n == 0 {
            break;
        }
        text.extend_from_slice(&piece[..n]);
        at += n as u64;
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::*;

    const CAP: u64 = 4096;

    fn folder() -> (tempfile::TempDir, AttemptFolder) {
        let temp = tempfile::tempdir().unwrap();
        let folder = AttemptFolder::new(temp.path());
        (temp, folder)
    }

    /// Text in which every place can be told.
    fn text(length: usize) -> Vec<u8> {
        (0..).flat_map(|n: u32| format!("{n}\n").into_bytes()).take(length).collect()
    }

    fn written(length: usize, piece: usize) -> (tempfile::TempDir, AttemptFolder, OutputFile) {
        let (temp, folder) = folder();
        let mut output = OutputFile::create(&folder, CAP).unwrap();
        for piece in text(length).chunks(piece) {
            output.write(piece);
        }
        (temp, folder, output)
    }

    fn in_order(length: usize) -> Vec<u8> {
        let all = text(length);
        let half = CAP as usize / 2;
        if length <= CAP as usize {
            return all;
        }
        let mark = cut_mark((length - CAP as usize) as u64);
        [&all[..half], mark.as_bytes(), &all[length - half..]].concat()
    }

    #[test]
    fn what_is_kept_is_the_beginning_and_the_end_with_the_cut_between() {
        for length in [0, 1, 2047, 2048, 2049, 4095, 4096, 4097, 6000, 6144, 6145, 20_000] {
            for piece in [1, 7, 1000, 2048, 5000, 100_000] {
                let (_temp, folder, mut output) = written(length, piece);
                assert!(fs::metadata(folder.output()).unwrap().len() <= CAP);
                let (tail_before, seen) = tail(&folder, 100).unwrap();
                assert_eq!(seen, length as u64);
                assert_eq!(tail_before, text(length)[length.saturating_sub(100)..]);
                let mut whole = Vec::new();
                copy_whole(&folder, &mut whole).unwrap();
                assert_eq!(whole, in_order(length), "{length} in {piece}, while it runs");
                let count = output.finish().unwrap();
                assert_eq!(count, OutputCount { seen: length as u64, kept: CAP.min(length as u64) });
                assert_eq!(fs::read(folder.output()).unwrap(), in_order(length), "{length} in {piece}");
                assert!(!folder.output_ring().exists());
                assert_eq!(output.finish().unwrap(), count);
                assert_eq!(fs::read(folder.output()).unwrap(), in_order(length), "{length}, finished twice");
                assert_eq!(tail(&folder, 100).unwrap().0, tail_before);
            }
        }
    }

    #[test]
    fn a_ring_that_a_killed_shim_left_is_put_in_order_once() {
        let (_temp, folder, output) = written(9_999, 333);
        drop(output);
        assert_eq!(tail(&folder, 5_000).unwrap().0, text(9_999)[9_999 - 2048..]);
        settle(&folder).unwrap();
        assert_eq!(fs::read(folder.output()).unwrap(), in_order(9_999));
        settle(&folder).unwrap();
        // A settling that was cut short after its rename leaves only the small file behind.
        files::write(&folder.output_ring(), &Ring { head: 2048, size: 2048, seen: 9_999 }).unwrap();
        settle(&folder).unwrap();
        assert_eq!(fs::read(folder.output()).unwrap(), in_order(9_999));
        fs::write(folder.output_ring(), b"{\"version\":1,").unwrap();
        settle(&folder).unwrap();
        assert!(!folder.output_ring().exists());
    }
}
