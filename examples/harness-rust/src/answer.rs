//! Answers to requests, and how a panic becomes one.

use std::any::Any;
use std::panic::{catch_unwind, AssertUnwindSafe};

use serde::Serialize;

/// Kind of a fault that is the runner's: its request cannot be served as it stands.
const BAD_REQUEST: &str = "bad-request";

/// What a request came to, if not to a value.
#[derive(Debug)]
pub enum Exception {
    /// The declared error of the contract.
    Refused(String),
    /// Something that the contract does not declare.
    Fault(Fault),
    /// An operation that this harness does not know.
    Unsupported(String),
}

/// A panic, or a fault that the runner asked for.
#[derive(Debug, Serialize)]
pub struct Fault {
    /// What kind of fault it is.
    pub kind: String,
    /// What it says.
    pub text: String,
    /// The call that it came from, if it came from one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub call: Option<u64>,
}

impl Exception {
    /// A request that is not what the protocol says.
    pub fn bad_request(text: impl Into<String>) -> Self {
        Self::Fault(Fault {
            kind: BAD_REQUEST.to_string(),
            text: text.into(),
            call: None,
        })
    }
}

impl From<String> for Exception {
    /// The errors of the crate's contracts are texts.
    fn from(text: String) -> Self {
        Self::Refused(text)
    }
}

/// A value as JSON text, or what happened in its place.
pub type Served = Result<Vec<u8>, Exception>;

/// Write `value` in serde's JSON form.
pub fn value<T: Serialize + ?Sized>(value: &T) -> Served {
    serde_json::to_vec(value).map_err(|error| {
        Exception::Fault(Fault {
            kind: "serialize".to_string(),
            text: error.to_string(),
            call: None,
        })
    })
}

/// Do `work`; a panic in it becomes a fault.
pub fn guarded(work: impl FnOnce() -> Served) -> Served {
    catch_unwind(AssertUnwindSafe(work))
        .unwrap_or_else(|payload| Err(Exception::Fault(fault_of(payload))))
}

fn fault_of(payload: Box<dyn Any + Send>) -> Fault {
    let payload = match payload.downcast::<Fault>() {
        Ok(fault) => return *fault,
        Err(payload) => payload,
    };
    let text = payload
        .downcast_ref::<String>()
        .map(String::as_str)
        .or_else(|| payload.downcast_ref::<&str>().copied())
        .unwrap_or("a panic whose payload is not a text");
    Fault {
        kind: "panic".to_string(),
        text: text.to_string(),
        call: None,
    }
}

/// The whole line that answers request `id`.
pub fn line(id: u64, served: Served) -> Vec<u8> {
    let (key, body) = match served {
        Ok(body) => ("ok", body),
        Err(Exception::Refused(text)) => ("refused", text_of(&text)),
        Err(Exception::Fault(fault)) => ("fault", text_of(&fault)),
        Err(Exception::Unsupported(text)) => ("unsupported", text_of(&text)),
    };
    let mut line = format!("{{\"id\":{id},\"{key}\":").into_bytes();
    line.extend_from_slice(&body);
    line.extend_from_slice(b"}\n");
    line
}

/// Texts and structs of texts: `serde_json` has nothing to refuse in them.
fn text_of<T: Serialize + ?Sized>(value: &T) -> Vec<u8> {
    serde_json::to_vec(value).unwrap_or_else(|error| unreachable!("a text as JSON: {error}"))
}

#[cfg(test)]
mod tests {
    use super::{guarded, line, value, Exception};

    fn text(line: &[u8]) -> &str {
        std::str::from_utf8(line).expect("lines are UTF-8")
    }

    #[test]
    fn each_kind_of_answer_has_its_key() {
        assert_eq!(text(&line(3, value(&[1, 2]))), "{\"id\":3,\"ok\":[1,2]}\n");
        assert_eq!(
            text(&line(4, Err(Exception::Refused("no \"a\"".to_string())))),
            "{\"id\":4,\"refused\":\"no \\\"a\\\"\"}\n"
        );
        assert_eq!(
            text(&line(5, Err(Exception::Unsupported("x".to_string())))),
            "{\"id\":5,\"unsupported\":\"x\"}\n"
        );
    }

    #[test]
    fn a_panic_is_answered_with_its_text() {
        let served = guarded(|| panic!("of {}", "purpose"));
        assert_eq!(
            text(&line(6, served)),
            "{\"id\":6,\"fault\":{\"kind\":\"panic\",\"text\":\"of purpose\"}}\n"
        );
    }
}
