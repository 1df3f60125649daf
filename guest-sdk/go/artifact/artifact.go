// Package artifact is bytes named once in a run: the same id gives the same bytes in every later step and in every undo.
package artifact

import (
	"strconv"
	"strings"

	"lockstep"
	"lockstep/internal/abi"
)

// atOnce is how much one read asks for: the contract's most.
const atOnce = 1 << 20

// Artifact is a kept artifact.
type Artifact struct {
	handle     int32
	id, digest string
}

// Of is the artifact behind a handle. For the packages of this module.
func Of(handle int32) *Artifact {
	var id, digest abi.Area
	abi.ArtifactSealedId(handle, id.At())
	abi.ArtifactSealedDigest(handle, digest.At())
	return &Artifact{handle: handle, id: id.Text(0), digest: digest.Text(0)}
}

// FromText keeps text as an artifact of this run.
func FromText(id, text string) (*Artifact, error) { return FromBytes(id, []byte(text)) }

// FromBytes keeps bytes as an artifact of this run.
func FromBytes(id string, bytes []byte) (*Artifact, error) {
	defer abi.Release()
	var sealed abi.Area
	text, textSize := abi.Text(id)
	draft := abi.ArtifactDraft(text, textSize)
	part, size := abi.Bytes(bytes)
	abi.ArtifactDraftAppend(draft, part, size)
	abi.ArtifactDraftSeal(draft, sealed.At())
	abi.ArtifactDraftDrop(draft)
	if err := lockstep.Given(&sealed); err != nil {
		return nil, err
	}
	return Of(sealed.Handle(1)), nil
}

// ByID is the artifact of that id. Fails when the run has none.
func ByID(id string) (*Artifact, error) {
	if found := MaybeByID(id); found != nil {
		return found, nil
	}
	return nil, lockstep.Fail("this run has no artifact `%s`", id)
}

// MaybeByID is the artifact of that id; nil when the run has none.
func MaybeByID(id string) *Artifact {
	defer abi.Release()
	var found abi.Area
	text, size := abi.Text(id)
	abi.ArtifactById(text, size, found.At())
	if !found.Some(0) {
		return nil
	}
	return Of(found.Handle(1))
}

// Handle is what the host knows it by. For the packages of this module.
func (a *Artifact) Handle() int32 { return a.handle }

// ID is the id it was given.
func (a *Artifact) ID() string { return a.id }

// Digest is `sha256:` and 64 hexadecimal digits.
func (a *Artifact) Digest() string { return a.digest }

// Bytes are all of its bytes.
func (a *Artifact) Bytes() ([]byte, error) {
	defer abi.Release()
	var told abi.Area
	abi.ArtifactSealedSize(a.handle, told.At())
	size, err := strconv.ParseUint(told.Text(0), 10, 64)
	if err != nil {
		return nil, lockstep.Fail("reading an artifact's size: %v", err)
	}
	var bytes []byte
	for uint64(len(bytes)) < size {
		var part abi.Area
		abi.ArtifactSealedRead(a.handle, int32(len(bytes)), atOnce, part.At())
		if err := lockstep.Given(&part); err != nil {
			return nil, err
		}
		more := part.Bytes(1)
		if len(more) == 0 {
			return nil, lockstep.Fail("artifact `%s` ends after %d of %d bytes", a.id, len(bytes), size)
		}
		bytes = append(bytes, more...)
	}
	return bytes, nil
}

// Text is all of it as text.
func (a *Artifact) Text() (string, error) {
	bytes, err := a.Bytes()
	return string(bytes), err
}

// ExpectDigest fails unless it has that digest: `sha256:` and 64 hexadecimal digits, or the digits alone.
func (a *Artifact) ExpectDigest(pinned string) error {
	return ExpectDigest("artifact `"+a.id+"`", a.digest, pinned)
}

// ExpectDigest fails unless the digests are the same. Not retryable: other bytes do not turn into the right ones.
func ExpectDigest(what, found, pinned string) error {
	digits := func(digest string) string { return strings.TrimPrefix(strings.TrimSpace(digest), "sha256:") }
	if strings.EqualFold(digits(found), digits(pinned)) {
		return nil
	}
	return lockstep.Fail("%s: expected digest %s, found %s", what, pinned, found).WithCode(lockstep.Assertion)
}
