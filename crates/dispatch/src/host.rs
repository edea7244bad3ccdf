//! The name of this host, as attempts and operations carry it.
//!
//! It is fixed when a graph's folder first sees a dispatcher: a machine that gets another name later must
//! still know its own attempts.

use std::fs;
use std::io;

use crate::files::GraphFolder;

/// The name under which this host's dispatcher acts on the graph.
pub fn host_name(graph: &GraphFolder) -> io::Result<String> {
    let path = graph.service().join("host");
    match fs::read_to_string(&path) {
        Ok(name) if is_name(name.trim()) => return Ok(name.trim().to_owned()),
        Ok(_) => {}
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(error),
    }
    let name = machine_name();
    fs::create_dir_all(graph.service())?;
    fs::write(&path, format!("{name}\n"))?;
    Ok(name)
}

fn machine_name() -> String {
    let system = rustix::system::uname();
    let name = system.nodename().to_string_lossy().into_owned();
    if is_name(&name) { name } else { "localhost".to_owned() }
}

fn is_name(text: &str) -> bool {
    !text.is_empty() && text.len() <= 255 && text.chars().all(|c| c.is_ascii_graphic() && c != '@')
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test may fail")]

    use super::*;

    #[test]
    fn it_stays_what_it_was() {
        let folder = tempfile::tempdir().unwrap();
        let graph = GraphFolder::new(folder.path());
        let name = host_name(&graph).unwrap();
        assert!(is_name(&name));
        fs::write(graph.service().join("host"), "old-name\n").unwrap();
        assert_eq!(host_name(&graph).unwrap(), "old-name");
        fs::write(graph.service().join("host"), "\0").unwrap();
        assert_eq!(host_name(&graph).unwrap(), name);
    }
}
