package artifact_test

import (
	"fmt"
	"testing"
	"unsafe"

	"lockstep/artifact"
	"lockstep/internal/abi"
	"lockstep/internal/fake"
)

// keeping is a host that keeps artifacts, or refuses to; gives what it was asked.
func keeping(size string, fails func(unsafe.Pointer)) *[]string {
	fake.New()
	asked := &[]string{}
	say := func(format string, values ...any) { *asked = append(*asked, fmt.Sprintf(format, values...)) }
	text := func(at unsafe.Pointer, size uint32) string { return string(unsafe.Slice((*byte)(at), size)) }
	abi.ArtifactDraft = func(at unsafe.Pointer, size uint32) int32 {
		say("draft %s", text(at, size))
		return 7
	}
	abi.ArtifactDraftAppend = func(draft int32, at unsafe.Pointer, size uint32) { say("%d bytes %q", draft, text(at, size)) }
	abi.ArtifactDraftAppendText = func(draft int32, at unsafe.Pointer, size uint32) { say("%d text %q", draft, text(at, size)) }
	abi.ArtifactDraftSeal = func(draft int32, into unsafe.Pointer) {
		say("%d seal", draft)
		(*abi.Area)(into)[1] = 8
		if fails != nil {
			fails(into)
		}
	}
	abi.ArtifactDraftDrop = func(draft int32) { say("%d drop", draft) }
	abi.ArtifactSealedId = func(_ int32, into unsafe.Pointer) { fake.Text(into, "odd") }
	abi.ArtifactSealedDigest = func(_ int32, into unsafe.Pointer) { fake.Text(into, "sha256:ab12") }
	abi.ArtifactSealedSize = func(_ int32, into unsafe.Pointer) { fake.Text(into, size) }
	return asked
}

func TestADraftIsWrittenInPartsAndSealedOnce(t *testing.T) {
	asked := keeping("18446744073709551615", nil)
	draft := artifact.Draft("odd").Append([]byte{0, 255}).AppendText("ü").Append(nil)
	made, err := draft.Seal()
	if err != nil || made.ID() != "odd" || made.Digest() != "sha256:ab12" || made.Handle() != 8 {
		t.Fatal(made, err)
	}
	if said := fmt.Sprint(*asked); said != `[draft odd 7 bytes "\x00\xff" 7 text "ü" 7 bytes "" 7 seal 7 drop]` {
		t.Error(said)
	}
	if size, err := made.Size(); err != nil || size != 1<<64-1 {
		t.Error(size, err)
	}
	defer func() {
		if told := fmt.Sprint(recover()); told != "the draft of artifact `odd` is over: it was sealed" {
			t.Error(told)
		}
	}()
	draft.AppendText("more")
}

func TestADraftThatIsRefusedIsGivenBack(t *testing.T) {
	asked := keeping("", func(into unsafe.Pointer) { fake.Fails(into, 3, "artifact.taken", "it is another", false) })
	if made, err := artifact.FromBytes("odd", []byte("x")); made != nil || err == nil || err.Error() != "it is another" {
		t.Error(made, err)
	}
	if said := fmt.Sprint(*asked); said != `[draft odd 7 bytes "x" 7 seal 7 drop]` {
		t.Error(said)
	}
}

func TestASizeThatIsNoNumberIsAnError(t *testing.T) {
	keeping("many", nil)
	made, err := artifact.FromText("odd", "x")
	if err != nil {
		t.Fatal(err)
	}
	wanted := "reading an artifact's size: strconv.ParseUint: parsing \"many\": invalid syntax"
	if size, err := made.Size(); size != 0 || err == nil || err.Error() != wanted {
		t.Error(size, err)
	}
	if bytes, err := made.Bytes(); bytes != nil || err == nil || err.Error() != wanted {
		t.Error(bytes, err)
	}
}

func TestAPartIsReadFromAnOffsetOfAnySize(t *testing.T) {
	keeping("18446744073709551615", nil)
	var asked string
	abi.ArtifactSealedReadAt = func(_ int32, at unsafe.Pointer, size uint32, count int32, into unsafe.Pointer) {
		asked = fmt.Sprint(fake.Told(at, size), " ", count)
		fake.Given(into, "end")
	}
	part, err := artifact.Of(8).ReadAt(1<<64-1, 5)
	if err != nil || string(part) != "end" || asked != "18446744073709551615 5" {
		t.Error(part, err, asked)
	}
}
