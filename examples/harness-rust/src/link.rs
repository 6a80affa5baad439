//! The way back to the runner: calls, and the answers that the reader routes to whoever waits.

use std::cell::Cell;
use std::collections::HashMap;
use std::io::{self, Write};
use std::panic::resume_unwind;
use std::sync::mpsc::{channel, Sender};
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer, Serialize};

use crate::answer::Fault;

thread_local! {
    /// The request that this thread serves; its calls name it.
    static DURING: Cell<u64> = const { Cell::new(0) };
}

/// Say which request this thread serves from now on.
pub fn serving(request: u64) {
    DURING.with(|during| during.set(request));
}

/// The standard output, and the calls that wait for their answers.
pub struct Link {
    output: Mutex<Output>,
    waiting: Mutex<HashMap<u64, Sender<Vec<u8>>>>,
}

struct Output {
    stream: Box<dyn Write + Send>,
    /// It is counted under the lock, so that the numbers rise in the order of the lines.
    last_call: u64,
}

impl Output {
    fn write(&mut self, line: &[u8]) -> io::Result<()> {
        self.stream.write_all(line)?;
        self.stream.flush()
    }
}

/// A call as it is written.
#[derive(Serialize)]
struct Call<'a, A: Serialize> {
    call: u64,
    during: u64,
    operation: &'a str,
    object: u64,
    #[serde(flatten)]
    arguments: A,
}

#[derive(Deserialize)]
#[serde(bound = "T: DeserializeOwned")]
struct CallAnswer<T> {
    // Null is a value of some calls, so it must not read like an absent key.
    #[serde(default, deserialize_with = "present")]
    ok: Option<T>,
    #[serde(default)]
    refused: Option<String>,
    #[serde(default)]
    fault: Option<RunnerFault>,
}

#[derive(Deserialize)]
struct RunnerFault {
    kind: String,
    text: String,
}

fn present<'de, T: Deserialize<'de>, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<T>, D::Error> {
    T::deserialize(deserializer).map(Some)
}

impl Link {
    /// Make the link that writes to `output`.
    pub fn new(output: Box<dyn Write + Send>) -> Self {
        let output = Output {
            stream: output,
            last_call: 0,
        };
        Self {
            output: Mutex::new(output),
            waiting: Mutex::new(HashMap::new()),
        }
    }

    /// Write one whole line and flush it.
    pub fn write(&self, line: &[u8]) -> io::Result<()> {
        held(&self.output).write(line)
    }

    /// Hand the runner's answer to the thread that waits for it.
    pub fn route(&self, call: u64, line: Vec<u8>) -> Result<(), String> {
        held(&self.waiting)
            .remove(&call)
            .and_then(|waiting| waiting.send(line).ok())
            .ok_or_else(|| format!("an answer to call {call}, for which nobody waits"))
    }

    /// Ask the runner and wait for its answer: a value, or the declared error of the contract.
    ///
    /// A fault that the runner asks for goes up as a panic.
    pub fn call<T: DeserializeOwned>(
        &self,
        operation: &str,
        object: u64,
        arguments: impl Serialize,
    ) -> Result<T, String> {
        let (sender, receiver) = channel();
        let call = self.write_call(operation, object, arguments, sender);
        let Ok(answer) = receiver.recv() else {
            panic!("the input ended before call {call} was answered");
        };
        result_of(call, &answer)
    }

    fn write_call(
        &self,
        operation: &str,
        object: u64,
        arguments: impl Serialize,
        sender: Sender<Vec<u8>>,
    ) -> u64 {
        let mut output = held(&self.output);
        let call = output.last_call + 1;
        output.last_call = call;
        let mut line = serde_json::to_vec(&Call {
            call,
            during: DURING.with(Cell::get),
            operation,
            object,
            arguments,
        })
        .unwrap_or_else(|error| panic!("call {call} cannot be written as JSON: {error}"));
        line.push(b'\n');
        held(&self.waiting).insert(call, sender);
        output
            .write(&line)
            .unwrap_or_else(|error| panic!("call {call} cannot be written: {error}"));
        call
    }
}

fn result_of<T: DeserializeOwned>(call: u64, answer: &[u8]) -> Result<T, String> {
    match from_json::<CallAnswer<T>>(answer) {
        Ok(CallAnswer {
            fault: Some(RunnerFault { kind, text }),
            ..
        }) => resume_unwind(Box::new(Fault {
            kind,
            text,
            call: Some(call),
        })),
        Ok(CallAnswer {
            refused: Some(text),
            ..
        }) => Err(text),
        Ok(CallAnswer {
            ok: Some(value), ..
        }) => Ok(value),
        Ok(_) => panic!("the answer to call {call} has none of the keys ok, refused and fault"),
        Err(error) => panic!("the answer to call {call} has another form: {error}"),
    }
}

/// Read one message, however deep its values are.
pub fn from_json<'a, T: Deserialize<'a>>(line: &'a [u8]) -> serde_json::Result<T> {
    let mut deserializer = serde_json::Deserializer::from_slice(line);
    deserializer.disable_recursion_limit();
    let value = T::deserialize(&mut deserializer)?;
    deserializer.end()?;
    Ok(value)
}

/// Nothing is left half done under these locks, so that a panic of another thread is no reason to stop.
fn held<T: ?Sized>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::result_of;

    #[test]
    fn null_is_a_value_and_not_an_absent_answer() {
        assert_eq!(result_of::<()>(1, b"{\"call\":1,\"ok\":null}"), Ok(()));
        assert_eq!(
            result_of::<Option<String>>(1, b"{\"call\":1,\"ok\":null}"),
            Ok(None)
        );
        assert_eq!(
            result_of::<()>(1, b"{\"call\":1,\"refused\":\"full\"}"),
            Err("full".to_string())
        );
    }

    #[test]
    #[should_panic(expected = "none of the keys")]
    fn an_answer_without_any_key_is_no_answer() {
        let _ = result_of::<Option<String>>(1, b"{\"call\":1}");
    }
}
