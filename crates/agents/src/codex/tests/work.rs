//! What `codex exec --json` printed.

use wg_core::chat::{GiveUp, TurnError};

use super::*;

/// The transcripts in one file, each from its own beginning.
fn each(text: &str) -> Vec<String> {
    let mut all: Vec<String> = Vec::new();
    for line in text.lines() {
        if line.contains(r#""thread.started""#) {
            all.push(String::new());
        }
        all.last_mut().expect("a transcript begins so").push_str(&format!("{line}\n"));
    }
    all
}

#[test]
fn work_is_heard_with_its_tools_and_what_it_used() {
    let mut talk = at_work();
    assert_eq!((talk.greet(false), talk.interrupt()), (Vec::new(), Vec::new()));
    let said = said(all(&mut *talk, WORK));
    assert!(matches!(&said[0], Said::Session { id } if id.len() == 36), "{said:#?}");
    let tools = ["git version", "cat /proc/version_x", "seq 1 3000", "touch /etc/x"].map(shell);
    assert_eq!(said[1..5], tools);
    let Said::Answer { message: None, text, usage } = &said[5] else { panic!("{said:#?}") };
    assert!(text.starts_with("answer to: one\n"), "{text}");
    assert_eq!((usage, said.len()), (&used(5), 6));
}

#[test]
fn what_was_killed_says_how_far_it_came_and_no_more() {
    let said = said(all(&mut *at_work(), WORK_KILLED));
    assert!(
        matches!(&said[..], [Said::Session { .. }, Said::Tool { detail, .. }] if detail == "sleep 30"),
        "{said:?}"
    );
}

#[test]
fn a_conversation_that_goes_on_tells_what_all_of_it_used() {
    // Nobody starts one so: it shows what its counts are.
    let said = said(all(&mut *at_work(), WORK_RESUMED));
    assert!(matches!(&said[1], Said::Answer { usage, .. } if *usage == used(6)), "{said:?}");
}

#[test]
fn what_is_tried_again_ends_once() {
    let said = said(all(&mut *at_work(), WORK_RETRIED));
    assert!(
        matches!(&said[..], [Said::Session { .. }, Said::Failed { error: TurnError::Outage, .. }]),
        "{said:?}"
    );
}

#[test]
fn every_refusal_has_its_class() {
    let transcripts = each(WORK_REFUSED);
    let ends = transcripts.iter().map(|text| said(all(&mut *at_work(), text)).pop().expect("an end"));
    let mut classes = Vec::new();
    for end in ends {
        classes.push(match &end {
            Said::Failed { error, text, .. } if !text.is_empty() => error.to_string(),
            Said::Unfit { reason, text } if !text.is_empty() => reason.to_string(),
            other => panic!("{other:?}"),
        });
    }
    let limited = TurnError::RateLimited { until: None }.to_string();
    let (outage, other) = (TurnError::Outage.to_string(), TurnError::Other.to_string());
    let (auth, model) = (GiveUp::Auth.to_string(), GiveUp::Model.to_string());
    // 400, 401, 403, a model in the provider's own words, 429, 500, 503; the plan's limit, its money, a model, too
    // fast, no room, a broken stream, too long; nobody there, no key.
    let expected = [
        &other,
        &auth,
        &auth,
        &other,
        &limited,
        &outage,
        &outage,
        &limited,
        &GiveUp::Configuration.to_string(),
        &model,
        &limited,
        &outage,
        &outage,
        &other,
        &outage,
        &auth,
    ];
    assert_eq!(classes.iter().collect::<Vec<_>>(), expected);
}
