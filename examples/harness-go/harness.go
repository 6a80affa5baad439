// A log and a cache in Go, and the harness that puts them at the service of telltale-conformance.
//
//	cd examples/harness-go && go build -o harness .
//	telltale-conformance check --command examples/harness-go/harness
//
// Both are files that only grow, synchronised before anything is acknowledged. The protocol part is
// the one that `telltale-conformance init go` writes.
package main

var promises = Promises{
	Name:            "go-append-only",
	Version:         "0.1.0",
	Capabilities:    []string{"reopen", "process-kill", "ordered-cache", "exact-messages"},
	RejectionMode:   "clean-reject",
	DurabilityClass: "process",
}

var (
	logs   = map[uint64]*agreementLog{}
	caches = map[uint64]*outcomeCache{}
)

func main() { serve(promises, perform) }

// perform calls what serves an operation; handlers, recovery and codec are not served.
func perform(r Request) (any, error) {
	object := func() uint64 { return Argument[uint64](r, "object") }
	text := func(name string) string { return Argument[string](r, name) }
	switch r.operation {
	case "wal.open":
		return nil, kept(logs, object())(openLog(text("directory")))
	case "wal.append":
		return nil, logs[object()].add(Argument[JSON](r, "entry"))
	case "wal.read_since":
		return logs[object()].since(Argument[uint64](r, "tick")), nil
	case "wal.load":
		return map[string]any{"entries": logs[object()].entries}, nil
	case "wal.close":
		return nil, taken(logs, object()).close()
	case "cache.open":
		return nil, kept(caches, object())(openCache(text("directory")))
	case "cache.get":
		return caches[object()].get(text("evidence_id")), nil
	case "cache.put":
		return nil, caches[object()].put(Argument[JSON](r, "entry"))
	case "cache.load":
		return map[string]any{"entries": caches[object()].entries()}, nil
	case "cache.close":
		return nil, taken(caches, object()).close()
	}
	return nil, errUnsupported
}

// kept returns a function that keeps what was opened under a number, or passes the error on.
func kept[T any](things map[uint64]T, number uint64) func(T, error) error {
	return func(thing T, err error) error {
		if err == nil {
			things[number] = thing
		}
		return err
	}
}

// taken removes and returns what is kept under a number.
func taken[T any](things map[uint64]T, number uint64) T {
	thing := things[number]
	delete(things, number)
	return thing
}
