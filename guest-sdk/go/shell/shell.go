// Package shell is programs of the host that the grant allows: one program and its arguments, never a line for a shell to take apart.
package shell

import (
	"bytes"
	"fmt"
	"strings"
	"time"

	"lockstep"
	"lockstep/artifact"
	"lockstep/internal/abi"
)

// Cmd is a command being built. Nothing happens before Run.
type Cmd struct {
	program    string
	args       []string
	env        [][2]string
	envFiles   [][2]string
	directory  string
	stdin      []byte
	input      *artifact.Artifact
	output     *string
	timeout    time.Duration
	idempotent bool
	codes      []uint8
	probe      *lockstep.Probe
}

// Command is a program, by its absolute path, with its arguments.
func Command(program string, args ...string) *Cmd { return &Cmd{program: program, args: args} }

// Args adds arguments.
func (c *Cmd) Args(args ...string) *Cmd {
	c.args = append(c.args, args...)
	return c
}

// Env sets a variable the grant allows. The value may be a secret.
func (c *Cmd) Env(name string, value any) *Cmd {
	c.env = append(c.env, [2]string{name, fmt.Sprint(value)})
	return c
}

// EnvFile sets a variable the grant allows to the path of a file with this content, which only the program can open, while it runs: for programs that take a
// password from a file. The content may hold a secret.
func (c *Cmd) EnvFile(name string, content any) *Cmd {
	c.envFiles = append(c.envFiles, [2]string{name, fmt.Sprint(content)})
	return c
}

// Directory is the working directory, one the grant allows. Without it the grant's own.
func (c *Cmd) Directory(path string) *Cmd {
	c.directory = path
	return c
}

// Stdin is standard input. Secrets' markers in it are replaced by the host.
func (c *Cmd) Stdin(input []byte) *Cmd {
	c.stdin = input
	return c
}

// StdinArtifact is standard input: an artifact of any size, as it is. In the place of Stdin.
func (c *Cmd) StdinArtifact(input *artifact.Artifact) *Cmd {
	c.input = input
	return c
}

// StdoutArtifact makes its standard output an artifact of any size, once it has succeeded: Exit.StdoutArtifact has it.
func (c *Cmd) StdoutArtifact(id string) *Cmd {
	c.output = &id
	return c
}

// Timeout: then the whole process group is killed. Without it the step's deadline.
func (c *Cmd) Timeout(longest time.Duration) *Cmd {
	c.timeout = longest
	return c
}

// Idempotent says that repeating this command does no harm, so that a crash does not leave it in doubt.
func (c *Cmd) Idempotent() *Cmd {
	c.idempotent = true
	return c
}

// SuccessCodes are the exit codes that mean success, in the place of what the grant says of the program, or of 0: 0 and 1 of a search that may find nothing.
func (c *Cmd) SuccessCodes(codes ...uint8) *Cmd {
	c.codes = codes
	return c
}

// Probe is how the host finds out whether it happened when its outcome was lost.
func (c *Cmd) Probe(probe *lockstep.Probe) *Cmd {
	c.probe = probe
	return c
}

// AsProbe is this command as a probe of another call. The grant must call it a read.
func (c *Cmd) AsProbe() *lockstep.Probe {
	return lockstep.ProbeOf(func() int32 {
		command := c.ready()
		defer abi.ShellCommandDrop(command)
		return abi.ShellCommandAsProbe(command)
	})
}

// Probe is a command that the grant calls a read: exit code 0 says that it happened, unless more is said.
func Probe(program string, args ...string) *lockstep.Probe {
	return Command(program, args...).AsProbe()
}

// Run runs it to its end. One that did not succeed has ended as well: say what you expect.
func (c *Cmd) Run() (*Exit, error) {
	defer abi.Release()
	command := c.ready()
	if c.probe != nil {
		c.probe.Attach(func(probe int32) { abi.ShellCommandProbe(command, probe) })
	}
	var ran abi.Area
	abi.ShellCommandRun(command, ran.At())
	abi.ShellCommandDrop(command)
	if err := lockstep.Given(&ran); err != nil {
		return nil, err
	}
	return ended(c.line(), len(c.codes) > 0, ran.Handle(1)), nil
}

// ready is the command in the host's words, but for the probe.
func (c *Cmd) ready() int32 {
	program, programSize := abi.Text(c.program)
	args := abi.Texts(c.args...)
	at, count := args.At()
	command := abi.ShellCommand(program, programSize, at, count)
	args.Keep()
	for _, variable := range c.env {
		name, nameSize := abi.Text(variable[0])
		value, valueSize := abi.Text(variable[1])
		abi.ShellCommandEnv(command, name, nameSize, value, valueSize)
	}
	for _, variable := range c.envFiles {
		name, nameSize := abi.Text(variable[0])
		content, contentSize := abi.Text(variable[1])
		abi.ShellCommandEnvFile(command, name, nameSize, content, contentSize)
	}
	if c.directory != "" {
		path, size := abi.Text(c.directory)
		abi.ShellCommandDirectory(command, path, size)
	}
	if c.stdin != nil {
		input, size := abi.Bytes(c.stdin)
		abi.ShellCommandStdin(command, input, size)
	}
	if c.input != nil {
		abi.ShellCommandStdinArtifact(command, c.input.Handle())
	}
	if c.output != nil {
		id, size := abi.Text(*c.output)
		abi.ShellCommandStdoutArtifact(command, id, size)
	}
	if c.timeout > 0 {
		abi.ShellCommandTimeout(command, abi.Milliseconds(c.timeout))
	}
	if c.idempotent {
		abi.ShellCommandIdempotent(command)
	}
	for _, code := range c.codes {
		abi.ShellCommandSuccessCode(command, int32(code))
	}
	return command
}

// line is the command as a person would type it.
func (c *Cmd) line() string {
	line := c.program
	for _, arg := range c.args {
		if arg == "" || strings.ContainsAny(arg, " \"'\\\n\t") {
			arg = fmt.Sprintf("%q", arg)
		}
		line += " " + arg
	}
	return line
}

// Exit is how a command ended.
type Exit struct {
	line string
	kept *artifact.Artifact
	// successIsSaid says whether the command says which codes mean success.
	successIsSaid bool
	// Code is the exit code; 128 and the signal's number when a signal ended it.
	Code int32
	// IsSuccess says whether the code is one that means success: 0, unless SuccessCodes or the grant say otherwise.
	IsSuccess bool
	// Stdout and Stderr are what it wrote.
	Stdout, Stderr []byte
	// Truncated says whether an output was longer than the limit and has been cut.
	Truncated bool
	// Duration is how long it took.
	Duration time.Duration
}

func ended(line string, successIsSaid bool, handle int32) *Exit {
	var stdout, stderr, kept abi.Area
	abi.ShellExitStdout(handle, stdout.At())
	abi.ShellExitStderr(handle, stderr.At())
	exit := &Exit{
		line:          line,
		successIsSaid: successIsSaid,
		Code:          abi.ShellExitCode(handle),
		IsSuccess:     abi.ShellExitIsSuccess(handle) != 0,
		Stdout:        stdout.Bytes(0),
		Stderr:        stderr.Bytes(0),
		Truncated:     abi.ShellExitTruncated(handle) != 0,
		Duration:      time.Duration(uint32(abi.ShellExitDuration(handle))) * time.Millisecond,
	}
	abi.ShellExitStdoutArtifact(handle, kept.At())
	if kept.Some(0) {
		exit.kept = artifact.Of(kept.Handle(1))
	}
	abi.ShellExitDrop(handle)
	return exit
}

// StdoutArtifact is what standard output has become. Fails when it was not to become an artifact, or the program did not succeed.
func (e *Exit) StdoutArtifact() (*artifact.Artifact, error) {
	if e.kept == nil {
		return nil, lockstep.Fail("`%s`: its standard output has become no artifact: it ended with %d", e.line, e.Code)
	}
	return e.kept, nil
}

// Text is standard output as text, without white space at its end.
func (e *Exit) Text() string { return strings.TrimRight(string(e.Stdout), " \t\r\n") }

// Lines are the lines of standard output.
func (e *Exit) Lines() []string {
	var lines []string
	for line := range strings.Lines(e.Text()) {
		lines = append(lines, strings.TrimSuffix(strings.TrimSuffix(line, "\n"), "\r"))
	}
	return lines
}

// ExpectSuccess fails unless the exit code is one that means success: 0, unless command or grant say otherwise.
func (e *Exit) ExpectSuccess() error {
	if e.IsSuccess {
		return nil
	}
	if !e.successIsSaid && e.Code != 0 {
		return e.ExpectCode(0)
	}
	return lockstep.Failing("`%s`: exit code %d does not mean success here%s", e.line, e.Code, e.lastWords())
}

// ExpectCode fails unless the exit code is that one.
func (e *Exit) ExpectCode(expected int32) error {
	if e.Code == expected {
		return nil
	}
	return lockstep.Failing("`%s`: expected exit code %d, found %d%s", e.line, expected, e.Code, e.lastWords())
}

// lastWords is what it complained about: its standard error, or its output when that is empty.
func (e *Exit) lastWords() string {
	if stderr, stdout := bytes.TrimSpace(e.Stderr), bytes.TrimSpace(e.Stdout); len(stderr) > 0 {
		return "; it complained: " + lockstep.Shown(string(stderr))
	} else if len(stdout) > 0 {
		return "; it said: " + lockstep.Shown(string(stdout))
	}
	return ""
}

// ExpectNoOutput fails unless standard output is empty but for white space.
func (e *Exit) ExpectNoOutput() error {
	if len(bytes.TrimSpace(e.Stdout)) == 0 {
		return nil
	}
	return lockstep.Failing("`%s`: expected no output, found %s", e.line, lockstep.Shown(string(e.Stdout)))
}

// ExpectText fails unless standard output contains the text.
func (e *Exit) ExpectText(expected string) error {
	if bytes.Contains(e.Stdout, []byte(expected)) {
		return nil
	}
	return lockstep.Failing("`%s`: expected %q in the output, found %s", e.line, expected, lockstep.Shown(string(e.Stdout)))
}

// ExpectJSON fails unless standard output is JSON and has that value at a JSON pointer.
func (e *Exit) ExpectJSON(pointer string, expected any) error {
	return lockstep.ExpectJSON("`"+e.line+"`", e.Stdout, pointer, expected)
}

// JSON reads standard output into a variable, as encoding/json does.
func (e *Exit) JSON(into any) error { return lockstep.ReadJSON("`"+e.line+"`", e.Stdout, into) }

// JSONPath reads the value at a JSON pointer of standard output into a variable.
func (e *Exit) JSONPath(pointer string, into any) error {
	return lockstep.JSONPath("`"+e.line+"`", e.Stdout, pointer, into)
}
