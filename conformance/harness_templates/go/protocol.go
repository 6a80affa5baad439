package main

// The protocol telltale-conformance.harness.v1; nothing here needs to be filled in.
//
// The runner writes requests to our standard input and reads our answers, one JSON object a line.
// While a request is served, Runner.Call asks for the runner's own objects; a request that arrives
// before the answer to a call is served first, by the same code once more.

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime/debug"
)

const (
	protocolVersion = "telltale-conformance.harness.v1"
	specification   = "telltale.machine.durability.v1"
)

// JSON is a value of the specification as it came, so that no integer loses a digit.
// Decode what is needed of it into a struct with uint64 fields, never into an interface{}.
type JSON = json.RawMessage

// Promises is what the harness declares in the handshake.
type Promises struct {
	Protocol        string   `json:"protocol"`
	Specification   string   `json:"specification"`
	Name            string   `json:"name"`
	Version         string   `json:"version"`
	Capabilities    []string `json:"capabilities"`
	RejectionMode   string   `json:"rejection_mode"`
	DurabilityClass string   `json:"durability_class"`
	ConcurrentCalls bool     `json:"concurrent_calls"`
}

// errUnsupported says that an operation is not served; its requirements are then not judged.
// Any other error is the declared error of the contract, and a panic is a fault.
var errUnsupported = errors.New("not filled in")

// calleeFault is panicked with when one of the runner's objects broke its contract, on purpose:
// let it pass through.
type calleeFault struct {
	Kind string `json:"kind"`
	Text string `json:"text"`
	Call uint64 `json:"call,omitempty"`
}

// Runner is the runner, at the other end of standard input and output.
type Runner struct {
	input    *bufio.Reader
	output   *os.File
	perform  func(Request) (any, error)
	promises Promises
	calls    uint64
}

// Request is one request of the runner: an operation with its arguments by name.
type Request struct {
	id        uint64
	operation string
	arguments map[string]JSON
	runner    *Runner
}

// Argument returns an argument of a request in the form that is asked for.
func Argument[T any](r Request, name string) T {
	return decoded[T](r.arguments[name])
}

// serve answers requests until the runner says shutdown or closes its end of the pipe.
func serve(promises Promises, perform func(Request) (any, error)) {
	promises.Protocol, promises.Specification = protocolVersion, specification
	// A bufio.Scanner would stop at 64 KiB; lines may be much longer.
	runner := &Runner{bufio.NewReader(os.Stdin), os.Stdout, perform, promises, 0}
	// Standard output is for messages only, so a stray fmt.Println goes to standard error instead.
	os.Stdout = os.Stderr
	for {
		runner.answer(runner.read())
	}
}

// Call returns what one of the runner's objects answers while r is served.
// Its declared error comes back as the error.
func (r Request) Call(operation string, object uint64, arguments map[string]any) (JSON, error) {
	runner := r.runner
	runner.calls++
	message := map[string]any{
		"call": runner.calls, "during": r.id, "operation": operation, "object": object,
	}
	for name, value := range arguments {
		message[name] = value
	}
	runner.write(message)
	answer := runner.read()
	for answer["call"] == nil {
		runner.answer(answer)
		answer = runner.read()
	}
	if text, refused := answer["refused"]; refused {
		return nil, errors.New(decoded[string](text))
	}
	if text, faulty := answer["fault"]; faulty {
		fault := decoded[calleeFault](text)
		fault.Call = decoded[uint64](answer["call"])
		panic(fault)
	}
	return answer["ok"], nil
}

func (runner *Runner) answer(message map[string]JSON) {
	request := Request{
		decoded[uint64](message["id"]), decoded[string](message["operation"]), message, runner,
	}
	key, value := runner.outcome(request)
	runner.write(map[string]any{"id": request.id, key: value})
	if request.operation == "shutdown" {
		os.Exit(0)
	}
}

func (runner *Runner) outcome(request Request) (key string, value any) {
	defer func() {
		switch cause := recover().(type) {
		case nil:
		case calleeFault:
			key, value = "fault", cause
		default:
			debug.PrintStack()
			key, value = "fault", calleeFault{Kind: "panic", Text: fmt.Sprint(cause)}
		}
	}()
	switch request.operation {
	case "hello":
		return "ok", runner.promises
	case "shutdown":
		return "ok", nil
	}
	value, err := runner.perform(request)
	switch {
	case errors.Is(err, errUnsupported):
		return "unsupported", request.operation + " is " + err.Error()
	case err != nil:
		return "refused", err.Error()
	}
	return "ok", value
}

func (runner *Runner) read() map[string]JSON {
	line, err := runner.input.ReadBytes('\n')
	if errors.Is(err, io.EOF) {
		os.Exit(0) // The runner has left.
	}
	if err != nil {
		fail(err)
	}
	return decoded[map[string]JSON](line)
}

func (runner *Runner) write(message map[string]any) {
	line, err := json.Marshal(message)
	if err != nil {
		fail(err)
	}
	// An os.File has no buffer, so the line is out when Write returns.
	if _, err := runner.output.Write(append(line, '\n')); err != nil {
		fail(err)
	}
}

func decoded[T any](text JSON) (value T) {
	if err := json.Unmarshal(text, &value); err != nil {
		panic(fmt.Sprintf("%v in %.200s", err, text))
	}
	return value
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, "harness:", err)
	os.Exit(1)
}
