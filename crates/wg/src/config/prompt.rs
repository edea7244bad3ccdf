//! The template of prompts that a graph's owner gave: a file inside the graph's folder, named by a setting.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Component, Path, PathBuf};

use wg_agents::prompt::{PROMPT_MAX, check};

use super::layers::Config;
use super::settings::PROMPT_TEMPLATE;
use crate::error::{Failure, Result};

/// The template's text, tried out; `None` where the built-in one holds.
pub fn prompt_template(config: &Config, graph: &Path) -> Result<Option<String>> {
    let Some(layer) = config.holds(&PROMPT_TEMPLATE) else { return Ok(None) };
    read(graph, &layer.value.to_string()).map(Some).map_err(|failure| {
        let key = PROMPT_TEMPLATE.key;
        let cause = failure.cause.clone().unwrap_or_default();
        failure
            .because(format!("{cause} ({key}, {})", layer.origin))
            .hint(format!("wg config set {key} --unset"))
    })
}

/// The text of the template that is called `name`, where it is inside the graph's folder and can be used.
pub fn read(graph: &Path, name: &str) -> Result<String> {
    let path = graph.join(name);
    let text = inside(graph, Path::new(name))
        .and_then(File::open)
        .and_then(text)
        .map_err(|error| Failure::file("use the template of prompts", &path, &error))?;
    check(&text).map_err(|error| {
        let line = error.line.map(|line| format!(":{line}")).unwrap_or_default();
        Failure::refused(format!("{}{line}: {error}", path.display()))
            .because("the template of prompts can't be used")
    })?;
    Ok(text)
}

/// The file itself, wherever links lead, in the folder of the graph: what a worker may be told is what the
/// graph's owner keeps there, and no other file of the machine.
fn inside(graph: &Path, name: &Path) -> io::Result<PathBuf> {
    let outside = || io::Error::new(io::ErrorKind::InvalidInput, "it is not inside the folder of the graph");
    if !name.components().all(|part| matches!(part, Component::Normal(_) | Component::CurDir)) {
        return Err(outside());
    }
    let (graph, path) = (graph.canonicalize()?, graph.join(name).canonicalize()?);
    if path.starts_with(graph) { Ok(path) } else { Err(outside()) }
}

fn text(file: File) -> io::Result<String> {
    let wrong = |what: &str| io::Error::new(io::ErrorKind::InvalidData, what);
    if !file.metadata()?.is_file() {
        return Err(wrong("it is no file"));
    }
    let mut bytes = Vec::new();
    file.take(PROMPT_MAX as u64 + 1).read_to_end(&mut bytes)?;
    if bytes.len() > PROMPT_MAX {
        return Err(wrong("it is longer than a prompt may be"));
    }
    String::from_utf8(bytes).map_err(|_| wrong("it is no UTF-8"))
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::symlink;

    use super::*;

    fn graph() -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("prompts")).unwrap();
        folder
    }

    fn config(graph: &Path, name: &str) -> Config {
        let text = format!("\n[prompt]\ntemplate = \"{name}\"\n");
        fs::write(graph.join("config.toml"), text).unwrap();
        Config::load(&crate::environment::Environment::given([]), Some(graph)).unwrap()
    }

    #[test]
    fn a_template_is_read_from_the_folder_of_the_graph() {
        let graph = graph();
        let graph = graph.path();
        fs::write(graph.join("prompts/worker.md"), "Do {{ task.title|quote }}.\n").unwrap();
        let held = prompt_template(&config(graph, "./prompts/worker.md"), graph).unwrap();
        assert_eq!(held.as_deref(), Some("Do {{ task.title|quote }}.\n"));
        assert_eq!(prompt_template(&Config::default(), graph), Ok(None));
    }

    #[test]
    fn what_is_wrong_with_it_is_said_with_its_place() {
        let graph = graph();
        let graph = graph.path();
        fs::write(graph.join("bad.md"), "a\nb {{ task.titel }}\n").unwrap();
        let failure = prompt_template(&config(graph, "bad.md"), graph).unwrap_err();
        let place = format!("{}:2: ", graph.join("bad.md").display());
        assert!(failure.message.starts_with(&place) && failure.message.contains("titel"), "{failure:?}");
        assert!(failure.cause.as_deref().unwrap_or("").ends_with("config.toml:3)"), "{failure:?}");
    }

    #[test]
    fn no_other_file_of_the_machine_is_told_to_a_worker() {
        let (graph, other) = (graph(), tempfile::tempdir().unwrap());
        let graph = graph.path();
        let secret = other.path().join("secret");
        fs::write(&secret, "secret").unwrap();
        symlink(&secret, graph.join("link.md")).unwrap();
        fs::write(graph.join("long.md"), "x".repeat(PROMPT_MAX + 1)).unwrap();
        fs::write(graph.join("latin.md"), b"\xe9").unwrap();
        for (name, why) in [
            (secret.to_str().unwrap(), "not inside"),
            ("../secret", "not inside"),
            ("link.md", "not inside"),
            ("prompts", "no file"),
            ("none.md", "No such file"),
            ("long.md", "longer"),
            ("latin.md", "UTF-8"),
        ] {
            let failure = read(graph, name).unwrap_err();
            assert!(failure.in_a_line().contains(why), "{name}: {failure:?}");
        }
    }
}
