//! The protocol `telltale-conformance.harness.v1`; nothing here needs to be filled in.
//!
//! The runner writes requests to our standard input and reads our answers, one JSON object a line.
//! While a request is served, [`Runner::call`] asks for the runner's own objects. Whoever may do so
//! is served in a thread of its own, so that what comes in the meantime is served too.

// Not every harness uses all of it.
#![allow(dead_code)]

use std::any::Any;
use std::cell::Cell;
use std::collections::HashMap;
use std::io::{stdin, stdout, BufRead, BufReader, Write};
use std::panic::{catch_unwind, resume_unwind, AssertUnwindSafe};
use std::sync::mpsc::{channel, Sender};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;

use serde::de::DeserializeOwned;
use serde::Serialize;
use serde_json::value::RawValue;
use serde_json::{json, Value};

const PROTOCOL: &str = "telltale-conformance.harness.v1";
const SPECIFICATION: &str = "telltale.machine.durability.v1";

/// Deeply nested values are read and dropped by recursion. This is address space, not memory.
const STACK_BYTES: usize = 256 * 1024 * 1024;
const WAITING_STACK_BYTES: usize = 64 * 1024 * 1024;

/// What the harness declares in the handshake.
#[derive(Clone, Copy, Debug)]
pub struct Promises<'a> {
    /// Name of the backend.
    pub name: &'a str,
    /// Version of the backend.
    pub version: &'a str,
    /// What it promises, by the protocol's names.
    pub capabilities: &'a [&'a str],
    /// What a refused append leaves.
    pub rejection_mode: &'a str,
    /// What the backend survives.
    pub durability_class: &'a str,
    /// Whether a second request is served while a first one runs.
    pub concurrent_calls: bool,
    /// The findings that it mends.
    pub mends: &'a [&'a str],
}

/// Why an operation has no value.
#[derive(Debug)]
pub enum Problem {
    /// The declared error of the contract, with its text.
    Refused(String),
    /// What the contract does not declare. A panic becomes one by itself.
    Fault(Fault),
    /// The operation is not served; its requirements are then not judged.
    Unsupported(String),
}

/// A panic, or a fault that the runner asked for.
#[derive(Debug)]
pub struct Fault {
    /// What kind of fault it is.
    pub kind: String,
    /// What it says.
    pub text: String,
    /// The call that it came from, if it came from one.
    pub call: Option<u64>,
}

impl Problem {
    /// A request that cannot be served as it stands.
    pub fn bad_request(text: impl Into<String>) -> Self {
        Self::Fault(Fault::new("bad-request", text))
    }
}

impl Fault {
    fn new(kind: &str, text: impl Into<String>) -> Self {
        Self {
            kind: kind.to_string(),
            text: text.into(),
            call: None,
        }
    }

    fn to_value(&self) -> Value {
        let mut fault = json!({"kind": self.kind, "text": self.text});
        if let Some(call) = self.call {
            fault["call"] = call.into();
        }
        fault
    }
}

impl From<String> for Problem {
    /// The errors of the specification's contracts are texts.
    fn from(text: String) -> Self {
        Self::Refused(text)
    }
}

/// A value as JSON text; [`value`] makes it.
#[derive(Debug)]
pub struct Json(String);

/// What an operation gives: the value that its table in the protocol names, or a problem.
pub type Answer = Result<Json, Problem>;

/// Write `value` in serde's JSON form.
pub fn value<T: Serialize + ?Sized>(value: &T) -> Answer {
    serde_json::to_string(value)
        .map(Json)
        .map_err(|error| Problem::Fault(Fault::new("serialize", error.to_string())))
}

/// The operations of a harness. Several may be served at the same time.
pub trait Operations: Send + Sync + 'static {
    /// Serve one request.
    fn perform(&self, request: &Request) -> Answer;

    /// Say whether an operation may call the runner; only those that do can.
    fn waits(&self, operation: &str) -> bool {
        operation.contains("handler")
    }
}

impl<F: Fn(&Request) -> Answer + Send + Sync + 'static> Operations for F {
    fn perform(&self, request: &Request) -> Answer {
        self(request)
    }
}

/// A message, or the arguments of a request: values by their names, each as it came.
type Fields = HashMap<String, Box<RawValue>>;

/// One request of the runner.
pub struct Request {
    id: u64,
    operation: String,
    fields: Fields,
    runner: Runner,
}

impl Request {
    /// The name of the operation that is asked for.
    pub fn operation(&self) -> &str {
        &self.operation
    }

    /// The number of the object that is asked.
    pub fn object(&self) -> Result<u64, Problem> {
        self.argument("object")
    }

    /// Read an argument in the form that is asked for.
    pub fn argument<T: DeserializeOwned>(&self, name: &str) -> Result<T, Problem> {
        let text = self.fields.get(name).ok_or_else(|| {
            Problem::bad_request(format!("{} without the argument {name}", self.operation))
        })?;
        from_json(text.get()).map_err(|error| Problem::bad_request(format!("{name}: {error}")))
    }

    /// The runner, whose objects can be called while this request is served.
    pub fn runner(&self) -> &Runner {
        &self.runner
    }
}

thread_local! {
    /// The request that this thread serves, if it may call the runner.
    static DURING: Cell<Option<u64>> = const { Cell::new(None) };
}

/// The runner, at the other end of standard input and output.
#[derive(Clone)]
pub struct Runner(Arc<Link>);

/// The standard output, and the calls that wait for their answers.
struct Link {
    output: Mutex<Output>,
    waiting: Mutex<HashMap<u64, Sender<Fields>>>,
}

struct Output {
    stream: Box<dyn Write + Send>,
    /// It is counted under the lock, so that the numbers rise in the order of the lines.
    last_call: u64,
}

impl Output {
    fn write(&mut self, line: &[u8]) -> std::io::Result<()> {
        self.stream.write_all(line)?;
        self.stream.flush()
    }
}

impl Runner {
    fn new(output: Box<dyn Write + Send>) -> Self {
        let output = Output {
            stream: output,
            last_call: 0,
        };
        Self(Arc::new(Link {
            output: Mutex::new(output),
            waiting: Mutex::new(HashMap::new()),
        }))
    }

    /// Ask one of the runner's objects and wait for its answer: a value, or the declared error.
    ///
    /// # Panics
    ///
    /// Panics when the object breaks its contract, on purpose: let it pass through. Panics too where
    /// [`Operations::waits`] said that there would be no call.
    pub fn call<T: DeserializeOwned>(
        &self,
        operation: &str,
        object: u64,
        arguments: impl Serialize,
    ) -> Result<T, String> {
        let during = DURING.with(Cell::get).unwrap_or_else(|| {
            panic!("{operation} is called by what has said that it does not wait for the runner")
        });
        let arguments = serde_json::to_string(&arguments)
            .unwrap_or_else(|error| panic!("the arguments of {operation}: {error}"));
        let fields = match arguments.strip_prefix('{') {
            Some("}") => "}".to_string(),
            Some(fields) => format!(",{fields}"),
            None => panic!("the arguments of {operation} are an object, not {arguments}"),
        };
        let (sender, receiver) = channel();
        let call = {
            let mut output = held(&self.0.output);
            output.last_call += 1;
            let call = output.last_call;
            held(&self.0.waiting).insert(call, sender);
            let head = format!("\"call\":{call},\"during\":{during},\"object\":{object}");
            let line = format!("{{{head},\"operation\":{}{fields}\n", json!(operation));
            output
                .write(line.as_bytes())
                .unwrap_or_else(|error| panic!("call {call} cannot be written: {error}"));
            call
        };
        let Ok(answer) = receiver.recv() else {
            panic!("the input ended before call {call} was answered");
        };
        result_of(call, &answer)
    }

    /// Hand the runner's answer to the thread that waits for it.
    fn route(&self, call: u64, answer: Fields) -> Result<(), String> {
        held(&self.0.waiting)
            .remove(&call)
            .and_then(|waiting| waiting.send(answer).ok())
            .ok_or_else(|| format!("not a message: an answer to call {call}, which nobody made"))
    }

    fn answer(&self, id: u64, answer: Answer) -> Result<(), String> {
        held(&self.0.output)
            .write(&line(id, answer))
            .map_err(|error| format!("the answer to request {id} cannot be written: {error}"))
    }
}

fn result_of<T: DeserializeOwned>(call: u64, answer: &Fields) -> Result<T, String> {
    if let Some(fault) = answer.get("fault") {
        let fault: Value = answered(call, fault);
        let text = |name: &str| fault[name].as_str().unwrap_or_default().to_string();
        resume_unwind(Box::new(Fault {
            kind: text("kind"),
            text: text("text"),
            call: Some(call),
        }));
    }
    if let Some(text) = answer.get("refused") {
        return Err(answered(call, text));
    }
    match answer.get("ok") {
        Some(value) => Ok(answered(call, value)),
        None => panic!("the answer to call {call} has neither ok, refused nor fault"),
    }
}

fn answered<T: DeserializeOwned>(call: u64, text: &RawValue) -> T {
    from_json(text.get())
        .unwrap_or_else(|error| panic!("the answer to call {call} has another form: {error}"))
}

/// Answer requests until the runner says `shutdown` or closes its end of the pipe.
///
/// # Errors
///
/// A line that is no message, and a pipe that is broken.
pub fn serve(promises: &Promises, operations: impl Operations) -> Result<(), String> {
    serve_with(hello(promises), operations)
}

/// Serve operations, with the answer to the handshake.
pub(super) fn serve_with(hello: Value, operations: impl Operations) -> Result<(), String> {
    thread::Builder::new()
        .name("requests".to_string())
        .stack_size(STACK_BYTES)
        .spawn(move || {
            converse(
                BufReader::new(stdin()),
                Box::new(stdout()),
                hello,
                operations,
            )
        })
        .map_err(|error| format!("the thread for requests could not be started: {error}"))?
        .join()
        .unwrap_or_else(|cause| resume_unwind(cause))
}

/// Answer what comes from one stream on another.
pub(super) fn converse(
    mut input: impl BufRead,
    output: Box<dyn Write + Send>,
    hello: Value,
    operations: impl Operations,
) -> Result<(), String> {
    let runner = Runner::new(output);
    let operations = Arc::new(operations);
    loop {
        let mut line = Vec::new();
        let count = input
            .read_until(b'\n', &mut line)
            .map_err(|error| format!("standard input: {error}"))?;
        if count == 0 {
            return Ok(()); // The runner has left.
        }
        let fields = message(&line).map_err(|reason| format!("not a message: {reason}"))?;
        if let Some(call) = field(&fields, "call") {
            runner.route(call, fields)?;
            continue;
        }
        let (Some(id), Some(operation)) = (field(&fields, "id"), field(&fields, "operation"))
        else {
            return Err("not a message: neither a request nor an answer to a call".to_string());
        };
        let operation: String = operation;
        match operation.as_str() {
            "hello" => runner.answer(id, value(&hello))?,
            "shutdown" => return runner.answer(id, value(&())),
            _ => {
                let request = Request {
                    id,
                    operation,
                    fields,
                    runner: runner.clone(),
                };
                perform(&operations, request)?;
            }
        }
    }
}

fn perform(operations: &Arc<impl Operations>, request: Request) -> Result<(), String> {
    let id = request.id;
    if !operations.waits(&request.operation) {
        let answer = guarded(|| operations.perform(&request));
        return request.runner.answer(id, answer);
    }
    let operations = Arc::clone(operations);
    let work = move || {
        DURING.with(|during| during.set(Some(id)));
        let answer = guarded(|| operations.perform(&request));
        if let Err(error) = request.runner.answer(id, answer) {
            eprintln!("harness: {error}");
        }
    };
    thread::Builder::new()
        .name(format!("request {id}"))
        .stack_size(WAITING_STACK_BYTES)
        .spawn(work)
        .map(drop)
        .map_err(|error| format!("a thread for request {id}: {error}"))
}

fn message(line: &[u8]) -> Result<Fields, String> {
    let line = std::str::from_utf8(line).map_err(|error| error.to_string())?;
    if !line.ends_with('\n') {
        return Err("the input ended within a line".to_string());
    }
    from_json(line).map_err(|error| error.to_string())
}

fn field<T: DeserializeOwned>(fields: &Fields, name: &str) -> Option<T> {
    fields.get(name).and_then(|text| from_json(text.get()).ok())
}

/// Make the answer to the handshake.
pub(super) fn hello(promises: &Promises) -> Value {
    json!({
        "protocol": PROTOCOL,
        "specification": SPECIFICATION,
        "name": promises.name,
        "version": promises.version,
        "capabilities": promises.capabilities,
        "rejection_mode": promises.rejection_mode,
        "durability_class": promises.durability_class,
        "concurrent_calls": promises.concurrent_calls,
        "mends": promises.mends,
    })
}

/// Do `work`; a panic in it becomes a fault.
fn guarded(work: impl FnOnce() -> Answer) -> Answer {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|cause| Err(Problem::Fault(fault(cause))))
}

fn fault(cause: Box<dyn Any + Send>) -> Fault {
    let cause = match cause.downcast::<Fault>() {
        Ok(fault) => return *fault,
        Err(cause) => cause,
    };
    let text = cause
        .downcast_ref::<String>()
        .map(String::as_str)
        .or_else(|| cause.downcast_ref::<&str>().copied())
        .unwrap_or("a panic whose payload is not a text");
    Fault::new("panic", text)
}

/// The whole line that answers request `id`.
fn line(id: u64, answer: Answer) -> Vec<u8> {
    let (key, body) = match answer {
        Ok(Json(body)) => ("ok", body),
        Err(Problem::Refused(text)) => ("refused", json!(text).to_string()),
        Err(Problem::Fault(fault)) => ("fault", fault.to_value().to_string()),
        Err(Problem::Unsupported(why)) => ("unsupported", json!(why).to_string()),
    };
    format!("{{\"id\":{id},\"{key}\":{body}}}\n").into_bytes()
}

/// Read one JSON text, however deep its values are.
fn from_json<T: DeserializeOwned>(text: &str) -> serde_json::Result<T> {
    let mut deserializer = serde_json::Deserializer::from_str(text);
    deserializer.disable_recursion_limit();
    let value = T::deserialize(&mut deserializer)?;
    deserializer.end()?;
    Ok(value)
}

/// Nothing is left half done under these locks, so another thread's panic is no reason to stop.
fn held<T: ?Sized>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
