//! Serves the backends, handlers and functions of the published crate `telltale-machine` through the
//! harness protocol, so that the conformance suite can judge them.
//!
//! Nothing of its own lies between the suite and the crate: values are read and written by the crate's
//! own serde derives, and what the crate answers is passed on.

mod backends;
mod functions;
mod handlers;
mod hexadecimal;
mod remote;

use std::process::ExitCode;

use telltale_harness::protocol::{Answer, Operations, Problem, Request};

use backends::Backend;
use handlers::Handlers;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let backend = match arguments.as_slice() {
        [name] => Backend::named(name),
        _ => None,
    };
    let Some(backend) = backend else {
        eprintln!("usage: harness-rust memory|file");
        return ExitCode::from(2);
    };
    match backend.harness().operations(Rest::default()).serve() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("harness-rust: {error}");
            ExitCode::FAILURE
        }
    }
}

/// What is neither a log nor a cache.
#[derive(Default)]
struct Rest {
    handlers: Handlers,
}

impl Operations for Rest {
    fn perform(&self, request: &Request) -> Answer {
        match request.operation() {
            "recovery.plan" => functions::plan(request),
            "artifact.encode" => functions::encode(request),
            "artifact.decode" => functions::decode(request),
            "entry.identity" => functions::identity(request),
            "wal_handler.make" => self.handlers.make_wal_handler(request),
            "evidence_handler.make" => self.handlers.make_evidence_handler(request),
            "handler.drop" => self.handlers.drop_handlers(request),
            operation => match operation.strip_prefix("handler.") {
                Some(method) => self.handlers.get(request.object()?)?.serve(method, request),
                None => Err(Problem::Unsupported(format!(
                    "there is no operation {operation}"
                ))),
            },
        }
    }
}
