//! The graph of the quickstart: a small site about tea is written, checked, packed and published, by nothing
//! but a shell. The commands are paced, so that eyes can follow them.

use wg_core::command::NewTask;
use wg_core::id::TaskId;
use wg_core::task::{Priority, RunSpec};

/// A task of the story.
struct Step {
    id: &'static str,
    title: &'static str,
    after: &'static [&'static str],
    exec: &'static str,
}

/// In what they build, a task's command may use its door: `wg log`, `wg artifact`, `wg add`.
const STEPS: [Step; 13] = [
    Step {
        id: "gather-pages",
        title: "Gather the pages",
        after: &[],
        exec: "mkdir -p pages site && sleep 0.5
for tea in green black herbal; do
  printf '# %s tea\\nSteep it and wait. Back to [all teas](index.html).\\n' $tea >pages/$tea.md
done
printf '# Tea\\n[Green](green.html), [black](black.html) or [herbal](herbal.html)?\\n' >pages/index.md
wg log gather-pages \"$(ls pages | wc -l) pages to render\"",
    },
    Step {
        id: "mix-style",
        title: "Mix the style sheet",
        after: &[],
        exec: "mkdir -p site && sleep 0.9
printf 'body { margin: 3em auto; width: 40em; }' | tr -d ' ' >site/style.css
wg log mix-style \"style.css, $(wc -c <site/style.css) bytes\"",
    },
    Step { id: "render-home", title: "Render the home page", after: &["gather-pages"], exec: RENDER_HOME },
    Step { id: "render-green", title: "Render green tea", after: &["gather-pages"], exec: RENDER_GREEN },
    Step { id: "render-black", title: "Render black tea", after: &["gather-pages"], exec: RENDER_BLACK },
    Step { id: "render-herbal", title: "Render herbal tea", after: &["gather-pages"], exec: RENDER_HERBAL },
    Step {
        id: "try-preview",
        title: "Try the site in a preview",
        after: &["render-home", "mix-style"],
        exec: "sleep 0.5
if mkdir preview 2>/dev/null; then
  wg log try-preview 'the preview is not up yet'
  exit 1
fi
grep -q style.css site/index.html && wg log try-preview 'the preview answers'",
    },
    Step {
        id: "check-links",
        title: "Check every link",
        after: &["render-home", "render-green", "render-black", "render-herbal"],
        exec: "sleep 0.7; links=0
for link in $(cat site/*.html | tr '\"' '\\n' | grep 'html$'); do
  test -f \"site/$link\" || { wg log check-links \"broken: $link\"; exit 1; }
  links=$((links + 1))
done
wg log check-links \"$links links lead somewhere\"",
    },
    Step {
        id: "check-words",
        title: "Check the words",
        after: &["render-home", "render-green", "render-black", "render-herbal"],
        exec: "sleep 0.5; grep -il 'teh ' pages/*.md && exit 1
wg add 'Sketch a page on white tea' --id sketch-white \\
  --exec 'sleep 0.8; echo \"# white tea\" >pages/white.md; wg log sketch-white \"for the next edition\"'
wg log check-words 'white tea is missing: filed sketch-white'",
    },
    Step {
        id: "index-words",
        title: "Index the words",
        after: &["render-home", "render-green", "render-black", "render-herbal"],
        exec: "sleep 0.9
cat pages/*.md | tr -cs 'A-Za-z' '\\n' | sort -fu >site/words.txt
wg log index-words \"$(wc -l <site/words.txt) words can be found\"",
    },
    Step {
        id: "pack",
        title: "Pack the edition",
        after: &["try-preview", "check-links", "check-words", "index-words"],
        exec: "sleep 0.6; cat site/* >edition.pack
wg log pack \"edition.pack, $(wc -c <edition.pack) bytes\"",
    },
    Step {
        id: "write-notes",
        title: "Write the release notes",
        after: &["check-links"],
        exec: "sleep 0.8; echo \"First edition, $(ls pages | wc -l) pages.\" >NOTES && wg log write-notes \"$(cat NOTES)\"",
    },
    Step {
        id: "publish",
        title: "Publish",
        after: &["pack", "write-notes"],
        exec: "sleep 0.6; mkdir -p public && cp edition.pack NOTES site/*.html public/ &&
  wg artifact add publish public/index.html && wg log publish \"$(ls public | wc -l) files are out\"",
    },
];

macro_rules! render {
    ($page:literal, $pace:literal) => {
        concat!(
            "sleep ",
            $pace,
            "\n{ echo '<link rel=stylesheet href=style.css>'\n",
            "  sed -e 's|^# \\(.*\\)|<h1>\\1</h1>|' -e 's|\\[\\([^]]*\\)\\](\\([^)]*\\))|<a href=\"\\2\">\\1</a>|g' pages/",
            $page,
            ".md\n} >site/",
            $page,
            ".html"
        )
    };
}
const RENDER_HOME: &str = render!("index", "0.6");
const RENDER_GREEN: &str = render!("green", "0.8");
const RENDER_BLACK: &str = render!("black", "1.0");
const RENDER_HERBAL: &str = render!("herbal", "0.7");

/// What the tale is about, in a few words.
pub const ABOUT: &str = "a small site, from its pages to the public";

/// The tasks, each after those that it depends on.
#[must_use]
pub fn tasks() -> Vec<NewTask> {
    let id = |text: &str| TaskId::parse(text).expect("a test reads every id");
    let task = |step: &Step| NewTask {
        title: step.title.to_owned(),
        id: Some(id(step.id)),
        after: step.after.iter().map(|after| id(after)).collect(),
        priority: if step.id == "write-notes" { Priority::LOW } else { Priority::NORMAL },
        run: RunSpec { exec: Some(step.exec.to_owned()), ..RunSpec::default() },
        ..NewTask::default()
    };
    STEPS.iter().map(task).collect()
}

/// A task's place in the story; those that are filed on the way come last.
#[must_use]
pub fn place(id: &str) -> usize {
    STEPS.iter().position(|step| step.id == id).unwrap_or(STEPS.len())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_task_comes_after_what_it_depends_on() {
        let mut known = BTreeSet::new();
        for task in tasks() {
            assert!(task.after.is_subset(&known), "{:?}", task.id);
            known.insert(task.id.expect("each has one"));
        }
    }
}
