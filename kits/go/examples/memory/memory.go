// Package memory has a log and a cache in memory, as short as they can be and still right.
package memory

import (
	"encoding/json"
	"fmt"
	"slices"

	"telltale.example/harness"
)

// Entry is what matters here of an entry of a log; the whole of it is kept as it came.
type Entry struct {
	Kind          string `json:"kind"`
	OperationID   string `json:"operation_id"`
	PreviousLevel string `json:"previous_level"`
	NewLevel      string `json:"new_level"`
	Tick          uint64 `json:"tick"`
}

// Log keeps its entries in a slice.
type Log struct {
	entries    []harness.JSON
	lastLevels map[string]string // of each operation, from its last escalation
}

// Append refuses escalations that go back.
func (log *Log) Append(raw harness.JSON) error {
	entry, err := decoded(raw)
	if err != nil {
		return err
	}
	if entry.Kind == "escalation" {
		from, to, last := entry.PreviousLevel, entry.NewLevel, log.level(entry.OperationID)
		if rank(to) < rank(from) || min(rank(from), rank(to)) < rank(last) {
			return fmt.Errorf(
				"%s is at %s, so it cannot go from %s to %s", entry.OperationID, last, from, to)
		}
		if log.lastLevels == nil {
			log.lastLevels = map[string]string{}
		}
		log.lastLevels[entry.OperationID] = to
	}
	log.entries = append(log.entries, raw)
	return nil
}

func (log *Log) level(operationID string) string {
	if level, escalated := log.lastLevels[operationID]; escalated {
		return level
	}
	return "none"
}

// ReadSince returns the entries above a tick.
func (log *Log) ReadSince(tick uint64) ([]harness.JSON, error) {
	return log.Where(func(other uint64) bool { return other > tick })
}

// Where returns the entries whose tick is wanted.
func (log *Log) Where(isWanted func(tick uint64) bool) (found []harness.JSON, err error) {
	for _, raw := range log.entries {
		entry, err := decoded(raw)
		if err != nil {
			return nil, err
		}
		if isWanted(entry.Tick) {
			found = append(found, raw)
		}
	}
	return found, nil
}

// Load returns the entries.
func (log *Log) Load() ([]harness.JSON, error) { return log.entries, nil }

// Close keeps nothing.
func (log *Log) Close() error { return nil }

// Cache keeps its entries in a slice, the latest last.
type Cache struct {
	ids     []string
	entries map[string]harness.JSON
}

// Get returns the entry of an id.
func (cache *Cache) Get(evidenceID string) (harness.JSON, error) {
	return cache.entries[evidenceID], nil
}

// Put stores an entry.
func (cache *Cache) Put(raw harness.JSON) error {
	var entry struct {
		EvidenceID string `json:"evidence_id"`
	}
	if err := json.Unmarshal(raw, &entry); err != nil {
		return err
	}
	id := entry.EvidenceID
	cache.ids = slices.DeleteFunc(cache.ids, func(other string) bool { return other == id })
	cache.ids = append(cache.ids, id)
	if cache.entries == nil {
		cache.entries = map[string]harness.JSON{}
	}
	cache.entries[id] = raw
	return nil
}

// Load returns the entries.
func (cache *Cache) Load() (entries []harness.JSON, err error) {
	for _, id := range cache.ids {
		entries = append(entries, cache.entries[id])
	}
	return entries, nil
}

// Close keeps nothing.
func (cache *Cache) Close() error { return nil }

func decoded(raw harness.JSON) (entry Entry, err error) {
	err = json.Unmarshal(raw, &entry)
	return entry, err
}

func rank(level string) int {
	return slices.Index([]string{"none", "provisional", "soft_safe", "finalized"}, level)
}
