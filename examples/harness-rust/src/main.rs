//! Serves the backends, handlers and functions of the published crate `telltale-machine` through the
//! harness protocol, so that the conformance suite can judge them.
//!
//! Nothing of its own lies between the suite and the crate: values are read and written by the crate's
//! own serde derives, and what the crate answers is passed on.

mod answer;
mod backends;
mod functions;
mod handlers;
mod hexadecimal;
mod link;
mod remote;
mod server;

use std::io::{stdin, stdout, BufReader};
use std::process::ExitCode;
use std::thread;

use backends::Backend;

/// Deeply nested values are read and dropped by recursion. This is address space, not memory.
const STACK_BYTES: usize = 256 * 1024 * 1024;

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
    let serving = thread::Builder::new()
        .name("requests".to_string())
        .stack_size(STACK_BYTES)
        .spawn(move || server::serve(BufReader::new(stdin()), Box::new(stdout()), backend));
    match serving.map(thread::JoinHandle::join) {
        Ok(Ok(Ok(()))) => ExitCode::SUCCESS,
        Ok(Ok(Err(error))) => {
            eprintln!("harness-rust: {error}");
            ExitCode::FAILURE
        }
        Ok(Err(_)) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("harness-rust: the serving thread could not be started: {error}");
            ExitCode::FAILURE
        }
    }
}
