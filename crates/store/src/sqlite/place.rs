//! Where a graph lies: the names of its files, and whether its file system can hold it.

use std::fs::File;
use std::path::{Path, PathBuf};

use rustix::fs::Access;
use rustix::io::Errno;
use wg_core::port::StoreError;

/// The folder of a graph (`.wg`) and what lies in it.
#[derive(Debug, Clone)]
pub(super) struct Place {
    pub(super) folder: PathBuf,
}

/// What can be done with the files of a graph.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reach {
    Write,
    ReadOnly,
}

impl Place {
    pub(super) fn new(folder: &Path) -> Self {
        Self { folder: folder.to_owned() }
    }

    pub(super) fn database(&self) -> PathBuf {
        self.folder.join("wg.db")
    }

    pub(super) fn wal(&self) -> PathBuf {
        self.folder.join("wg.db-wal")
    }

    pub(super) fn gate(&self) -> PathBuf {
        self.folder.join("write.lock")
    }

    pub(super) fn backups(&self) -> PathBuf {
        self.folder.join("backups")
    }

    pub(super) fn absent(&self) -> StoreError {
        StoreError::Absent(self.folder.display().to_string())
    }

    pub(super) fn damaged(&self, what: impl Into<String>) -> StoreError {
        StoreError::Damaged { path: self.database().display().to_string(), what: what.into() }
    }

    /// What this user may do here, or the error that there is no graph.
    pub(super) fn reach(&self) -> Result<Reach, StoreError> {
        let can = |path: &Path| match rustix::fs::access(path, Access::READ_OK | Access::WRITE_OK) {
            Ok(()) => Ok(Reach::Write),
            Err(Errno::ROFS | Errno::ACCESS | Errno::PERM) => Ok(Reach::ReadOnly),
            Err(Errno::NOENT | Errno::NOTDIR) => Err(self.absent()),
            Err(error) => Err(StoreError::Failed(format!("{}: {error}", path.display()))),
        };
        let (database, folder) = (can(&self.database())?, can(&self.folder)?);
        Ok(if database == Reach::Write { folder } else { database })
    }

    /// Refuses file systems on which locks and shared memory do not work between hosts.
    pub(super) fn refuse_network(&self) -> Result<(), StoreError> {
        let kind = match rustix::fs::statfs(&self.folder) {
            Ok(answer) => answer.f_type,
            Err(Errno::NOENT | Errno::NOTDIR) => return Err(self.absent()),
            Err(error) => return Err(StoreError::Failed(format!("{}: {error}", self.folder.display()))),
        };
        match network_name(kind) {
            None => Ok(()),
            Some(name) => Err(StoreError::Unsupported(format!(
                "{} is on a network file system ({name}), where several writers damage a database; \
                 keep the graph on a local disk",
                self.folder.display()
            ))),
        }
    }

    /// Makes the names of new files survive a loss of power.
    pub(super) fn sync_folder(&self) -> Result<(), StoreError> {
        let synced = File::open(&self.folder).and_then(|folder| folder.sync_all());
        synced.map_err(|error| StoreError::Failed(format!("{}: {error}", self.folder.display())))
    }

    /// Whether the disk has no room left.
    pub(super) fn is_full(&self) -> bool {
        rustix::fs::statvfs(&self.folder).is_ok_and(|answer| answer.f_bavail == 0)
    }
}

/// The name of a network file system by its magic number (`linux/magic.h`, statfs(2)).
fn network_name(magic: i64) -> Option<&'static str> {
    // Some magic numbers have their top bit set, and the field is signed on some machines.
    match magic & 0xffff_ffff {
        0x6969 => Some("NFS"),
        0x517b => Some("SMB"),
        0xff53_4d42 => Some("CIFS"),
        0xfe53_4d42 => Some("SMB2"),
        0x0102_1997 => Some("9p"),
        0x5346_414f | 0x6b41_4653 => Some("AFS"),
        0x7375_7245 => Some("Coda"),
        0x564c => Some("NCP"),
        0x00c3_6400 => Some("Ceph"),
        0x0bd0_0bd0 => Some("Lustre"),
        0x4750_4653 => Some("GPFS"),
        0x0116_1970 => Some("GFS2"),
        0x7461_636f => Some("OCFS2"),
        0xbacb_acbc => Some("VMware shared folder"),
        0x786f_4256 => Some("VirtualBox shared folder"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn network_file_systems_are_known_whatever_the_sign_of_their_number() {
        assert_eq!(network_name(0x6969), Some("NFS"));
        assert_eq!(network_name(i64::from(0xff53_4d42_u32.cast_signed())), Some("CIFS"));
        assert_eq!(network_name(0xef53), None, "ext4");
        assert_eq!(network_name(0x0102_1994), None, "tmpfs");
    }

    #[test]
    fn a_folder_without_a_graph_has_none() {
        let folder = tempfile::tempdir().expect("a scratch folder");
        let place = Place::new(folder.path());
        assert_eq!(place.reach(), Err(place.absent()));
        assert!(Place::new(&folder.path().join("x")).refuse_network().is_err());
    }
}
