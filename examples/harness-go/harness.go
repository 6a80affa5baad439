// A log and a cache in Go, and the harness that puts them at the service of telltale-conformance.
//
//	cd examples/harness-go && go build -o harness .
//	telltale-conformance check --command examples/harness-go/harness
//
// Both are files that only grow, synchronised before anything is acknowledged. The protocol part is
// the kit's.
package main

import "telltale.example/harness"

func main() {
	harness.Serve(harness.Backend{
		Name:         "go-append-only",
		Version:      "0.1.0",
		Durability:   harness.Process,
		Capabilities: []string{"ordered-cache", "exact-messages"},
		OpenLog:      func(directory string) (harness.Log, error) { return openLog(directory) },
		OpenCache:    func(directory string) (harness.Cache, error) { return openCache(directory) },
	})
}
