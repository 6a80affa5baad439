package main

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"

	"telltale.example/harness"
)

// lineFile is a file of lines that only grows. A line is there as a whole or not at all.
type lineFile struct {
	file *os.File
	size int64
}

// openLines opens or makes a file and returns its lines.
func openLines(path string) (*lineFile, []harness.JSON, error) {
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o644)
	if err != nil {
		return nil, nil, err
	}
	data, err := io.ReadAll(file)
	if err != nil {
		return nil, nil, errors.Join(err, file.Close())
	}
	// A line without an end was being written when the process died; nobody was told of it.
	whole := data[:bytes.LastIndexByte(data, '\n')+1]
	lines := &lineFile{file, int64(len(whole))}
	if err := errors.Join(lines.cut(), file.Sync(), syncDirectory(path)); err != nil {
		return nil, nil, errors.Join(err, file.Close())
	}
	var found []harness.JSON
	for _, line := range bytes.SplitAfter(whole, []byte("\n")) {
		if len(line) > 0 {
			found = append(found, line[:len(line)-1])
		}
	}
	return lines, found, nil
}

// appendLine makes a line durable at the end, or leaves the file as it was.
func (lines *lineFile) appendLine(line []byte) error {
	data := append(bytes.Clone(line), '\n')
	_, err := lines.file.Write(data)
	if err == nil {
		err = lines.file.Sync()
	}
	if err != nil {
		return errors.Join(err, lines.cut())
	}
	lines.size += int64(len(data))
	return nil
}

// cut removes what was written behind the last whole line.
func (lines *lineFile) cut() error {
	if err := lines.file.Truncate(lines.size); err != nil {
		return err
	}
	_, err := lines.file.Seek(lines.size, io.SeekStart)
	return err
}

// Close closes the file; every line that was acknowledged is in it.
func (lines *lineFile) Close() error {
	return lines.file.Close()
}

// syncDirectory makes the name of a new file durable.
func syncDirectory(path string) error {
	directory, err := os.Open(filepath.Dir(path))
	if err != nil {
		return err
	}
	return errors.Join(directory.Sync(), directory.Close())
}
