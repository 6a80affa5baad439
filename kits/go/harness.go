// Package harness puts a log or a cache in Go to the test of telltale-conformance: implement Log or
// Cache, call Serve.
//
// What is on the pipe is in package protocol. Here the operations on logs and caches find the
// object that was opened under a number, and the durability says which capabilities are announced.
package harness

import (
	"fmt"
	"slices"
	"strings"

	"telltale.example/harness/protocol"
)

type (
	// JSON is a value of the specification as it came, so that no integer loses a digit.
	// Decode what is needed of it into a struct with uint64 fields, never into an interface{}.
	JSON = protocol.JSON
	// Request is one request of the runner: an operation with its arguments by name.
	Request = protocol.Request
)

// ErrUnsupported says that an operation is not served; its requirements are then not judged.
var ErrUnsupported = protocol.ErrUnsupported

// Log is an append-only log. Every error is the declared error of the contract; a panic is a fault.
type Log interface {
	// Append stores an entry at the end, or returns why it does not.
	Append(entry JSON) error
	// ReadSince returns the entries with a tick above this one, in stored order.
	ReadSince(tick uint64) ([]JSON, error)
	// Load returns all entries, in stored order.
	Load() ([]JSON, error)
	// Close closes the log; what it acknowledged stays, if its durability promises that.
	Close() error
}

// Cache is a cache of evidence outcomes, with errors as those of a Log.
type Cache interface {
	// Get returns the entry of exactly this id, or nil.
	Get(evidenceID string) (JSON, error)
	// Put stores an entry in place of any other with its evidence_id.
	Put(entry JSON) error
	// Load returns all entries.
	Load() ([]JSON, error)
	// Close closes the cache.
	Close() error
}

// Durability is what a backend survives.
type Durability string

// Each announces the capabilities that the protocol wants for it.
const (
	Volatile Durability = "volatile" // nothing
	Restart  Durability = "restart"  // an orderly close
	Process  Durability = "process"  // the death of its process
	Power    Durability = "power"    // a loss of power
)

var announced = map[Durability][]string{
	Volatile: {},
	Restart:  {"reopen"},
	Process:  {"reopen", "process-kill"},
	Power:    {"reopen", "process-kill", "power-loss"},
}

// Backend is what is served, and what is promised of it. What is not given is not judged, and what
// is not promised is not demanded.
type Backend struct {
	Name    string
	Version string
	// Durability is Volatile where nothing is said.
	Durability Durability
	// Capabilities are further promises, such as ordered-cache.
	Capabilities []string
	// RejectionMode says what a refused append leaves: clean-reject, where nothing is said.
	RejectionMode string
	// Mends are findings that the backend mends.
	Mends []string
	// OpenLog opens the log kept in a directory; the second time, it opens what is there.
	OpenLog func(directory string) (Log, error)
	// OpenCache does the same for a cache.
	OpenCache func(directory string) (Cache, error)
	// Operations serves all other operations of the protocol: handlers, recovery and codec. It
	// returns ErrUnsupported for those that it does not know.
	Operations func(Request) (any, error)
}

// Serve serves a backend until the runner leaves, and ends the program then.
func Serve(backend Backend) {
	protocol.Serve(promises(backend), perform(backend))
}

func promises(backend Backend) protocol.Promises {
	durability, mode := backend.Durability, backend.RejectionMode
	if durability == "" {
		durability = Volatile
	}
	if mode == "" {
		mode = "clean-reject"
	}
	goesWith, known := announced[durability]
	if !known {
		panic(fmt.Sprintf("there is no durability %q", durability))
	}
	capabilities := slices.Clone(goesWith)
	for _, capability := range backend.Capabilities {
		if !slices.Contains(capabilities, capability) {
			capabilities = append(capabilities, capability)
		}
	}
	return protocol.Promises{
		Name:            backend.Name,
		Version:         backend.Version,
		Capabilities:    capabilities,
		RejectionMode:   mode,
		DurabilityClass: string(durability),
		Mends:           backend.Mends,
	}
}

func perform(backend Backend) protocol.Perform {
	logs, caches := opened[Log]{}, opened[Cache]{}
	return func(r Request) (any, error) {
		switch operation := r.Operation(); {
		case backend.OpenLog != nil && strings.HasPrefix(operation, "wal."):
			return performLog(r, logs, backend.OpenLog)
		case backend.OpenCache != nil && strings.HasPrefix(operation, "cache."):
			return performCache(r, caches, backend.OpenCache)
		case backend.Operations != nil:
			return backend.Operations(r)
		}
		return nil, ErrUnsupported
	}
}

func performLog(r Request, logs opened[Log], open func(string) (Log, error)) (any, error) {
	switch r.Operation() {
	case "wal.open":
		return nil, logs.open(r, open)
	case "wal.append":
		return nil, logs.get(r).Append(protocol.Argument[JSON](r, "entry"))
	case "wal.read_since":
		entries, err := logs.get(r).ReadSince(protocol.Argument[uint64](r, "tick"))
		return list(entries), err
	case "wal.load":
		return all(logs.get(r).Load())
	case "wal.close":
		return nil, logs.taken(r).Close()
	}
	return nil, ErrUnsupported
}

func performCache(r Request, caches opened[Cache], open func(string) (Cache, error)) (any, error) {
	switch r.Operation() {
	case "cache.open":
		return nil, caches.open(r, open)
	case "cache.get":
		return caches.get(r).Get(protocol.Argument[string](r, "evidence_id"))
	case "cache.put":
		return nil, caches.get(r).Put(protocol.Argument[JSON](r, "entry"))
	case "cache.load":
		return all(caches.get(r).Load())
	case "cache.close":
		return nil, caches.taken(r).Close()
	}
	return nil, ErrUnsupported
}

// opened holds the logs or the caches that are open, by the runner's numbers.
type opened[T any] map[uint64]T

func (things opened[T]) open(r Request, open func(string) (T, error)) error {
	thing, err := open(protocol.Argument[string](r, "directory"))
	if err == nil {
		things[number(r)] = thing
	}
	return err
}

func (things opened[T]) get(r Request) T {
	thing, isOpen := things[number(r)]
	if !isOpen {
		panic(fmt.Sprintf("%s: nothing is open as %d", r.Operation(), number(r)))
	}
	return thing
}

func (things opened[T]) taken(r Request) T {
	thing := things.get(r)
	delete(things, number(r))
	return thing
}

func number(r Request) uint64 { return protocol.Argument[uint64](r, "object") }

func all(entries []JSON, err error) (any, error) {
	return map[string]any{"entries": list(entries)}, err
}

// list makes an empty list of none, which JSON would write as null.
func list(entries []JSON) []JSON {
	if entries == nil {
		return []JSON{}
	}
	return entries
}
