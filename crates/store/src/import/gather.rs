//! Takes the lines one by one: counts each, keeps the last record of every id.

use std::collections::{BTreeMap, HashMap};

use wg_core::id::{ChatNumber, TaskId};

use super::chats::Said;
use super::fields::Fields;
use super::lines::{Content, Line};
use super::problem::{LineProblem, Unreadable};
use super::record::Record;
use super::report::Report;
use super::{Format, ImportError, Options, beads, own, own_chats, wg};
use crate::export::VERSION;

/// A record and the line it stands on.
pub(super) struct Placed {
    pub line: u64,
    pub record: Record,
}

/// The records of a file, each id once.
pub(super) struct Gathered<'a> {
    pub format: Format,
    options: &'a Options,
    pub records: Vec<Placed>,
    pub by_id: HashMap<TaskId, usize>,
    /// What was said in chats, with the line it stands on, by the number of the entry.
    pub said: BTreeMap<ChatNumber, BTreeMap<u64, (u64, Said)>>,
    pub report: Report,
}

impl<'a> Gathered<'a> {
    pub fn new(format: Format, options: &'a Options) -> Self {
        Self {
            format,
            options,
            records: Vec::new(),
            by_id: HashMap::new(),
            said: BTreeMap::new(),
            report: Report::default(),
        }
    }

    /// Takes one line. Only a newer version of our own format ends the reading.
    pub fn take(&mut self, line: Line) -> Result<(), ImportError> {
        self.report.lines.total += 1;
        match line.content {
            Content::Blank => self.report.lines.blank += 1,
            Content::Comment => self.report.lines.comments += 1,
            Content::Unreadable(reason) => self.problem(line.number, reason),
            Content::Object(object) => {
                if self.format == Format::Own
                    && let Some(version) = own::header(&object)
                {
                    return self.header(line.number, version);
                }
                let fields = Fields(object);
                if self.format == Format::Own && own_chats::is_entry(&fields) {
                    if let Err(reason) = own_chats::entry(fields).and_then(|said| self.say(line.number, said))
                    {
                        self.problem(line.number, reason);
                    }
                    return Ok(());
                }
                let record = match self.format {
                    Format::Own => own::record(fields),
                    Format::Wg => wg::record(fields),
                    Format::Beads => beads::record(fields),
                };
                match record.and_then(|record| self.place(line.number, record)) {
                    Ok(()) => {}
                    Err(reason) => self.problem(line.number, reason),
                }
            }
        }
        Ok(())
    }

    fn header(&mut self, line: u64, version: Result<u64, Unreadable>) -> Result<(), ImportError> {
        match version {
            Ok(found) if found > VERSION => {
                Err(ImportError::Newer { name: self.options.name.clone(), found, known: VERSION })
            }
            Ok(_) => {
                self.report.format = Some(self.format);
                self.report.lines.header += 1;
                Ok(())
            }
            Err(reason) => {
                self.problem(line, reason);
                Ok(())
            }
        }
    }

    fn place(&mut self, line: u64, record: Record) -> Result<(), Unreadable> {
        self.report.format = Some(self.format);
        let Some(&there) = self.by_id.get(&record.id) else {
            self.by_id.insert(record.id.clone(), self.records.len());
            self.records.push(Placed { line, record });
            return Ok(());
        };
        let earlier = &mut self.records[there];
        if earlier.record.raw_id != record.raw_id {
            let (one, other) = (earlier.record.raw_id.clone(), record.raw_id);
            return Err(Unreadable::IdClash { one, other, name: record.id });
        }
        self.report.lines.duplicates += 1;
        *earlier = Placed { line, record };
        Ok(())
    }

    fn say(&mut self, line: u64, (chat, said, rest): own_chats::Entry) -> Result<(), Unreadable> {
        let number = said.entry.number;
        let entries = self.said.entry(chat).or_default();
        if entries.contains_key(&number) {
            return Err(Unreadable::Twice { what: format!("entry {number} of {chat}") });
        }
        entries.insert(number, (line, said));
        for name in rest {
            self.report.dropped.add(&name);
        }
        Ok(())
    }

    fn problem(&mut self, line: u64, reason: Unreadable) {
        self.report.lines.problems += 1;
        self.report.problems.push(|| LineProblem { file: None, line, reason });
    }
}
