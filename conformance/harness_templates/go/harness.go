// A harness: it puts your backend at the service of telltale-conformance.
//
//	go build -o harness .
//	telltale-conformance smoke --command ./harness
//	telltale-conformance check --command ./harness
//
// Fill in promises and the functions below. What is left as it is answers "unsupported", and its
// requirements are not judged. Values are JSON texts in the specification's form; decode them into
// structs of your own. Return what the comment says, anything that encoding/json can write. An
// error is the declared error of the contract; a panic is reported as a fault.
package main

import "harness/protocol"

type (
	// JSON is a value of the specification as it came, so that no integer loses a digit.
	JSON = protocol.JSON
	// Request is one request of the runner.
	Request = protocol.Request
)

// errUnsupported says that an operation is not served.
var errUnsupported = protocol.ErrUnsupported

// What is promised here is checked; what is not promised is not demanded.
var promises = protocol.Promises{
	Name:    "my-backend",
	Version: "0.1.0",
	// reopen, ordered-cache, exact-messages, concurrent-handles, process-kill, power-loss,
	// fault-tolerance, bit-rot, threads, server-kill
	Capabilities: []string{},
	// What a refused append leaves: clean-reject, unknown-outcome, keeps-rejected.
	RejectionMode: "clean-reject",
	// What it survives: volatile, restart (needs reopen), process (process-kill), power.
	DurabilityClass: "volatile",
	// Whether a second request is served while a first one runs.
	ConcurrentCalls: false,
}

func main() { protocol.Serve(promises, perform) }

// perform calls the function that serves an operation.
func perform(r Request) (any, error) {
	object := func() uint64 { return protocol.Argument[uint64](r, "object") }
	number := func(name string) uint64 { return protocol.Argument[uint64](r, name) }
	text := func(name string) string { return protocol.Argument[string](r, name) }
	value := func(name string) JSON { return protocol.Argument[JSON](r, name) }
	state := func() []JSON { return protocol.Argument[[]JSON](r, "state") }
	switch r.Operation() {
	case "wal.open":
		return walOpen(object(), text("directory"))
	case "wal.append":
		return walAppend(object(), value("entry"))
	case "wal.read_since":
		return walReadSince(object(), number("tick"))
	case "wal.load":
		return walLoad(object())
	case "wal.close":
		return walClose(object())
	case "cache.open":
		return cacheOpen(object(), text("directory"))
	case "cache.get":
		return cacheGet(object(), text("evidence_id"))
	case "cache.put":
		return cachePut(object(), value("entry"))
	case "cache.load":
		return cacheLoad(object())
	case "cache.close":
		return cacheClose(object())
	case "wal_handler.make":
		return walHandlerMake(object(), number("inner"), number("wal"), value("mode"))
	case "evidence_handler.make":
		return evidenceHandlerMake(
			object(), number("inner"), number("cache"), number("resolver"), text("resolver_form"))
	case "handler.drop":
		return handlerDrop(protocol.Argument[[]uint64](r, "objects"))
	case "handler.handler_identity":
		return handlerIdentity(r, object())
	case "handler.handle_effect":
		return handleEffect(r, object(), value("request"))
	case "handler.handle_send":
		return handleSend(r, object(), text("role"), text("partner"), text("label"), state())
	case "handler.send_decision":
		return sendDecision(r, object(), value("input"))
	case "handler.handle_recv":
		return handleRecv(r, object(), text("role"), text("partner"), text("label"), state(), value("payload"))
	case "handler.handle_choose":
		return handleChoose(r, object(), text("role"), text("partner"), protocol.Argument[[]string](r, "labels"), state())
	case "handler.step":
		return step(r, object(), text("role"), state())
	case "handler.handle_acquire":
		return handleAcquire(r, object(), number("sid"), text("role"), text("layer"), state())
	case "handler.handle_release":
		return handleRelease(r, object(), number("sid"), text("role"), text("layer"), value("evidence"), state())
	case "handler.supports_wal_sync":
		return supportsWalSync(r, object())
	case "handler.wal_sync":
		return walSync(r, object(), value("sync"))
	case "handler.topology_events":
		return topologyEvents(r, object(), number("tick"))
	case "handler.output_condition_hint":
		return outputConditionHint(r, object(), number("sid"), text("role"), state())
	case "handler.wal_snapshot":
		return walSnapshot(r, object())
	case "handler.cached_outcome":
		return cachedOutcome(r, object(), text("evidence_id"))
	case "handler.cache_snapshot":
		return cacheSnapshot(r, object())
	case "recovery.plan":
		return recoveryPlan(number("checkpoint_tick"), value("wal"), value("cache"))
	case "artifact.encode":
		return artifactEncode(value("artifact"))
	case "artifact.decode":
		return artifactDecode(text("bytes"))
	case "entry.identity":
		return entryIdentity(value("entry"))
	}
	return nil, errUnsupported
}

// The log. object names it from walOpen to walClose; keep your logs in a map.

// walOpen opens the log kept in directory, which is empty at first; the second time, it
// reopens the log. Returns nil.
func walOpen(object uint64, directory string) (any, error) {
	return nil, errUnsupported
}

// walAppend stores entry at the end, or returns an error if the order of escalations forbids it.
// Returns nil.
func walAppend(object uint64, entry JSON) (any, error) {
	return nil, errUnsupported
}

// walReadSince returns the entries with a tick above tick, in stored order: a list.
func walReadSince(object, tick uint64) (any, error) {
	return nil, errUnsupported
}

// walLoad returns the whole log: {"entries":[...]}.
func walLoad(object uint64) (any, error) {
	return nil, errUnsupported
}

// walClose closes the log; what it acknowledged stays if reopen is promised. Returns nil.
func walClose(object uint64) (any, error) {
	return nil, errUnsupported
}

// The cache of evidence outcomes, in the same way.

// cacheOpen opens or reopens the cache kept in directory. Returns nil.
func cacheOpen(object uint64, directory string) (any, error) {
	return nil, errUnsupported
}

// cacheGet returns the entry of exactly this id, or nil.
func cacheGet(object uint64, evidenceID string) (any, error) {
	return nil, errUnsupported
}

// cachePut stores entry in place of any other with its evidence_id. Returns nil.
func cachePut(object uint64, entry JSON) (any, error) {
	return nil, errUnsupported
}

// cacheLoad returns the whole cache: {"entries":[...]}.
func cacheLoad(object uint64) (any, error) {
	return nil, errUnsupported
}

// cacheClose closes the cache. Returns nil.
func cacheClose(object uint64) (any, error) {
	return nil, errUnsupported
}

// The two handlers. inner, wal, cache and resolver are the runner's objects; r reaches them:
//
//	log, err := r.Call("wal.load", wal, nil)
//	_, err := r.Call("wal.append", wal, map[string]any{"entry": entry})
//	outcome, err := r.Call("handler.handle_effect", inner, map[string]any{"request": request})
//	id, err := r.Call("resolver.evidence_id", resolver, map[string]any{"request": request})

// walHandlerMake makes a WAL handler; mode is {"mode":"immediate"}, blocked, or failure with a
// message. Returns nil.
func walHandlerMake(object, inner, wal uint64, mode JSON) (any, error) {
	return nil, errUnsupported
}

// evidenceHandlerMake makes an evidence handler; form, object or callable, does not matter here.
// Returns nil.
func evidenceHandlerMake(object, inner, cache, resolver uint64, form string) (any, error) {
	return nil, errUnsupported
}

// handlerDrop forgets these handlers. Returns nil.
func handlerDrop(objects []uint64) (any, error) {
	return nil, errUnsupported
}

// handlerIdentity returns agreement_wal<inner> or evidence_persistence<inner>.
func handlerIdentity(r Request, object uint64) (any, error) {
	return nil, errUnsupported
}

// handleEffect carries out a request; returns {"status":{"status":"success"},"response":{...}}.
func handleEffect(r Request, object uint64, request JSON) (any, error) {
	return nil, errUnsupported
}

// A RESULT below is {"status":"success","value":VALUE}, {"status":"blocked"} or
// {"status":"failure","failure":{"kind":"unavailable","message":"why"}}.

// handleSend returns the result of a value, the payload of a message.
func handleSend(r Request, object uint64, role, partner, label string, state []JSON) (any, error) {
	return nil, errUnsupported
}

// sendDecision returns the result of a send decision.
func sendDecision(r Request, object uint64, input JSON) (any, error) {
	return nil, errUnsupported
}

// handleRecv takes in a value; returns {"result":RESULT,"state":[...]}, the state after it.
func handleRecv(
	r Request, object uint64, role, partner, label string, state []JSON, payload JSON,
) (any, error) {
	return nil, errUnsupported
}

// handleChoose returns the result of a text, one of labels.
func handleChoose(
	r Request, object uint64, role, partner string, labels []string, state []JSON,
) (any, error) {
	return nil, errUnsupported
}

// step runs one step; returns {"result":RESULT,"state":[...]}, the state after it.
func step(r Request, object uint64, role string, state []JSON) (any, error) {
	return nil, errUnsupported
}

// handleAcquire returns the result of a value, the evidence of the guard layer.
func handleAcquire(r Request, object, sid uint64, role, layer string, state []JSON) (any, error) {
	return nil, errUnsupported
}

// handleRelease returns a result with value null.
func handleRelease(
	r Request, object, sid uint64, role, layer string, evidence JSON, state []JSON,
) (any, error) {
	return nil, errUnsupported
}

// supportsWalSync says whether the handler serves wal_sync: a bool.
func supportsWalSync(r Request, object uint64) (any, error) {
	return nil, errUnsupported
}

// walSync appends what the request adds to the log; returns a result with value null.
func walSync(r Request, object uint64, sync JSON) (any, error) {
	return nil, errUnsupported
}

// topologyEvents returns the result of a list of perturbations.
func topologyEvents(r Request, object, tick uint64) (any, error) {
	return nil, errUnsupported
}

// outputConditionHint returns a hint, or nil.
func outputConditionHint(r Request, object, sid uint64, role string, state []JSON) (any, error) {
	return nil, errUnsupported
}

// walSnapshot returns the log of a WAL handler: {"entries":[...]}.
func walSnapshot(r Request, object uint64) (any, error) {
	return nil, errUnsupported
}

// cachedOutcome returns the outcome that an evidence handler has stored, or nil.
func cachedOutcome(r Request, object uint64, evidenceID string) (any, error) {
	return nil, errUnsupported
}

// cacheSnapshot returns the cache of an evidence handler: {"entries":[...]}.
func cacheSnapshot(r Request, object uint64) (any, error) {
	return nil, errUnsupported
}

// Functions.

// recoveryPlan returns metadata, wal_suffix, evidence_cache and decisions.
func recoveryPlan(checkpointTick uint64, wal, cache JSON) (any, error) {
	return nil, errUnsupported
}

// artifactEncode returns the canonical CBOR bytes: hex.EncodeToString(data).
func artifactEncode(artifact JSON) (any, error) {
	return nil, errUnsupported
}

// artifactDecode returns the artifact of hexadecimal data, see hex.DecodeString, or an error.
func artifactDecode(data string) (any, error) {
	return nil, errUnsupported
}

// entryIdentity returns the stable identity of a log entry.
func entryIdentity(entry JSON) (any, error) {
	return nil, errUnsupported
}
