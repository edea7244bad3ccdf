//! A look at the head of the database file before SQLite opens it: SQLite takes an empty file for a new
//! database and throws its log away, and notices a missing end only when it gets there.

use std::fs::File;
use std::io;
use std::os::unix::fs::{FileExt, MetadataExt};
use std::sync::{Mutex, PoisonError};

use wg_core::port::StoreError;

use super::place::Place;

/// What the head of a file says of the rest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Head {
    /// As long as it should be.
    Whole,
    /// Shorter: either its end is still in the log (a checkpoint was interrupted or is under way), or it is
    /// lost.
    Short,
}

/// Files that were looked at, by device and inode. They stay open as long as the process lives: closing any
/// descriptor of a file drops all POSIX locks that the process, and so SQLite, holds on it.
static LOOKED_AT: Mutex<Vec<(u64, u64, File)>> = Mutex::new(Vec::new());

/// Reads the head of the database of a graph.
pub(super) fn look(place: &Place) -> Result<Head, StoreError> {
    let mut head = [0; 100];
    let size = match read(place, &mut head) {
        Ok(size) => size,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Err(place.absent()),
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
            return Err(place.damaged("it is shorter than a database can be"));
        }
        Err(error) => return Err(StoreError::Failed(format!("{}: {error}", place.database().display()))),
    };
    judge(&head, size).map_err(|what| place.damaged(what))
}

fn read(place: &Place, head: &mut [u8; 100]) -> io::Result<u64> {
    let path = place.database();
    let found = std::fs::metadata(&path)?;
    let mut looked_at = LOOKED_AT.lock().unwrap_or_else(PoisonError::into_inner);
    let known =
        looked_at.iter().position(|(device, inode, _)| (*device, *inode) == (found.dev(), found.ino()));
    let index = match known {
        Some(index) => index,
        None => {
            let file = File::open(&path)?;
            let opened = file.metadata()?;
            looked_at.push((opened.dev(), opened.ino(), file));
            looked_at.len() - 1
        }
    };
    let file = &looked_at[index].2;
    file.read_exact_at(head, 0)?;
    Ok(file.metadata()?.len())
}

/// <https://sqlite.org/fileformat.html>, *The Database Header*.
fn judge(head: &[u8; 100], size: u64) -> Result<Head, &'static str> {
    if &head[..16] != b"SQLite format 3\0" {
        return Err("it is no SQLite database");
    }
    let page = match u16::from_be_bytes([head[16], head[17]]) {
        1 => 65_536,
        small if small.is_power_of_two() && small >= 512 => u64::from(small),
        _ => return Err("its page size makes no sense"),
    };
    let pages = u64::from(u32::from_be_bytes([head[28], head[29], head[30], head[31]]));
    Ok(if pages == 0 || size < pages * page || !size.is_multiple_of(page) {
        Head::Short
    } else {
        Head::Whole
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn head(page: u16, pages: u32) -> [u8; 100] {
        let mut head = [0; 100];
        head[..16].copy_from_slice(b"SQLite format 3\0");
        head[16..18].copy_from_slice(&page.to_be_bytes());
        head[28..32].copy_from_slice(&pages.to_be_bytes());
        head
    }

    #[test]
    fn a_head_tells_the_length() {
        assert_eq!(judge(&head(4096, 3), 3 * 4096), Ok(Head::Whole));
        assert_eq!(judge(&head(1, 1), 65_536), Ok(Head::Whole));
        assert_eq!(judge(&head(4096, 3), 3 * 4096 - 1), Ok(Head::Short));
        assert_eq!(judge(&head(4096, 3), 2 * 4096), Ok(Head::Short));
        assert!(judge(&head(4095, 3), 3 * 4096).is_err());
        assert!(judge(&[0; 100], 4096).is_err());
    }
}
