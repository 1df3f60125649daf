package shell_test

import (
	"fmt"
	"testing"
	"unsafe"

	"lockstep/internal/abi"
	"lockstep/internal/fake"
	"lockstep/shell"
)

// said is the end of a command that says this.
func said(t *testing.T, stdout string) *shell.Exit {
	fake.New()
	abi.ShellCommand = func(unsafe.Pointer, uint32, unsafe.Pointer, uint32) int32 { return 1 }
	abi.ShellCommandRun = func(int32, unsafe.Pointer) {}
	abi.ShellExitStdout = func(_ int32, into unsafe.Pointer) { fake.Text(into, stdout) }
	abi.ShellExitStderr = func(_ int32, into unsafe.Pointer) { fake.Text(into, "") }
	abi.ShellExitCode, abi.ShellExitTruncated, abi.ShellExitDuration = zero, zero, zero
	abi.ShellCommandDrop, abi.ShellExitDrop = func(int32) {}, func(int32) {}
	exit, err := shell.Command("/bin/say").Run()
	if err != nil {
		t.Fatal(err)
	}
	return exit
}

func zero(int32) int32 { return 0 }

func TestTheOutputIsReadByLines(t *testing.T) {
	for output, wanted := range map[string]string{"": "[]", " \n\n": "[]", "a": `["a"]`, "\na\r\n\n b \rc\n\n": `["" "a" "" " b \rc"]`} {
		if lines := fmt.Sprintf("%q", said(t, output).Lines()); lines != wanted {
			t.Errorf("%q has the lines %s", output, lines)
		}
	}
}

func TestTheOutputIsReadAsJSON(t *testing.T) {
	var read struct{ Count int64 }
	if err := said(t, `{"count":9223372036854775807}`).JSON(&read); err != nil || read.Count != 1<<63-1 {
		t.Error(read, err)
	}
	err := said(t, "no JSON\n").JSON(&read)
	if told := fmt.Sprint(err); told != "`/bin/say`: expected JSON, found no JSON (invalid character 'o' in literal null (expecting 'u'))" {
		t.Error(told)
	}
}
