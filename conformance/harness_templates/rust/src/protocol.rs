//! The protocol `telltale-conformance.harness.v1`; nothing here needs to be filled in.
//!
//! The runner writes requests to our standard input and reads our answers, one JSON object a line.
//! While a request is served, [`Runner::call`] asks for the runner's own objects; a request that
//! arrives before the answer to a call is served first, by the same code once more.

use std::any::Any;
use std::cell::{Cell, RefCell};
use std::io::{self, BufRead, StdinLock, StdoutLock, Write};
use std::panic::{catch_unwind, resume_unwind, AssertUnwindSafe};
use std::process::exit;

use serde_json::{json, Deserializer, Value};

const PROTOCOL: &str = "telltale-conformance.harness.v1";
const SPECIFICATION: &str = "telltale.machine.durability.v1";

/// Why an operation has no value. A panic is not one of these: it is reported as a fault.
pub enum Problem {
    /// The declared error of the contract; the text is never empty.
    Refused(String),
    /// The operation is not served; its requirements are then not judged.
    Unsupported(String),
}

/// What an operation gives: the value that its table in the protocol names, or a problem.
pub type Answer = Result<Value, Problem>;

/// What the harness declares in the handshake.
pub struct Promises {
    pub name: &'static str,
    pub version: &'static str,
    pub capabilities: &'static [&'static str],
    pub rejection_mode: &'static str,
    pub durability_class: &'static str,
    pub concurrent_calls: bool,
}

/// The operations of a harness. They take `&self`, as one may be asked while another is served.
pub trait Operations {
    fn perform(&self, runner: &Runner, operation: &str, request: &Value) -> Answer;
}

/// The runner, at the other end of standard input and output, while one request is served.
pub struct Runner<'a> {
    connection: &'a Connection,
    promises: &'a Promises,
    operations: &'a dyn Operations,
    during: u64,
}

struct Connection {
    input: RefCell<StdinLock<'static>>,
    output: RefCell<StdoutLock<'static>>,
    calls: Cell<u64>,
}

/// What a panic carries when one of the runner's objects broke its contract, on purpose.
struct CalleeFault(Value);

/// Answer requests until the runner says `shutdown` or closes its end of the pipe.
pub fn serve(promises: &Promises, operations: &dyn Operations) -> io::Result<()> {
    let connection = Connection {
        input: RefCell::new(io::stdin().lock()),
        output: RefCell::new(io::stdout().lock()),
        calls: Cell::new(0),
    };
    loop {
        let message = connection.read()?;
        answer(&connection, promises, operations, &message)?;
    }
}

fn answer(
    connection: &Connection,
    promises: &Promises,
    operations: &dyn Operations,
    request: &Value,
) -> io::Result<()> {
    let during = request["id"].as_u64().unwrap_or_default();
    let operation = request["operation"].as_str().unwrap_or_default();
    let runner = Runner {
        connection,
        promises,
        operations,
        during,
    };
    let perform = || match operation {
        "hello" => Ok(promises.to_value()),
        "shutdown" => Ok(Value::Null),
        _ => operations.perform(&runner, operation, request),
    };
    let (key, value) = match catch_unwind(AssertUnwindSafe(perform)) {
        Ok(Ok(value)) => ("ok", value),
        Ok(Err(Problem::Refused(text))) => ("refused", text.into()),
        Ok(Err(Problem::Unsupported(why))) => ("unsupported", why.into()),
        Err(cause) => ("fault", fault(cause)),
    };
    connection.write(&json!({"id": during, key: value}))?;
    if operation == "shutdown" {
        exit(0);
    }
    Ok(())
}

impl Runner<'_> {
    /// Return what one of the runner's objects answers, or its declared error as `Refused`.
    ///
    /// # Panics
    ///
    /// Panics when the object breaks its contract, on purpose: let it pass through.
    pub fn call(&self, operation: &str, object: u64, arguments: Value) -> Answer {
        let mut message = arguments;
        let number = self.connection.calls.get() + 1;
        self.connection.calls.set(number);
        message["call"] = number.into();
        message["during"] = self.during.into();
        message["operation"] = operation.into();
        message["object"] = object.into();
        let mut reply = self.exchange(&message).unwrap_or_else(|error| fail(&error));
        if let Some(text) = reply["refused"].as_str() {
            return Err(Problem::Refused(text.to_owned()));
        }
        if reply["fault"].is_object() {
            let mut fault = reply["fault"].take();
            fault["call"] = number.into();
            resume_unwind(Box::new(CalleeFault(fault)));
        }
        Ok(reply["ok"].take())
    }

    fn exchange(&self, message: &Value) -> io::Result<Value> {
        self.connection.write(message)?;
        loop {
            let message = self.connection.read()?;
            if message.get("call").is_some() {
                return Ok(message);
            }
            answer(self.connection, self.promises, self.operations, &message)?;
        }
    }
}

impl Connection {
    fn read(&self) -> io::Result<Value> {
        let mut line = Vec::new();
        if self.input.borrow_mut().read_until(b'\n', &mut line)? == 0 {
            exit(0); // The runner has left.
        }
        let mut reader = Deserializer::from_slice(&line);
        reader.disable_recursion_limit();
        let message = reader.into_iter().next();
        Ok(message.unwrap_or(Ok(Value::Null))?)
    }

    fn write(&self, message: &Value) -> io::Result<()> {
        let mut output = self.output.borrow_mut();
        output.write_all(format!("{message}\n").as_bytes())?;
        output.flush()
    }
}

impl Promises {
    fn to_value(&self) -> Value {
        json!({
            "protocol": PROTOCOL,
            "specification": SPECIFICATION,
            "name": self.name,
            "version": self.version,
            "capabilities": self.capabilities,
            "rejection_mode": self.rejection_mode,
            "durability_class": self.durability_class,
            "concurrent_calls": self.concurrent_calls,
        })
    }
}

fn fault(cause: Box<dyn Any + Send>) -> Value {
    let text = match cause.downcast::<CalleeFault>() {
        Ok(callee) => return callee.0,
        Err(other) => match other.downcast::<String>() {
            Ok(text) => *text,
            Err(other) => other.downcast_ref::<&str>().unwrap_or(&"").to_string(),
        },
    };
    json!({"kind": "panic", "text": text})
}

fn fail(error: &io::Error) -> ! {
    eprintln!("harness: {error}");
    exit(1);
}
