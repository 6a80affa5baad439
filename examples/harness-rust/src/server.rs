//! The reader: it routes answers to those that wait, serves what needs nobody else, and gives each
//! request of a handler a thread of its own, because a handler waits for the runner.

use std::borrow::Cow;
use std::io::{BufRead, Read, Write};
use std::sync::Arc;
use std::thread;

use serde::Deserialize;

use crate::answer::{guarded, line, value, Exception, Served};
use crate::backends::{Backend, Storage};
use crate::functions;
use crate::handlers::{Handlers, Made};
use crate::link::{from_json, serving, Link};

/// The longest line that the protocol allows.
const MAX_LINE_BYTES: u64 = 160 * 1024 * 1024;

/// The values that a handler gets may be deep. This is address space, not memory.
const HANDLER_STACK_BYTES: usize = 64 * 1024 * 1024;

/// What is read of every message before its arguments.
#[derive(Deserialize)]
struct Head<'a> {
    id: Option<u64>,
    call: Option<u64>,
    #[serde(borrow)]
    operation: Option<Cow<'a, str>>,
    object: Option<u64>,
}

/// Serve requests until the input ends or the runner says that this is the end.
pub fn serve(
    mut input: impl BufRead,
    output: Box<dyn Write + Send>,
    backend: Backend,
) -> Result<(), String> {
    let mut server = Server {
        link: Arc::new(Link::new(output)),
        backend,
        storage: Storage::new(backend),
        handlers: Handlers::default(),
    };
    let mut message = Vec::new();
    loop {
        message.clear();
        let count = input
            .by_ref()
            .take(MAX_LINE_BYTES)
            .read_until(b'\n', &mut message)
            .map_err(|error| format!("standard input: {error}"))?;
        if count == 0 {
            return Ok(());
        }
        if message.last() != Some(&b'\n') {
            return Err(format!(
                "the input ended within a line, or the line is longer than {MAX_LINE_BYTES} bytes"
            ));
        }
        if server.take(&mut message)? == Next::End {
            return Ok(());
        }
    }
}

#[derive(PartialEq)]
enum Next {
    Message,
    End,
}

struct Server {
    link: Arc<Link>,
    backend: Backend,
    storage: Storage,
    handlers: Handlers,
}

impl Server {
    fn take(&mut self, message: &mut Vec<u8>) -> Result<Next, String> {
        let head: Head = from_json(message).map_err(|error| format!("not a message: {error}"))?;
        if let Some(call) = head.call {
            self.link.route(call, std::mem::take(message))?;
            return Ok(Next::Message);
        }
        let (Some(id), Some(operation)) = (head.id, head.operation.as_deref()) else {
            return Err("a message without id and operation, and without call".to_string());
        };
        if let Some(method) = operation.strip_prefix("handler.") {
            if method != "drop" {
                let method = method.to_string();
                let made = object(head.object).and_then(|object| self.handlers.get(object));
                return self.serve_aside(id, method, made, std::mem::take(message));
            }
        }
        let served = guarded(|| self.serve_here(operation, head.object, message));
        self.write(&line(id, served))?;
        Ok(if operation == "shutdown" {
            Next::End
        } else {
            Next::Message
        })
    }

    /// Serve what never has to wait for an answer of the runner.
    fn serve_here(&mut self, operation: &str, number: Option<u64>, message: &[u8]) -> Served {
        match operation {
            "hello" => self.backend.declaration(),
            "recovery.plan" => functions::plan(message),
            "artifact.encode" => functions::encode(message),
            "artifact.decode" => functions::decode(message),
            "entry.identity" => functions::identity(message),
            "wal_handler.make" => {
                self.handlers
                    .make_wal_handler(&self.link, object(number)?, message)
            }
            "evidence_handler.make" => {
                self.handlers
                    .make_evidence_handler(&self.link, object(number)?, message)
            }
            "handler.drop" => self.handlers.drop_handlers(message),
            "shutdown" => value(&()),
            _ => match operation.split_once('.') {
                Some(("wal", method)) => self.storage.serve_log(method, object(number)?, message),
                Some(("cache", method)) => {
                    self.storage.serve_cache(method, object(number)?, message)
                }
                _ => Err(Exception::Unsupported(format!(
                    "there is no operation {operation}"
                ))),
            },
        }
    }

    /// Serve a request of a handler in a thread of its own.
    fn serve_aside(
        &self,
        id: u64,
        method: String,
        made: Result<Arc<Made>, Exception>,
        message: Vec<u8>,
    ) -> Result<Next, String> {
        let link = Arc::clone(&self.link);
        let work = move || {
            serving(id);
            let served = guarded(|| made?.serve(&method, &message));
            if let Err(error) = link.write(&line(id, served)) {
                eprintln!("harness-rust: the answer to request {id} cannot be written: {error}");
            }
        };
        thread::Builder::new()
            .name(format!("request {id}"))
            .stack_size(HANDLER_STACK_BYTES)
            .spawn(work)
            .map_err(|error| format!("a thread for request {id}: {error}"))?;
        Ok(Next::Message)
    }

    fn write(&self, line: &[u8]) -> Result<(), String> {
        self.link
            .write(line)
            .map_err(|error| format!("standard output: {error}"))
    }
}

fn object(number: Option<u64>) -> Result<u64, Exception> {
    number.ok_or_else(|| Exception::bad_request("the request names no object"))
}
