//! What a handler asks, and what it is told.

use super::*;

pub(super) fn question(id: &str) -> Question {
    let choice = |id: &str, kind| Choice { id: id.into(), name: id.to_uppercase(), kind };
    Question {
        id: id.into(),
        what: "run touch x".into(),
        choices: vec![
            choice("a", ChoiceKind::AllowAlways),
            choice("y", ChoiceKind::AllowOnce),
            choice("n", ChoiceKind::RejectOnce),
        ],
        at: NOW,
        answer: None,
    }
}

fn asks(id: &str) -> ChatEvent {
    says(Said::Asks { question: question(id) })
}

pub(super) fn told(id: &str, choice: Option<&str>) -> ChatEvent {
    let verdict = Verdict { choice: choice.map(str::to_owned), by: ann() };
    ChatEvent::Answered { question: id.into(), verdict }
}

fn open(situation: &Situation) -> Vec<&str> {
    situation.chat.open_questions().map(|question| question.id.as_str()).collect()
}

fn answered(situation: &Situation) -> Vec<(String, Option<String>)> {
    let asked = &situation.chat.serving().expect("it serves").questions;
    asked.iter().filter_map(|question| Some((question.id.clone(), question.answer.clone()?.choice))).collect()
}

#[test]
fn a_question_stands_until_it_is_answered_once() {
    let asked = after(in_state(at_a_turn()), asks("one")).state;
    let asked = after(asked, asks("two")).state;
    assert_eq!(open(&asked), ["one", "two"]);
    assert_eq!(after(asked.clone(), asks("one")).state, asked, "a line that comes again asks nothing again");
    let told_one = after(asked, told("one", Some("n"))).state;
    assert_eq!(open(&told_one), ["two"]);
    assert_eq!(answered(&told_one), [("one".to_owned(), Some("n".to_owned()))]);
    for (event, why) in [
        (told("one", Some("y")), "nothing to do: user:ann has answered that already"),
        (told("three", Some("y")), "nothing to do: chat-3 does not ask that (any more)"),
        (told("two", Some("maybe")), "chat-3 gives no such choice"),
    ] {
        let refused = step(told_one.clone(), event, NOW).expect_err(why);
        assert_eq!(refused.to_string(), why);
    }
    for state in [ChatState::Dormant, starting(), live(), held(), archived()] {
        assert!(step(in_state(state), told("one", Some("y")), NOW).is_err(), "it asks nothing");
    }
}

#[test]
fn with_its_turn_a_question_is_over() {
    let asked = after(in_state(at_a_turn()), asks("one")).state;
    for event in
        [says(answer(None)), fails(TurnError::Other), timed_out(), ends(badly()), ChatEvent::Held(ann())]
    {
        let ended = after(asked.clone(), event.clone()).state;
        assert_eq!(open(&ended), [""; 0], "{event:?}");
        assert!(step(ended, told("one", Some("y")), NOW).is_err(), "{event:?}");
    }
}

#[test]
fn who_wants_the_turn_to_end_leaves_no_question_open() {
    let asked = after(after(in_state(at_a_turn()), asks("one")).state, told("one", Some("y"))).state;
    let asked = after(asked, asks("two")).state;
    let ended = after(asked, ChatEvent::Interrupted(ann())).state;
    assert_eq!(answered(&ended), [("one".to_owned(), Some("y".to_owned())), ("two".to_owned(), None)]);
}

#[test]
fn another_handler_asks_nothing_and_a_turn_that_asks_without_end_stays_of_a_size() {
    let said = Said::Asks { question: question("one") };
    let stale = ChatEvent::Said { handler: STALE, said, paused_until: None, jitter: 0 };
    assert_eq!(open(&after(in_state(at_a_turn()), stale).state), [""; 0]);
    let mut now = in_state(at_a_turn());
    for n in 0..10 * QUESTIONS {
        now = after(now, asks(&n.to_string())).state;
        now = after(now, told(&n.to_string(), Some("y"))).state;
    }
    assert_eq!(now.chat.serving().map(|serving| serving.questions.len()), Some(2 * QUESTIONS));
}

#[test]
fn once_is_said_rather_than_for_ever() {
    let name = |choice: Option<&Choice>| choice.map(|choice| choice.id.clone());
    let asked = question("one");
    assert_eq!(name(asked.refusal()).as_deref(), Some("n"));
    assert_eq!(name(asked.choice([ChoiceKind::AllowOnce, ChoiceKind::AllowAlways])).as_deref(), Some("y"));
    let never = Question { choices: asked.choices[..2].to_vec(), ..asked };
    assert_eq!(never.refusal(), None);
}
