// Package protocol speaks telltale-conformance.harness.v1; nothing here needs to be filled in.
//
// The runner writes requests to our standard input and reads our answers, one JSON object a line.
// While a request is served, Request.Call asks for the runner's own objects; a request that arrives
// before the answer to a call is served first, by the same code once more.
package protocol

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
	version       = "telltale-conformance.harness.v1"
	specification = "telltale.machine.durability.v1"
)

// JSON is a value of the specification as it came, so that no integer loses a digit.
// Decode what is needed of it into a struct with uint64 fields, never into an interface{}.
type JSON = json.RawMessage

// Promises is what the harness declares in the handshake.
type Promises struct {
	Name            string   `json:"name"`
	Version         string   `json:"version"`
	Capabilities    []string `json:"capabilities"`
	RejectionMode   string   `json:"rejection_mode"`
	DurabilityClass string   `json:"durability_class"`
	ConcurrentCalls bool     `json:"concurrent_calls"`
	Mends           []string `json:"mends,omitempty"`
}

// ErrUnsupported says that an operation is not served; its requirements are then not judged.
// Any other error is the declared error of the contract, and a panic is a fault.
var ErrUnsupported = errors.New("not served here")

// Perform serves one operation.
type Perform func(Request) (any, error)

// fault is also panicked with when one of the runner's objects broke its contract, on purpose:
// let it pass through.
type fault struct {
	Kind string `json:"kind"`
	Text string `json:"text"`
	Call uint64 `json:"call,omitempty"`
}

// connection leads to the runner, at the other end of standard input and output.
type connection struct {
	input    *bufio.Reader
	output   io.Writer
	perform  Perform
	promises Promises
	calls    uint64
}

// Request is one request of the runner: an operation with its arguments by name.
type Request struct {
	id        uint64
	operation string
	arguments map[string]JSON
	runner    *connection
}

// Operation returns the name of the operation that is asked for.
func (r Request) Operation() string { return r.operation }

// Argument returns an argument of a request in the form that is asked for.
func Argument[T any](r Request, name string) (value T) {
	text, given := r.arguments[name]
	if !given {
		panic(fmt.Sprintf("%s has no argument %s", r.operation, name))
	}
	if err := json.Unmarshal(text, &value); err != nil {
		panic(fmt.Sprintf("%v in %.200s", err, text))
	}
	return value
}

// Serve answers requests until the runner says shutdown or closes its end of the pipe. It does not
// return: a line that is no message ends the program with exit status 1.
func Serve(promises Promises, perform Perform) {
	output := os.Stdout
	// Standard output is for messages only, so a stray fmt.Println goes to standard error instead.
	os.Stdout = os.Stderr
	if err := ServeOn(os.Stdin, output, promises, perform); err != nil {
		fmt.Fprintln(os.Stderr, "harness:", err)
		os.Exit(1)
	}
	os.Exit(0)
}

// errEnd says that the runner has left.
var errEnd = errors.New("the end of the conversation")

// ServeOn is Serve on any two streams. It returns when the conversation is over, with nil if it
// ended in an orderly way.
func ServeOn(input io.Reader, output io.Writer, promises Promises, perform Perform) (err error) {
	// A bufio.Scanner would stop at 64 KiB; lines may be much longer.
	runner := &connection{bufio.NewReader(input), output, perform, promises, 0}
	// The conversation may end where a function of the user waits for the answer to a call.
	defer func() {
		if cause := recover(); cause != nil {
			err = cause.(broken).error
		}
		if errors.Is(err, errEnd) {
			err = nil
		}
	}()
	for {
		runner.answer(runner.read())
	}
}

// broken is panicked with when there is nobody to talk to any more.
type broken struct{ error }

// Call returns what one of the runner's objects answers while r is served.
// Its declared error comes back as the error.
func (r Request) Call(operation string, object uint64, arguments map[string]any) (JSON, error) {
	runner := r.runner
	runner.calls++
	number := runner.calls
	call := map[string]any{
		"call": number, "during": r.id, "operation": operation, "object": object,
	}
	for name, value := range arguments {
		call[name] = value
	}
	runner.write(call)
	answer := runner.read()
	for answer.Call == nil {
		runner.answer(answer)
		answer = runner.read()
	}
	switch {
	case *answer.Call != number:
		panic(broken{fmt.Errorf(
			"not a message: call %d is answered while call %d waits", *answer.Call, number)})
	case answer.Refused != nil:
		return nil, errors.New(*answer.Refused)
	case answer.Fault != nil:
		answer.Fault.Call = number
		panic(*answer.Fault)
	}
	return answer.OK, nil
}

func (runner *connection) answer(asked message) {
	if asked.ID == nil || asked.Operation == nil {
		panic(broken{fmt.Errorf("not a message: call %d was not made", *asked.Call)})
	}
	request := Request{*asked.ID, *asked.Operation, asked.all, runner}
	key, value := runner.outcome(request)
	line, err := json.Marshal(value)
	if err != nil {
		// It returned, and what it returned has no form in the protocol.
		text := map[string]any{"kind": fmt.Sprintf("%T", value), "text": err.Error(), "returned": true}
		runner.write(map[string]any{"id": request.id, "fault": text})
		return
	}
	runner.write(map[string]any{"id": request.id, key: JSON(line)})
	if request.operation == "shutdown" {
		panic(broken{errEnd})
	}
}

func (runner *connection) outcome(request Request) (key string, value any) {
	defer func() {
		switch cause := recover().(type) {
		case nil:
		case broken:
			panic(cause)
		case fault:
			key, value = "fault", cause
		default:
			debug.PrintStack()
			key, value = "fault", fault{Kind: "panic", Text: fmt.Sprint(cause)}
		}
	}()
	switch request.operation {
	case "hello":
		return "ok", hello{version, specification, runner.promises}
	case "shutdown":
		return "ok", nil
	}
	value, err := runner.perform(request)
	switch {
	case errors.Is(err, ErrUnsupported):
		return "unsupported", request.operation + " is " + err.Error()
	case err != nil:
		return "refused", err.Error()
	}
	return "ok", value
}

// hello is the answer to the handshake.
type hello struct {
	Protocol      string `json:"protocol"`
	Specification string `json:"specification"`
	Promises
}

// message is a request, or the answer to a call.
type message struct {
	ID        *uint64
	Operation *string
	Call      *uint64
	OK        JSON
	Refused   *string
	Fault     *fault
	all       map[string]JSON
}

// messageOf reads a line once; the arguments of a request stay as they are until they are asked for.
func messageOf(line []byte) (read message, err error) {
	if err := json.Unmarshal(line, &read.all); err != nil {
		return read, err
	}
	for name, field := range map[string]any{
		"id": &read.ID, "operation": &read.Operation, "call": &read.Call,
		"ok": &read.OK, "refused": &read.Refused, "fault": &read.Fault,
	} {
		if text, given := read.all[name]; given {
			err = errors.Join(err, json.Unmarshal(text, field))
		}
	}
	if err == nil && read.Call == nil && (read.ID == nil || read.Operation == nil) {
		err = errors.New("neither a request nor an answer to a call")
	}
	return read, err
}

func (runner *connection) read() (read message) {
	line, err := runner.input.ReadBytes('\n')
	switch {
	case errors.Is(err, io.EOF) && len(line) == 0:
		panic(broken{errEnd})
	case errors.Is(err, io.EOF):
		panic(broken{fmt.Errorf("not a message: the input ended within a line: %.200s", line)})
	case err != nil:
		panic(broken{err})
	}
	if read, err = messageOf(line); err != nil {
		panic(broken{fmt.Errorf("not a message: %w: %.200s", err, line)})
	}
	return read
}

func (runner *connection) write(message map[string]any) {
	line, err := json.Marshal(message)
	if err != nil {
		panic(err) // A call that cannot be written: a fault of who made it.
	}
	// An os.File has no buffer, so the line is out when Write returns.
	if _, err := runner.output.Write(append(line, '\n')); err != nil {
		panic(broken{err})
	}
}
