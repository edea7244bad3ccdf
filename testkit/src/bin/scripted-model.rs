//! The scripted model as a program: for benches, and for trying an agent program out by hand.
//!
//! Its first line is its address, as `ANTHROPIC_BASE_URL` has it; then one line (`call`) for each call of a
//! conversation. A line on its standard input lets slow answers end, and its end ends the program.

use std::io::{self, BufRead, Write};
use std::time::Duration;

use testkit::ScriptedModel;

fn main() -> io::Result<()> {
    let model = ScriptedModel::start();
    let mut out = io::stdout();
    writeln!(out, "{}", model.address())?;
    out.flush()?;
    std::thread::scope(|scope| {
        let told = scope.spawn(|| -> io::Result<()> {
            for line in io::stdin().lock().lines() {
                line?;
                model.go_on(true);
            }
            Ok(())
        });
        let mut seen = 0;
        while !told.is_finished() {
            let calls = model.calls();
            write!(out, "{}", "call\n".repeat(calls - seen))?;
            out.flush()?;
            seen = calls;
            std::thread::sleep(Duration::from_millis(20));
        }
        told.join().unwrap_or(Ok(()))
    })
}
