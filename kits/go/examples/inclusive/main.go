// A log that fails WAL-05: it also returns the entries of the tick itself.
package main

import (
	"telltale.example/harness"
	"telltale.example/harness/examples/memory"
)

type inclusiveLog struct{ memory.Log }

func (log *inclusiveLog) ReadSince(tick uint64) ([]harness.JSON, error) {
	return log.Where(func(other uint64) bool { return other >= tick })
}

func main() {
	harness.Serve(harness.Backend{
		Name:    "go-kit-inclusive",
		Version: "0.1.0",
		OpenLog: func(string) (harness.Log, error) { return &inclusiveLog{}, nil },
	})
}
