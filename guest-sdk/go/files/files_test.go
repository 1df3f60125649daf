package files_test

import (
	"fmt"
	"testing"
	"unsafe"

	"lockstep/files"
	"lockstep/internal/abi"
	"lockstep/internal/fake"
)

func TestASizeOf64BitsIsReadWhole(t *testing.T) {
	fake.New()
	abi.FilesDiskFree = func(_ unsafe.Pointer, _ uint32, into unsafe.Pointer) { fake.Given(into, "18446744073709551615") }
	if free, err := files.DiskFree("/app"); err != nil || free != 1<<64-1 {
		t.Error(free, err)
	}
	abi.FilesDiskFree = func(_ unsafe.Pointer, _ uint32, into unsafe.Pointer) { fake.Given(into, "1610612736") }
	if err := files.ExpectDiskFree("/app", 2<<30); err == nil || err.Error() != "/app: expected at least 2.0 GiB free, found 1.5 GiB" {
		t.Error(err)
	}
}

func TestAFailureOfTheHostIsAnError(t *testing.T) {
	fake.New()
	abi.FilesReadText = func(_ unsafe.Pointer, _ uint32, into unsafe.Pointer) {
		fake.Fails(into, 3, "files.missing", "/x is not there", false)
	}
	if text, err := files.ReadText("/x"); text != "" || err == nil || err.Error() != "/x is not there" {
		t.Error(text, err)
	}
}

func TestJSONIsWrittenOnSeveralLinesAndReadBack(t *testing.T) {
	fake.New()
	var written string
	abi.FilesWriteText = func(_ unsafe.Pointer, _ uint32, at unsafe.Pointer, size uint32, _ unsafe.Pointer) {
		written = string(unsafe.Slice((*byte)(at), size))
	}
	abi.FilesReadText = func(_ unsafe.Pointer, _ uint32, into unsafe.Pointer) { fake.Given(into, written) }
	value := map[string]any{"name": "<a>", "none": []int{}, "ports": []int64{1<<63 - 1}}
	if err := files.WriteJSON("/app/site", value); err != nil {
		t.Fatal(err)
	}
	wanted := `{
  "name": "<a>",
  "none": [],
  "ports": [
    9223372036854775807
  ]
}
`
	if written != wanted {
		t.Error(written)
	}
	var read struct{ Ports []int64 }
	if err := files.ReadJSON("/app/site", &read); err != nil || len(read.Ports) != 1 || read.Ports[0] != 1<<63-1 {
		t.Error(read, err)
	}
	if err := fmt.Sprint(files.WriteJSON("/app/site", func() {})); err != "writing /app/site: writing JSON: json: unsupported type: func()" {
		t.Error(err)
	}
	written = "half"
	refused := "/app/site: expected JSON, found half (invalid character 'h' looking for beginning of value)"
	if err := fmt.Sprint(files.ReadJSON("/app/site", &read)); err != refused {
		t.Error(err)
	}
}
