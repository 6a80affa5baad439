// A log and a cache in memory that conform:
//
//	go build -o conforming ./examples/conforming
//	telltale-conformance check --command ./conforming
package main

import (
	"telltale.example/harness"
	"telltale.example/harness/examples/memory"
)

func main() {
	harness.Serve(harness.Backend{
		Name:         "go-kit-memory",
		Version:      "0.1.0",
		Capabilities: []string{"ordered-cache"},
		OpenLog:      func(string) (harness.Log, error) { return &memory.Log{}, nil },
		OpenCache:    func(string) (harness.Cache, error) { return &memory.Cache{}, nil },
	})
}
