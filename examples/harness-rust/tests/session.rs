//! A scripted session with the program itself: each test plays the runner.

use std::io::{BufRead, BufReader, Write};
use std::path::PathBuf;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use serde_json::{json, Value};

/// A running harness.
struct Session {
    child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

impl Session {
    fn start(backend: &str) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_harness-rust"))
            .arg(backend)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("the harness starts");
        let input = child.stdin.take().expect("an input");
        let output = BufReader::new(child.stdout.take().expect("an output"));
        Self {
            child,
            input,
            output,
        }
    }

    fn send(&mut self, message: &Value) {
        writeln!(self.input, "{message}").expect("the harness reads");
        self.input.flush().expect("the harness reads");
    }

    fn receive(&mut self) -> Value {
        let mut line = String::new();
        self.output.read_line(&mut line).expect("a line");
        serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: {line}"))
    }

    /// Ask, and return the answer without its id.
    fn ask(&mut self, mut request: Value, id: u64) -> Value {
        request["id"] = json!(id);
        self.send(&request);
        let mut answer = self.receive();
        let answered = answer.as_object_mut().expect("an object").remove("id");
        assert_eq!(answered, Some(json!(id)));
        answer
    }

    fn shut_down(mut self) {
        assert_eq!(
            self.ask(json!({"operation": "shutdown"}), 1000),
            json!({"ok": null})
        );
        let status = self.child.wait().expect("a status");
        assert!(status.success(), "{status}");
    }
}

fn gate(operation_id: &str, tick: u64) -> Value {
    json!({
        "kind": "visibility_gate_crossing",
        "operation_id": operation_id,
        "downstream_coroutine_id": "c",
        "gate_level": "none",
        "tick": tick,
    })
}

fn fresh_folder(name: &str) -> PathBuf {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).expect("a folder");
    folder
}

#[test]
fn the_handshake_declares_what_each_backend_promises() {
    for (backend, class) in [("memory", "volatile"), ("file", "restart")] {
        let mut session = Session::start(backend);
        let answer = session.ask(json!({"operation": "hello"}), 0);
        assert_eq!(answer["ok"]["protocol"], "telltale-conformance.harness.v1");
        assert_eq!(answer["ok"]["durability_class"], class);
        assert_eq!(answer["ok"]["concurrent_calls"], true);
        session.shut_down();
    }
}

#[test]
fn a_file_log_is_there_when_it_is_opened_again() {
    let folder = fresh_folder("reopened");
    let mut session = Session::start("file");
    let open = json!({"operation": "wal.open", "object": 1, "directory": folder});
    assert_eq!(session.ask(open, 1), json!({"ok": null}));
    // The greatest tick needs all 64 bits.
    let entry = gate("å", u64::MAX);
    let append = json!({"operation": "wal.append", "object": 1, "entry": entry});
    assert_eq!(session.ask(append, 2), json!({"ok": null}));
    let close = json!({"operation": "wal.close", "object": 1});
    assert_eq!(session.ask(close, 3), json!({"ok": null}));
    let open = json!({"operation": "wal.open", "object": 2, "directory": folder});
    assert_eq!(session.ask(open, 4), json!({"ok": null}));
    let load = json!({"operation": "wal.load", "object": 2});
    assert_eq!(session.ask(load, 5), json!({"ok": {"entries": [entry]}}));
    session.shut_down();
}

#[test]
fn a_refusal_carries_the_text_of_the_crate() {
    let mut session = Session::start("memory");
    let open = json!({"operation": "wal.open", "object": 1, "directory": "/"});
    assert_eq!(session.ask(open, 1), json!({"ok": null}));
    let falling = json!({
        "kind": "escalation", "operation_id": "a", "previous_level": "soft_safe",
        "new_level": "none", "evidence_id": null, "tick": 1,
    });
    let append = json!({"operation": "wal.append", "object": 1, "entry": falling});
    let answer = session.ask(append, 2);
    let text = answer["refused"].as_str().expect("a refusal");
    assert!(text.contains("regression for `a`"), "{text}");
    session.shut_down();
}

#[test]
fn what_it_does_not_know_is_unsupported_and_what_makes_no_sense_is_a_fault() {
    let mut session = Session::start("memory");
    let answer = session.ask(json!({"operation": "wal.compact", "object": 1}), 1);
    assert!(answer["unsupported"].is_string(), "{answer}");
    let answer = session.ask(json!({"operation": "wal.load", "object": 1}), 2);
    assert_eq!(answer["fault"]["kind"], "bad-request");
    let answer = session.ask(json!({"operation": "entry.identity"}), 3);
    assert_eq!(answer["fault"]["kind"], "bad-request");
    session.shut_down();
}

#[test]
fn values_far_deeper_than_a_json_reader_likes_are_served() {
    let mut value = json!("Unit");
    for _ in 0..120 {
        value = json!({"Prod": ["Unit", value]});
    }
    let artifact = json!({
        "schema_version": "telltale.machine.durability.v1",
        "payload": {"kind": "evidence_outcome_cache", "payload": {"entries": [{
            "evidence_id": "e", "interface_name": "i", "operation_name": "o",
            "outcome": {
                "status": {"status": "success"},
                "response": {"kind": "acquire", "evidence": value},
            },
        }]}},
    });
    let mut session = Session::start("memory");
    let encode = json!({"operation": "artifact.encode", "artifact": artifact});
    let bytes = session.ask(encode, 1)["ok"].clone();
    assert!(bytes.is_string());
    session.send(&json!({"id": 2, "operation": "artifact.decode", "bytes": bytes}));
    let mut line = String::new();
    session.output.read_line(&mut line).expect("a line");
    assert_eq!(line.matches("Prod").count(), 120);
    session.shut_down();
}

#[test]
fn a_handler_calls_what_is_around_it_and_requests_come_in_the_middle() {
    let mut session = Session::start("memory");
    let open = json!({"operation": "wal.open", "object": 1, "directory": "/"});
    assert_eq!(session.ask(open, 1), json!({"ok": null}));
    let make = json!({
        "operation": "wal_handler.make", "object": 2, "inner": 10, "wal": 11,
        "mode": {"mode": "immediate"},
    });
    assert_eq!(session.ask(make, 2), json!({"ok": null}));
    let sync = json!({
        "operation_id": "a", "downstream_coroutine_id": "c", "gate_level": "none",
        "agreement_state": null, "agreement_evidence": [], "tick": 7,
    });
    session.send(&json!({"id": 3, "operation": "handler.wal_sync", "object": 2, "sync": sync}));
    assert_eq!(
        session.receive(),
        json!({"call": 1, "during": 3, "operation": "wal.load", "object": 11})
    );
    // The log below the handler is the harness's own.
    let loaded = session.ask(json!({"operation": "wal.load", "object": 1}), 4);
    session.send(&json!({"call": 1, "ok": loaded["ok"]}));
    let append = session.receive();
    assert_eq!(append["operation"], "wal.append");
    assert_eq!(append["entry"], gate("a", 7));
    session.send(&json!({"call": 2, "refused": "full"}));
    let answer = session.receive();
    assert_eq!(answer["id"], 3);
    assert_eq!(answer["ok"]["status"], "failure");
    let text = answer["ok"]["failure"]["message"].as_str().expect("a text");
    assert!(text.ends_with(": full"), "{text}");
    session.shut_down();
}

#[test]
fn a_fault_of_a_call_comes_back_with_its_number_and_the_handler_lives_on() {
    let mut session = Session::start("memory");
    for (object, form) in [(2, "object"), (3, "callable")] {
        let make = json!({
            "operation": "evidence_handler.make", "object": object, "inner": 10, "cache": 11,
            "resolver": 12, "resolver_form": form,
        });
        assert_eq!(session.ask(make, object * 10), json!({"ok": null}));
        let call = object * 2 - 3;
        let get = json!({
            "id": object * 10 + 1, "operation": "handler.cached_outcome", "object": object,
            "evidence_id": "e",
        });
        session.send(&get);
        assert_eq!(session.receive()["operation"], "cache.get");
        session.send(&json!({"call": call, "fault": {"kind": "panic", "text": "torn"}}));
        assert_eq!(
            session.receive(),
            json!({"id": object * 10 + 1, "fault": {"kind": "panic", "text": "torn", "call": call}})
        );
        session.send(&json!({
            "id": object * 10 + 2, "operation": "handler.cached_outcome", "object": object,
            "evidence_id": "e",
        }));
        assert_eq!(session.receive()["call"], call + 1);
        session.send(&json!({"call": call + 1, "ok": null}));
        assert_eq!(
            session.receive(),
            json!({"id": object * 10 + 2, "ok": null})
        );
    }
    session.shut_down();
}

#[test]
fn a_second_request_is_served_while_the_first_one_waits() {
    let mut session = Session::start("memory");
    for object in [2, 3] {
        let make = json!({
            "operation": "wal_handler.make", "object": object, "inner": 10, "wal": 11,
            "mode": {"mode": "blocked"},
        });
        assert_eq!(session.ask(make, object), json!({"ok": null}));
    }
    session.send(&json!({"id": 4, "operation": "handler.handler_identity", "object": 2}));
    assert_eq!(session.receive()["call"], 1);
    session.send(&json!({"id": 5, "operation": "handler.handler_identity", "object": 3}));
    assert_eq!(session.receive()["during"], 5);
    session.send(&json!({"call": 2, "ok": "second"}));
    assert_eq!(session.receive()["ok"], "agreement_wal<second>");
    session.send(&json!({"call": 1, "ok": "first"}));
    assert_eq!(session.receive()["ok"], "agreement_wal<first>");
    session.shut_down();
}

#[test]
fn the_end_of_the_input_ends_the_program() {
    let session = Session::start("file");
    let Session {
        mut child, input, ..
    } = session;
    drop(input);
    assert!(child.wait().expect("a status").success());
}

#[test]
fn an_unknown_backend_is_wrong_usage() {
    let status = Command::new(env!("CARGO_BIN_EXE_harness-rust"))
        .arg("tape")
        .stderr(Stdio::null())
        .status()
        .expect("a status");
    assert_eq!(status.code(), Some(2));
}
