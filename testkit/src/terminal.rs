//! A terminal of the test's own, with a program in it: what it writes is gathered, keys are sent to it.

use std::fs::File;
use std::io::{Read, Write};
use std::os::fd::OwnedFd;
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use rustix::process::{Pid, Signal};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{Winsize, tcsetwinsize};

use crate::wait::wait_until;

/// A program in a terminal. It is ended when this is dropped.
pub struct Terminal {
    child: Child,
    keys: File,
    written: Arc<Mutex<Vec<u8>>>,
}

impl Terminal {
    /// Starts a program in a terminal of so many columns, in a process group of its own.
    ///
    /// # Panics
    /// Where there are no terminals, or it can't be started.
    #[must_use]
    pub fn start(mut command: Command, columns: u16) -> Self {
        let ours =
            openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC).expect("a terminal");
        grantpt(&ours).expect("a terminal of ours");
        unlockpt(&ours).expect("an open terminal");
        let name = ptsname(&ours, Vec::new()).expect("a terminal with a name");
        let flags = rustix::fs::OFlags::RDWR | rustix::fs::OFlags::NOCTTY | rustix::fs::OFlags::CLOEXEC;
        let its = rustix::fs::open(name, flags, rustix::fs::Mode::empty()).expect("its other side");
        let size = Winsize { ws_col: columns, ws_row: 24, ws_xpixel: 0, ws_ypixel: 0 };
        tcsetwinsize(&ours, size).expect("a size");
        let again = |fd: &OwnedFd| Stdio::from(fd.try_clone().expect("a descriptor"));
        command.stdin(again(&its)).stdout(again(&its)).stderr(again(&its)).process_group(0);
        let child = command.env("TERM", "xterm").spawn().expect("a program that can be started");
        let written = Arc::new(Mutex::new(Vec::new()));
        let (mut reads, gathers) =
            (File::from(ours.try_clone().expect("a descriptor")), Arc::clone(&written));
        thread::spawn(move || {
            let mut piece = [0; 4096];
            // The terminal fails once nobody has its other side any more.
            while let Ok(read @ 1..) = reads.read(&mut piece) {
                gathers.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(&piece[..read]);
            }
        });
        Self { child, keys: File::from(ours), written }
    }

    /// All that was written so far, the marks that move the cursor included.
    #[must_use]
    pub fn written(&self) -> String {
        String::from_utf8_lossy(&self.written.lock().unwrap_or_else(PoisonError::into_inner)).into_owned()
    }

    /// Waits until this was written.
    #[track_caller]
    pub fn until(&self, text: &str) {
        wait_until(&format!("{text:?} on the terminal"), || {
            let written = self.written();
            if written.contains(text) { Ok(()) } else { Err(written) }
        });
    }

    /// Presses keys.
    ///
    /// # Panics
    /// Where the terminal is gone.
    #[track_caller]
    pub fn press(&mut self, keys: &str) {
        self.keys.write_all(keys.as_bytes()).expect("the terminal is there");
    }

    /// Signals its process.
    ///
    /// # Panics
    /// Where it is gone.
    #[track_caller]
    pub fn signal(&self, signal: Signal) {
        rustix::process::kill_process(Pid::from_child(&self.child), signal).expect("it lives");
    }

    /// Waits until it has left.
    #[track_caller]
    pub fn left(&mut self) -> ExitStatus {
        wait_until("the program to leave its terminal", || match self.child.try_wait() {
            Ok(Some(status)) => Ok(status),
            other => Err(format!("{other:?}")),
        })
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        // It may have left.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
