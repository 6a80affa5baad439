package harness

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"telltale.example/harness/protocol"
)

const greatest = "18446744073709551615"

// lineLog keeps entries in a file, and has some bad habits.
type lineLog struct{ path string }

func openLineLog(directory string) (Log, error) {
	if strings.Contains(directory, "absent") {
		return nil, errors.New("there is no such place")
	}
	return &lineLog{filepath.Join(directory, "log.jsonl")}, nil
}

func (log *lineLog) Append(entry JSON) error {
	switch {
	case strings.Contains(string(entry), "refused"):
		return errors.New("because")
	case strings.Contains(string(entry), "wordless"):
		return errors.New("")
	case strings.Contains(string(entry), "broken"):
		panic("no such thing")
	}
	file, err := os.OpenFile(log.path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = file.Write(append(entry, '\n'))
	return errors.Join(err, file.Close())
}

func (log *lineLog) ReadSince(tick uint64) ([]JSON, error) {
	if tick != 1<<64-1 {
		return nil, fmt.Errorf("asked for %d", tick)
	}
	return nil, nil
}

func (log *lineLog) Load() (entries []JSON, err error) {
	data, err := os.ReadFile(log.path)
	for _, line := range strings.Split(strings.TrimSuffix(string(data), "\n"), "\n") {
		entries = append(entries, JSON(line))
	}
	return entries, err
}

func (log *lineLog) Close() error { return nil }

var backend = Backend{
	Name:         "test",
	Version:      "1",
	Durability:   Process,
	Capabilities: []string{"exact-messages", "reopen"},
	OpenLog:      openLineLog,
	Operations: func(r Request) (any, error) {
		switch r.Operation() {
		case "entry.identity":
			return r.Call("wal.load", 9, map[string]any{"entry": protocol.Argument[JSON](r, "entry")})
		case "artifact.encode":
			return func() {}, nil
		}
		return nil, ErrUnsupported
	},
}

// converse returns what the backend says to these lines.
func converse(t *testing.T, lines ...string) ([]string, error) {
	t.Helper()
	var output strings.Builder
	input := strings.NewReader(strings.Join(lines, "\n") + "\n")
	err := protocol.ServeOn(input, &output, promises(backend), perform(backend))
	return strings.Split(strings.TrimSuffix(output.String(), "\n"), "\n"), err
}

func expect(t *testing.T, said []string, err error, expected ...string) {
	t.Helper()
	if err != nil {
		t.Error(err)
	}
	if !reflect.DeepEqual(said, expected) {
		t.Errorf("said %s,\nexpected %s", said, expected)
	}
}

func TestAnnouncesWhatItsDurabilityPromisesOnce(t *testing.T) {
	said, err := converse(t, `{"id":0,"operation":"hello"}`)
	expect(t, said, err, `{"id":0,"ok":{"protocol":"telltale-conformance.harness.v1",`+
		`"specification":"telltale.machine.durability.v1","name":"test","version":"1",`+
		`"capabilities":["reopen","process-kill","exact-messages"],`+
		`"rejection_mode":"clean-reject","durability_class":"process","concurrent_calls":false}}`)
}

func TestALogIsFoundAgainUnderAnotherNumberWithExactTicks(t *testing.T) {
	directory, err := json.Marshal(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	entry := `{"operation_id":"` + strings.Repeat("a", 100_000) + `","tick":` + greatest + `}`
	said, err := converse(t,
		fmt.Sprintf(`{"id":1,"operation":"wal.open","object":1,"directory":%s}`, directory),
		fmt.Sprintf(`{"id":2,"operation":"wal.append","object":1,"entry":%s}`, entry),
		`{"id":3,"operation":"wal.close","object":1}`,
		fmt.Sprintf(`{"id":4,"operation":"wal.open","object":2,"directory":%s}`, directory),
		`{"id":5,"operation":"wal.load","object":2}`,
		`{"id":6,"operation":"wal.read_since","object":2,"tick":`+greatest+`}`,
		`{"id":7,"operation":"shutdown"}`,
		`not read any more`)
	expect(t, said, err,
		`{"id":1,"ok":null}`, `{"id":2,"ok":null}`, `{"id":3,"ok":null}`, `{"id":4,"ok":null}`,
		fmt.Sprintf(`{"id":5,"ok":{"entries":[%s]}}`, entry), `{"id":6,"ok":[]}`,
		`{"id":7,"ok":null}`)
}

func TestTellsRefusalsAndFaultsApart(t *testing.T) {
	ask := `{"id":1,"operation":"wal.append","object":1,"entry":"%s"}`
	said, err := converse(t,
		`{"id":1,"operation":"wal.open","object":0,"directory":"absent"}`,
		`{"id":1,"operation":"wal.open","object":1,"directory":"."}`,
		fmt.Sprintf(ask, "refused"), fmt.Sprintf(ask, "wordless"), fmt.Sprintf(ask, "broken"),
		`{"id":1,"operation":"wal.load","object":7}`,
		`{"id":1,"operation":"wal.append","object":1}`,
		`{"id":1,"operation":"artifact.encode"}`)
	expect(t, said, err,
		`{"id":1,"refused":"there is no such place"}`,
		`{"id":1,"ok":null}`,
		`{"id":1,"refused":"because"}`,
		// WAL-09 is broken, and has to be seen.
		`{"id":1,"refused":""}`,
		`{"fault":{"kind":"panic","text":"no such thing"},"id":1}`,
		`{"fault":{"kind":"panic","text":"wal.load: nothing is open as 7"},"id":1}`,
		`{"fault":{"kind":"panic","text":"wal.append has no argument entry"},"id":1}`,
		`{"fault":{"kind":"func()","returned":true,"text":"json: unsupported type: func()"},"id":1}`)
}

func TestWhatIsNotGivenIsNotSupported(t *testing.T) {
	for _, name := range []string{"cache.open", "recovery.plan", "wal.compact"} {
		said, err := converse(t, fmt.Sprintf(`{"id":1,"operation":"%s","object":1}`, name))
		expect(t, said, err, fmt.Sprintf(`{"id":1,"unsupported":"%s is not served here"}`, name))
	}
}

func TestServesWhatComesWhileACallWaits(t *testing.T) {
	ask := `{"id":%d,"operation":"entry.identity","entry":` + greatest + `}`
	said, err := converse(t, fmt.Sprintf(ask, 1), fmt.Sprintf(ask, 2),
		`{"call":2,"fault":{"kind":"OSError","text":"no disk"}}`, `{"call":1,"refused":"no"}`)
	call := `{"call":%d,"during":%d,"entry":` + greatest + `,"object":9,"operation":"wal.load"}`
	expect(t, said, err, fmt.Sprintf(call, 1, 1), fmt.Sprintf(call, 2, 2),
		`{"fault":{"kind":"OSError","text":"no disk","call":2},"id":2}`, `{"id":1,"refused":"no"}`)
}

func TestEndsAtALineThatIsNoMessage(t *testing.T) {
	hello := `{"id":0,"operation":"hello"}`
	for _, line := range []string{
		`{"id":1,`, "", "7", "null", `{"id":1}`, `{"operation":"hello"}`, `{"call":5}`,
	} {
		said, err := converse(t, hello, line, hello)
		if len(said) != 1 || err == nil || !strings.Contains(err.Error(), "not a message") {
			t.Errorf("after %q it said %s, and %v", line, said, err)
		}
	}
	input := strings.NewReader(hello) // without a line feed
	err := protocol.ServeOn(input, &strings.Builder{}, promises(backend), perform(backend))
	if err == nil || !strings.Contains(err.Error(), "within a line") {
		t.Error(err)
	}
}

func TestNamesADurabilityThatThereIsNot(t *testing.T) {
	defer func() {
		if cause := recover(); !strings.Contains(fmt.Sprint(cause), "forever") {
			t.Error(cause)
		}
	}()
	promises(Backend{Durability: "forever"})
}
