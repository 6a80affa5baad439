package main

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"telltale.example/harness"
)

// agreementLog is a log of entries, each a line of its file.
type agreementLog struct {
	*lineFile
	entries []harness.JSON
	ticks   []uint64
	// The new level of the last escalation of each operation.
	lastLevels map[string]string
}

// walEntry is what matters of an entry here; the whole of it is kept as it came.
type walEntry struct {
	Kind          string `json:"kind"`
	OperationID   string `json:"operation_id"`
	PreviousLevel string `json:"previous_level"`
	NewLevel      string `json:"new_level"`
	Tick          uint64 `json:"tick"`
}

func openLog(directory string) (*agreementLog, error) {
	file, lines, err := openLines(filepath.Join(directory, "log.jsonl"))
	if err != nil {
		return nil, err
	}
	log := &agreementLog{file, []harness.JSON{}, nil, map[string]string{}}
	for _, line := range lines {
		log.take(decoded[walEntry](line), line)
	}
	return log, nil
}

// Append stores an entry at the end, or refuses it and leaves the log as it was.
func (log *agreementLog) Append(raw harness.JSON) error {
	entry := decoded[walEntry](raw)
	if err := log.check(entry); err != nil {
		return err
	}
	if err := log.appendLine(raw); err != nil {
		return err
	}
	log.take(entry, raw)
	return nil
}

// ReadSince returns the entries with a tick above another, in stored order.
func (log *agreementLog) ReadSince(tick uint64) ([]harness.JSON, error) {
	found := []harness.JSON{}
	for index, entry := range log.entries {
		if log.ticks[index] > tick {
			found = append(found, entry)
		}
	}
	return found, nil
}

// Load returns all entries, in stored order.
func (log *agreementLog) Load() ([]harness.JSON, error) { return log.entries, nil }

func (log *agreementLog) take(entry walEntry, raw harness.JSON) {
	log.entries = append(log.entries, raw)
	log.ticks = append(log.ticks, entry.Tick)
	if entry.Kind == "escalation" {
		log.lastLevels[entry.OperationID] = entry.NewLevel
	}
}

// check returns what is wrong with an entry at the end of the log (ART-WAL-02..05).
func (log *agreementLog) check(entry walEntry) error {
	if entry.Kind != "escalation" {
		return nil
	}
	from, to := entry.PreviousLevel, entry.NewLevel
	if rank(to) < rank(from) {
		return fmt.Errorf("agreement WAL regression for `%s`: %s -> %s",
			entry.OperationID, debugName(from), debugName(to))
	}
	last, escalated := log.lastLevels[entry.OperationID]
	if escalated && min(rank(from), rank(to)) < rank(last) {
		return fmt.Errorf("agreement WAL reordered or regressed for `%s`: last=%s, entry=%s->%s",
			entry.OperationID, debugName(last), debugName(from), debugName(to))
	}
	return nil
}

func rank(level string) int {
	return slices.Index([]string{"none", "provisional", "soft_safe", "finalized"}, level)
}

// debugName returns the name that texts give to a wire name: soft_safe is SoftSafe (DOM-05).
func debugName(wireName string) string {
	name := ""
	for _, word := range strings.Split(wireName, "_") {
		name += strings.ToUpper(word[:1]) + word[1:]
	}
	return name
}

// outcomeCache is a cache; each put is a line of its file, and the last one of an id counts.
type outcomeCache struct {
	*lineFile
	ids      []string
	outcomes map[string]harness.JSON
}

// cacheKey is what matters of an entry here.
type cacheKey struct {
	ID string `json:"evidence_id"`
}

func openCache(directory string) (*outcomeCache, error) {
	file, lines, err := openLines(filepath.Join(directory, "cache.jsonl"))
	if err != nil {
		return nil, err
	}
	cache := &outcomeCache{file, nil, map[string]harness.JSON{}}
	for _, line := range lines {
		cache.take(line)
	}
	return cache, nil
}

// Put stores an entry in place of any other of its id.
func (cache *outcomeCache) Put(entry harness.JSON) error {
	if err := cache.appendLine(entry); err != nil {
		return err
	}
	cache.take(entry)
	return nil
}

// Get returns the entry of an id, or nil.
func (cache *outcomeCache) Get(id string) (harness.JSON, error) { return cache.outcomes[id], nil }

// Load returns all entries, the latest last.
func (cache *outcomeCache) Load() ([]harness.JSON, error) {
	entries := make([]harness.JSON, 0, len(cache.ids))
	for _, id := range cache.ids {
		entries = append(entries, cache.outcomes[id])
	}
	return entries, nil
}

// take stores an entry at the end, in place of any other of its id (CACHE-04).
func (cache *outcomeCache) take(entry harness.JSON) {
	id := decoded[cacheKey](entry).ID
	cache.ids = slices.DeleteFunc(cache.ids, func(other string) bool { return other == id })
	cache.ids = append(cache.ids, id)
	cache.outcomes[id] = entry
}

// decoded returns what is needed of a value that the runner has written, or that we have.
func decoded[T any](text harness.JSON) (value T) {
	if err := json.Unmarshal(text, &value); err != nil {
		panic(fmt.Sprintf("%v in %.200s", err, text))
	}
	return value
}
