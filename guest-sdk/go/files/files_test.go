package files_test

import (
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
