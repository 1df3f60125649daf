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
func FromBytes(id string, bytes []byte) (*Artifact, error) { return Draft(id).Append(bytes).Seal() }

// Draft begins an artifact that is written in parts.
func Draft(id string) *Unsealed {
	text, size := abi.Text(id)
	return &Unsealed{id: id, handle: abi.ArtifactDraft(text, size)}
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

// Unsealed is an artifact being written. Nothing of it exists until it is sealed.
type Unsealed struct {
	handle int32
	id     string
	sealed bool
}

// Append adds bytes at the end.
func (u *Unsealed) Append(bytes []byte) *Unsealed {
	part, size := abi.Bytes(bytes)
	abi.ArtifactDraftAppend(u.open(), part, size)
	return u
}

// AppendText adds text at the end.
func (u *Unsealed) AppendText(text string) *Unsealed {
	part, size := abi.Text(text)
	abi.ArtifactDraftAppendText(u.open(), part, size)
	return u
}

// Seal stores the bytes and gives them their id. The draft is over then, also when it fails.
func (u *Unsealed) Seal() (*Artifact, error) {
	defer abi.Release()
	var sealed abi.Area
	draft := u.open()
	u.sealed = true
	abi.ArtifactDraftSeal(draft, sealed.At())
	abi.ArtifactDraftDrop(draft)
	if err := lockstep.Given(&sealed); err != nil {
		return nil, err
	}
	return Of(sealed.Handle(1)), nil
}

// open is the draft's handle. The host would say of one that it was given back only that it does not know it.
func (u *Unsealed) open() int32 {
	if u.sealed {
		panic("the draft of artifact `" + u.id + "` is over: it was sealed")
	}
	return u.handle
}

// Handle is what the host knows it by. For the packages of this module.
func (a *Artifact) Handle() int32 { return a.handle }

// ID is the id it was given.
func (a *Artifact) ID() string { return a.id }

// Digest is `sha256:` and 64 hexadecimal digits.
func (a *Artifact) Digest() string { return a.digest }

// Size is its size in bytes.
func (a *Artifact) Size() (uint64, error) {
	defer abi.Release()
	var told abi.Area
	abi.ArtifactSealedSize(a.handle, told.At())
	size, err := strconv.ParseUint(told.Text(0), 10, 64)
	if err != nil {
		return 0, lockstep.Fail("reading an artifact's size: %v", err)
	}
	return size, nil
}

// Bytes are all of its bytes.
func (a *Artifact) Bytes() ([]byte, error) {
	defer abi.Release()
	size, err := a.Size()
	if err != nil {
		return nil, err
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

// ReadAt is at most so many bytes (at most 1 MiB) from an offset, of an artifact of any size. Fewer at the end, none after it.
func (a *Artifact) ReadAt(offset uint64, count uint32) ([]byte, error) {
	defer abi.Release()
	var part abi.Area
	digits, size := abi.Text(strconv.FormatUint(offset, 10))
	abi.ArtifactSealedReadAt(a.handle, digits, size, int32(count), part.At())
	if err := lockstep.Given(&part); err != nil {
		return nil, err
	}
	return part.Bytes(1), nil
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
