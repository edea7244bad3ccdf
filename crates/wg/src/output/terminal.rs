//! A terminal that gives every key at once, until that is over.

use std::io::IsTerminal;

use rustix::termios::{
    InputModes, LocalModes, OptionalActions, SpecialCodeIndex, Termios, tcgetattr, tcsetattr,
};

/// What is pasted comes between marks, so that its line ends send nothing.
const BEGIN: &[u8] = b"\x1b[?2004h";
/// That is over, and the cursor is seen.
const END: &[u8] = b"\x1b[?2004l\x1b[?25h";

/// Keys come one by one and are not shown by the terminal itself, until this is dropped: however the program
/// leaves, in a panic too, the terminal is as it was. What is written is still treated as text.
#[derive(Debug)]
pub struct Keyboard {
    before: Termios,
}

impl Keyboard {
    /// From now on; absent where standard input or output is no terminal that can do that.
    #[must_use]
    pub fn begin() -> Option<Self> {
        let stdin = rustix::stdio::stdin();
        let before = tcgetattr(stdin).ok().filter(|_| super::sink::on_terminal())?;
        let mut raw = before.clone();
        raw.local_modes.remove(LocalModes::ICANON | LocalModes::ECHO | LocalModes::ISIG | LocalModes::IEXTEN);
        raw.input_modes.remove(InputModes::ICRNL | InputModes::INLCR | InputModes::IGNCR | InputModes::IXON);
        raw.special_codes[SpecialCodeIndex::VMIN] = 1;
        raw.special_codes[SpecialCodeIndex::VTIME] = 0;
        tcsetattr(stdin, OptionalActions::Now, &raw).ok()?;
        say(BEGIN);
        Some(Self { before })
    }
}

impl Drop for Keyboard {
    fn drop(&mut self) {
        say(END);
        // A terminal that is gone needs no setting.
        let _ = tcsetattr(rustix::stdio::stdin(), OptionalActions::Now, &self.before);
    }
}

fn say(marks: &[u8]) {
    // As above.
    let _ = rustix::io::write(rustix::stdio::stdout(), marks);
}

/// Whether somebody can talk here: both ways lead to a terminal.
#[must_use]
pub fn is_here() -> bool {
    std::io::stdin().is_terminal() && super::sink::on_terminal()
}
