package shell_test

import (
	"fmt"
	"testing"
	"unsafe"

	"lockstep/artifact"
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
	abi.ShellExitStdoutArtifact = func(int32, unsafe.Pointer) {}
	abi.ShellExitCode, abi.ShellExitTruncated, abi.ShellExitDuration = zero, zero, zero
	abi.ShellExitIsSuccess = func(int32) int32 { return 1 }
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

func TestAnExitCodeMeansWhatCommandAndGrantSay(t *testing.T) {
	said(t, "found\n")
	h := fake.New()
	abi.ShellCommandSuccessCode = h.Number("code")
	for _, given := range []struct {
		code, success int32
		codes         []uint8
		wanted        string
	}{
		{1, 1, []uint8{0, 1}, "<nil>"},
		{0, 0, []uint8{1}, "`/bin/grep`: exit code 0 does not mean success here; it said: found"},
		// The grant alone can say so as well.
		{0, 0, nil, "`/bin/grep`: exit code 0 does not mean success here; it said: found"},
		{2, 0, nil, "`/bin/grep`: expected exit code 0, found 2; it said: found"},
		{2, 0, []uint8{1}, "`/bin/grep`: exit code 2 does not mean success here; it said: found"},
	} {
		abi.ShellExitCode = func(int32) int32 { return given.code }
		abi.ShellExitIsSuccess = func(int32) int32 { return given.success }
		exit, err := shell.Command("/bin/grep").SuccessCodes(given.codes...).Run()
		if err != nil {
			t.Fatal(err)
		}
		if told := fmt.Sprint(exit.ExpectSuccess()); told != given.wanted || exit.IsSuccess != (given.success == 1) {
			t.Error(told)
		}
	}
	if told := h.Told(); told != "code 0\ncode 1\ncode 1\ncode 1" {
		t.Error(told)
	}
}

func TestACommandReadsAnArtifactAndMakesOne(t *testing.T) {
	said(t, "")
	h := fake.New()
	abi.ArtifactSealedId = func(_ int32, into unsafe.Pointer) { fake.Text(into, "dump") }
	abi.ArtifactSealedDigest = func(_ int32, into unsafe.Pointer) { fake.Text(into, "sha256:ab12") }
	abi.ShellCommandEnvFile, abi.ShellCommandStdinArtifact, abi.ShellCommandStdoutArtifact = h.Two("env file"), h.Number("stdin"), h.Text("stdout")
	kept := func(there uint32) func(int32, unsafe.Pointer) {
		return func(_ int32, into unsafe.Pointer) { (*abi.Area)(into)[0], (*abi.Area)(into)[1] = there, 7 }
	}
	abi.ShellExitStdoutArtifact = kept(1)
	command := shell.Command("/bin/restore").EnvFile("PASSWORD", "…").StdinArtifact(artifact.Of(3)).StdoutArtifact("log")
	exit, err := command.Run()
	if err != nil {
		t.Fatal(err)
	}
	if told := h.Told(); told != "env file PASSWORD, …\nstdin 3\nstdout log" {
		t.Error(told)
	}
	if made, err := exit.StdoutArtifact(); err != nil || made.Handle() != 7 {
		t.Error(made, err)
	}
	abi.ShellExitStdoutArtifact = kept(0)
	if exit, err = command.Run(); err != nil {
		t.Fatal(err)
	}
	_, err = exit.StdoutArtifact()
	if told := fmt.Sprint(err); told != "`/bin/restore`: its standard output has become no artifact: it ended with 0" {
		t.Error(told)
	}
}
