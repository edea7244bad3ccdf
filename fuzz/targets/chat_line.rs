//! Any bytes as what a chat's handler prints: every line means something bounded, or a reason that prints, and what
//! a line said is understood again when it is written as the protocol wants it.
#![no_main]

use libfuzzer_sys::fuzz_target;
use serde_json::json;
use wg_agents::{ChatFacts, Conversation, GARBAGE_MAX, Heard, Registry};
use wg_core::chat::Said;
use wg_core::id::{AttemptRef, ChatNumber};

fuzz_target!(|bytes: &[u8]| {
    let mut conversation = conversation();
    for line in bytes.split(|byte| *byte == b'\n') {
        let heard = conversation.line(line);
        assert!(heard.len() <= 2);
        for heard in heard {
            match heard {
                Heard::Kept(said) => come_back(&mut *conversation, &said),
                Heard::Delta(text) => assert!(text.len() <= 3 * line.len()),
                Heard::Garbage(text) => {
                    assert!(!text.is_empty() && text.len() <= GARBAGE_MAX);
                    assert!(!text.contains(char::is_control));
                }
                Heard::Reply(_) => panic!("this protocol has no replies"),
            }
        }
    }
});

fn conversation() -> Box<dyn Conversation> {
    let chat = ChatFacts {
        number: ChatNumber(3),
        name: "fuzz".into(),
        session: None,
        handler: AttemptRef(7),
        exec: None,
        model: None,
    };
    let registry = Registry::default();
    registry.get("command").and_then(|adapter| adapter.conversation(&chat)).expect("it serves chats")
}

fn come_back(conversation: &mut dyn Conversation, said: &Said) {
    let line = match said {
        Said::Answer { message, text, usage } => {
            // Beyond this a count of millionths has no exact number of dollars.
            if usage.cost_micros.is_some_and(|micros| micros > 1 << 50) {
                return;
            }
            let counts = [usage.input, usage.cache_read, usage.cache_write, usage.output, usage.reasoning];
            assert!(counts.iter().all(|count| *count <= 1 << 53));
            assert!(usage.model.as_ref().is_none_or(|model| (1..=256).contains(&model.len())));
            json!({"type": "answer", "id": message, "text": text, "usage": {
                "input": usage.input, "cache_read": usage.cache_read, "cache_write": usage.cache_write,
                "output": usage.output, "reasoning": usage.reasoning, "model": usage.model,
                "cost_usd": usage.cost_micros.map(|micros| micros as f64 / 1e6),
            }})
        }
        Said::Tool { name, detail } => json!({"type": "tool", "name": name, "detail": detail}),
        Said::Session { id } => json!({"type": "session", "id": id}),
        Said::Ready => json!({"type": "ready"}),
        Said::Failed { .. } | Said::Unfit { .. } => return,
    };
    assert_eq!(conversation.line(line.to_string().as_bytes()), [Heard::Kept(said.clone())]);
}
