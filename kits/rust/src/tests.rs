//! The kit talks to a script that plays the runner.

use std::io::{BufReader, Read, Write};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use serde_json::{json, Value};

use crate::protocol::{converse, hello, value, Answer, Problem, Request};
use crate::{Durability, Harness, Log};

const GREATEST: &str = "18446744073709551615";
const SECONDS_MAX: u64 = 60;

#[derive(Clone, Default)]
struct Output(Arc<Mutex<Vec<u8>>>);

impl Output {
    fn lines(&self) -> Vec<String> {
        let bytes = self.0.lock().expect("no panic").clone();
        let text = String::from_utf8(bytes).expect("UTF-8");
        text.lines().map(str::to_string).collect()
    }
}

impl Write for Output {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().expect("no panic").write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// Gives each text when so many lines have come out.
struct Script {
    texts: std::vec::IntoIter<(usize, String)>,
    output: Output,
}

impl Read for Script {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let Some((lines_count, text)) = self.texts.next() else {
            return Ok(0);
        };
        let started = Instant::now();
        while self.output.lines().len() < lines_count {
            assert!(
                started.elapsed() < Duration::from_secs(SECONDS_MAX),
                "{text}"
            );
            std::thread::sleep(Duration::from_millis(1));
        }
        buffer[..text.len()].copy_from_slice(text.as_bytes());
        Ok(text.len())
    }
}

/// Keeps its entries where it was opened, and has some bad habits.
struct FileLog(std::path::PathBuf);

impl Log for FileLog {
    type Entry = Value;

    fn append(&mut self, entry: Value) -> Result<(), String> {
        match entry["operation_id"].as_str() {
            Some("refused") => return Err("because".to_string()),
            Some("wordless") => return Err(String::new()),
            Some("broken") => panic!("no such {}", "thing"),
            _ => {}
        }
        let mut entries = self.load()?;
        entries.push(entry);
        std::fs::write(&self.0, json!(entries).to_string()).map_err(|error| error.to_string())
    }

    fn read_since(&self, tick: u64) -> Result<Vec<Value>, String> {
        let is_above = |entry: &Value| entry["tick"].as_u64().is_some_and(|other| other > tick);
        Ok(self.load()?.into_iter().filter(is_above).collect())
    }

    fn load(&self) -> Result<Vec<Value>, String> {
        match std::fs::read_to_string(&self.0) {
            Ok(text) => serde_json::from_str(&text).map_err(|error| error.to_string()),
            Err(_) => Ok(Vec::new()),
        }
    }
}

fn others(request: &Request) -> Answer {
    match request.operation() {
        "handler.wal_snapshot" => {
            let entry: Value = request.argument("entry")?;
            let log: Value = request
                .runner()
                .call("wal.load", 9, json!({"entry": entry}))?;
            value(&log)
        }
        "entry.identity" => value(&request.runner().call::<Value>("wal.load", 9, json!({}))?),
        name => Err(Problem::Unsupported(format!("no {name}"))),
    }
}

fn harness() -> Harness {
    Harness::new("test", "1")
        .durability(Durability::Process)
        .capability("exact-messages")
        .capability("reopen")
        .log(|directory| match directory.is_dir() {
            true => Ok(FileLog(directory.join("log.json"))),
            false => Err("there is no such place".to_string()),
        })
        .operations(others)
}

/// Say these lines, each when so many have come out; return what came out, and the end.
fn after(script: &[(usize, &str)]) -> (Vec<String>, Result<(), String>) {
    let output = Output::default();
    let lines: Vec<_> = script
        .iter()
        .map(|(count, line)| (*count, format!("{line}\n")))
        .collect();
    let input = Script {
        texts: lines.into_iter(),
        output: output.clone(),
    };
    let harness = harness();
    let promises = harness.with_promises(hello);
    let input = BufReader::with_capacity(1 << 20, input);
    let end = converse(input, Box::new(output.clone()), promises, harness.parts);
    (output.lines(), end)
}

fn said(lines: &[&str]) -> Vec<String> {
    let script: Vec<_> = lines
        .iter()
        .enumerate()
        .map(|(count, line)| (count, *line))
        .collect();
    let (said, end) = after(&script);
    assert_eq!(end, Ok(()));
    said
}

fn directory(name: &str) -> String {
    let path = std::env::temp_dir().join(format!("kit-{}-{name}", std::process::id()));
    std::fs::create_dir_all(&path).expect("a directory");
    json!(path).to_string()
}

#[test]
fn announces_what_its_durability_promises_once() {
    let said = said(&[r#"{"id":0,"operation":"hello"}"#]);
    let answer: Value = serde_json::from_str(&said[0]).expect("JSON");
    let expected = json!({"id": 0, "ok": {
        "protocol": "telltale-conformance.harness.v1",
        "specification": "telltale.machine.durability.v1",
        "name": "test",
        "version": "1",
        "capabilities": ["reopen", "process-kill", "exact-messages"],
        "rejection_mode": "clean-reject",
        "durability_class": "process",
        "concurrent_calls": false,
        "mends": [],
    }});
    assert_eq!(answer, expected);
}

#[test]
fn a_log_is_found_again_under_another_number_with_exact_ticks() {
    let directory = directory("found-again");
    let entry = format!("{{\"operation_id\":\"\u{2028} 9007199254740993\",\"tick\":{GREATEST}}}");
    let open = |id, object| {
        format!("{{\"id\":{id},\"operation\":\"wal.open\",\"object\":{object},\"directory\":{directory}}}")
    };
    let append = format!(r#"{{"id":2,"operation":"wal.append","object":1,"entry":{entry}}}"#);
    let read = format!(r#"{{"id":6,"operation":"wal.read_since","object":2,"tick":{GREATEST}}}"#);
    let said = said(&[
        &open(1, 1),
        &append,
        r#"{"id":3,"operation":"wal.close","object":1}"#,
        &open(4, 2),
        r#"{"id":5,"operation":"wal.load","object":2}"#,
        &read,
        r#"{"id":7,"operation":"shutdown"}"#,
        "not read any more",
    ]);
    let loaded = format!(r#"{{"id":5,"ok":{{"entries":[{entry}]}}}}"#);
    assert_eq!(
        said,
        [
            r#"{"id":1,"ok":null}"#,
            r#"{"id":2,"ok":null}"#,
            r#"{"id":3,"ok":null}"#,
            r#"{"id":4,"ok":null}"#,
            &loaded,
            r#"{"id":6,"ok":[]}"#,
            r#"{"id":7,"ok":null}"#,
        ]
    );
}

#[test]
fn tells_refusals_and_faults_apart() {
    let directory = directory("refusals");
    let open = format!(r#"{{"id":1,"operation":"wal.open","object":1,"directory":{directory}}}"#);
    let append = |what: &str| {
        format!(
            r#"{{"id":1,"operation":"wal.append","object":1,"entry":{{"operation_id":"{what}"}}}}"#
        )
    };
    let said = said(&[
        r#"{"id":1,"operation":"wal.open","object":0,"directory":"/absent"}"#,
        &open,
        &append("refused"),
        &append("wordless"),
        &append("broken"),
        r#"{"id":1,"operation":"wal.load","object":7}"#,
        r#"{"id":1,"operation":"wal.append","object":1}"#,
    ]);
    assert_eq!(
        said,
        [
            r#"{"id":1,"refused":"there is no such place"}"#,
            r#"{"id":1,"ok":null}"#,
            r#"{"id":1,"refused":"because"}"#,
            // WAL-09 is broken, and has to be seen.
            r#"{"id":1,"refused":""}"#,
            r#"{"id":1,"fault":{"kind":"panic","text":"no such thing"}}"#,
            r#"{"id":1,"fault":{"kind":"bad-request","text":"object 7 is not open"}}"#,
            r#"{"id":1,"fault":{"kind":"bad-request","text":"wal.append without the argument entry"}}"#,
        ]
    );
}

#[test]
fn what_is_not_given_is_not_supported() {
    let said = said(&[
        r#"{"id":1,"operation":"cache.open","object":1,"directory":"/"}"#,
        r#"{"id":2,"operation":"wal.compact","object":1}"#,
    ]);
    assert_eq!(said[0], r#"{"id":1,"unsupported":"no cache.open"}"#);
    assert_eq!(
        said[1],
        r#"{"id":2,"unsupported":"wal.compact is not served here"}"#
    );
}

#[test]
fn serves_what_comes_while_a_call_waits() {
    let ask =
        |id| format!("{{\"id\":{id},\"operation\":\"handler.wal_snapshot\",\"entry\":{GREATEST}}}");
    let (said, end) = after(&[
        (0, &ask(1)),
        (1, &ask(2)),
        (
            2,
            r#"{"call":2,"fault":{"kind":"OSError","text":"no disk"}}"#,
        ),
        (3, r#"{"call":1,"refused":"no"}"#),
        (4, &ask(3)),
        (5, r#"{"call":3,"ok":null}"#),
        (6, r#"{"id":4,"operation":"shutdown"}"#),
    ]);
    let call = |number| {
        format!(
            "{{\"call\":{number},\"during\":{number},\"object\":9,\"operation\":\"wal.load\",\"entry\":{GREATEST}}}"
        )
    };
    assert_eq!(end, Ok(()));
    assert_eq!(
        said,
        [
            &call(1),
            &call(2),
            r#"{"id":2,"fault":{"call":2,"kind":"OSError","text":"no disk"}}"#,
            r#"{"id":1,"refused":"no"}"#,
            &call(3),
            r#"{"id":3,"ok":null}"#,
            r#"{"id":4,"ok":null}"#,
        ]
    );
}

#[test]
fn a_call_where_none_can_be_answered_is_a_fault_and_no_standstill() {
    let said = said(&[r#"{"id":1,"operation":"entry.identity"}"#]);
    assert!(said[0].contains("does not wait for the runner"), "{said:?}");
}

#[test]
fn values_far_deeper_than_a_json_reader_likes_are_served() {
    let deep = "[".repeat(600) + &"]".repeat(600);
    let ask = format!(r#"{{"id":1,"operation":"handler.wal_snapshot","entry":{deep}}}"#);
    let answer = format!(r#"{{"call":1,"ok":{deep}}}"#);
    let (said, _) = after(&[
        (0, &ask),
        (1, &answer),
        (2, r#"{"id":2,"operation":"shutdown"}"#),
    ]);
    assert_eq!(said[1], format!(r#"{{"id":1,"ok":{deep}}}"#));
}

#[test]
fn ends_at_a_line_that_is_no_message() {
    let hello = r#"{"id":0,"operation":"hello"}"#;
    for line in [
        r#"{"id":1,"#,
        "",
        "7",
        "null",
        r#"{"id":1}"#,
        r#"{"operation":"hello"}"#,
        r#"{"call":5}"#,
    ] {
        let (said, end) = after(&[(0, hello), (1, line), (1, hello)]);
        assert_eq!(said.len(), 1, "{line}");
        let error = end.expect_err(line);
        assert!(error.starts_with("not a message"), "{error}");
    }
}
