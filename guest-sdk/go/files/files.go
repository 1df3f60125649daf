// Package files is files below the mounts that the grant names. Paths are absolute, as the grant shows them to the procedure.
package files

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"
	"unsafe"

	"lockstep"
	"lockstep/artifact"
	"lockstep/internal/abi"
)

// Read is the whole of a file.
func Read(path string) ([]byte, error) {
	defer abi.Release()
	result, err := ask(abi.FilesRead, path)
	if err != nil {
		return nil, err
	}
	return result.Bytes(1), nil
}

// ReadText is the whole of a file as text.
func ReadText(path string) (string, error) { return text(abi.FilesReadText, path) }

// ReadJSON reads the whole of a file into a variable, as encoding/json does.
func ReadJSON(path string, into any) error {
	text, err := ReadText(path)
	if err != nil {
		return err
	}
	return lockstep.ReadJSON(path, []byte(text), into)
}

// Write replaces or makes a file; never seen half-written.
func Write(path string, bytes []byte) error {
	data, size := abi.Bytes(bytes)
	return two(abi.FilesWrite, path, data, size)
}

// WriteText is Write of text.
func WriteText(path, text string) error {
	data, size := abi.Text(text)
	return two(abi.FilesWriteText, path, data, size)
}

// WriteJSON is Write of a value, as JSON on several lines.
func WriteJSON(path string, value any) error {
	text, err := lockstep.JSON(value)
	if err != nil {
		return lockstep.Context(err, "writing %s", path)
	}
	var lines bytes.Buffer
	if err := json.Indent(&lines, []byte(text), "", "  "); err != nil {
		return lockstep.Fail("writing %s: %v", path, err)
	}
	return WriteText(path, lines.String()+"\n")
}

// AppendText adds at the end of a file, making it if needed: at most once.
func AppendText(path, text string) error {
	data, size := abi.Text(text)
	return two(abi.FilesAppendText, path, data, size)
}

// AppendTextProbed is AppendText with a way to find out whether it happened when its outcome was lost.
func AppendTextProbed(path, text string, probe *lockstep.Probe) error {
	defer abi.Release()
	var result abi.Area
	probe.Attach(func(handle int32) {
		at, size := abi.Text(path)
		data, dataSize := abi.Text(text)
		abi.FilesAppendTextProbed(at, size, data, dataSize, handle, result.At())
	})
	return lockstep.Given(&result)
}

// Probe reads the digest of a file: it happened when the file has it, it did not when nothing is there.
func Probe(path, digest string) *lockstep.Probe {
	return lockstep.ProbeOf(func() int32 {
		at, size := abi.Text(path)
		wanted, wantedSize := abi.Text(digest)
		return abi.FilesDigestProbe(at, size, wanted, wantedSize)
	})
}

// Entry is what is at a path.
type Entry struct {
	// Kind is `file`, `directory`, `link` or `other`.
	Kind string
	// Size is in bytes.
	Size uint64
	// Modified is the last change, RFC 3339.
	Modified string
	// Target is where a link points.
	Target string
}

// Look is what is there, without following a last link; nil when nothing is.
func Look(path string) (*Entry, error) {
	defer abi.Release()
	result, err := ask(abi.FilesLook, path)
	if err != nil || !result.Some(1) {
		return nil, err
	}
	var kind, size, modified, target abi.Area
	handle := result.Handle(2)
	abi.FilesEntryKind(handle, kind.At())
	abi.FilesEntrySize(handle, size.At())
	abi.FilesEntryModified(handle, modified.At())
	abi.FilesEntryTarget(handle, target.At())
	abi.FilesEntryDrop(handle)
	entry := &Entry{Kind: kind.Text(0), Modified: modified.Text(0)}
	if entry.Size, err = strconv.ParseUint(size.Text(0), 10, 64); err != nil {
		return nil, lockstep.Fail("reading the size of %s: %v", path, err)
	}
	if target.Some(0) {
		entry.Target = target.Text(1)
	}
	return entry, nil
}

// Exists says whether anything is there.
func Exists(path string) (bool, error) {
	entry, err := Look(path)
	return entry != nil, err
}

// LinkTarget is where a link points; empty when it is none.
func LinkTarget(path string) (string, error) {
	entry, err := Look(path)
	if entry == nil {
		return "", err
	}
	return entry.Target, nil
}

// Entries are the names in a directory, sorted.
func Entries(path string) ([]string, error) {
	defer abi.Release()
	result, err := ask(abi.FilesEntries, path)
	if err != nil {
		return nil, err
	}
	return result.Texts(1), nil
}

// MakeDirectory makes a directory and those above it. There already is well.
func MakeDirectory(path string) error { return only(abi.FilesMakeDirectory, path) }

// Remove removes a file, a link, or a directory and all in it. Not there is well.
func Remove(path string) error { return only(abi.FilesRemove, path) }

// Link points the link at a path to a target in one step: a reader sees the old target or the new one, never none.
func Link(path, target string) error {
	data, size := abi.Text(target)
	return two(abi.FilesLink, path, data, size)
}

// Digest is the SHA-256 of a file: `sha256:` and 64 hexadecimal digits.
func Digest(path string) (string, error) { return text(abi.FilesDigest, path) }

// ExpectDigest fails unless the file has that digest.
func ExpectDigest(path, pinned string) error {
	found, err := Digest(path)
	if err != nil {
		return err
	}
	return artifact.ExpectDigest(path, found, pinned)
}

// DiskFree is the bytes free for the mount's file system.
func DiskFree(path string) (uint64, error) {
	told, err := text(abi.FilesDiskFree, path)
	if err != nil {
		return 0, err
	}
	return strconv.ParseUint(told, 10, 64)
}

// ExpectDiskFree fails unless that many bytes are free.
func ExpectDiskFree(path string, bytes uint64) error {
	free, err := DiskFree(path)
	if err != nil || free >= bytes {
		return err
	}
	return lockstep.Failing("%s: expected at least %s free, found %s", path, spoken(bytes), spoken(free))
}

// Keep copies a file into a new artifact.
func Keep(path, id string) (*artifact.Artifact, error) {
	defer abi.Release()
	var result abi.Area
	at, size := abi.Text(path)
	name, nameSize := abi.Text(id)
	abi.FilesKeep(at, size, name, nameSize, result.At())
	if err := lockstep.Given(&result); err != nil {
		return nil, err
	}
	return artifact.Of(result.Handle(1)), nil
}

// Place writes an artifact as a file.
func Place(path string, content *artifact.Artifact) error { return place(path, content, false) }

// PlaceProgram is Place, executable.
func PlaceProgram(path string, content *artifact.Artifact) error { return place(path, content, true) }

func place(path string, content *artifact.Artifact, executable bool) error {
	defer abi.Release()
	var result abi.Area
	at, size := abi.Text(path)
	abi.FilesPlace(at, size, content.Handle(), abi.Flag(executable), result.At())
	return lockstep.Given(&result)
}

type call = func(unsafe.Pointer, uint32, unsafe.Pointer)

func ask(call call, path string) (*abi.Area, error) {
	var result abi.Area
	at, size := abi.Text(path)
	call(at, size, result.At())
	return &result, lockstep.Given(&result)
}

func only(call call, path string) error {
	defer abi.Release()
	_, err := ask(call, path)
	return err
}

func text(call call, path string) (string, error) {
	defer abi.Release()
	result, err := ask(call, path)
	if err != nil {
		return "", err
	}
	return result.Text(1), nil
}

func two(call func(unsafe.Pointer, uint32, unsafe.Pointer, uint32, unsafe.Pointer), path string, data unsafe.Pointer, dataSize uint32) error {
	defer abi.Release()
	var result abi.Area
	at, size := abi.Text(path)
	call(at, size, data, dataSize, result.At())
	return lockstep.Given(&result)
}

// spoken is a size as a person says it: `512 bytes`, `1.5 GiB`.
func spoken(bytes uint64) string {
	for _, unit := range []struct {
		size uint64
		word string
	}{{1 << 30, "GiB"}, {1 << 20, "MiB"}, {1 << 10, "KiB"}} {
		if bytes >= unit.size {
			return fmt.Sprintf("%d.%d %s", bytes/unit.size, bytes%unit.size*10/unit.size, unit.word)
		}
	}
	return fmt.Sprintf("%d bytes", bytes)
}
