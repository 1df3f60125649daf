package kube

import (
	"encoding/json"
	"fmt"
	"hash/fnv"
	"strings"
	"unsafe"

	"lockstep"
	"lockstep/internal/abi"
)

// longestKey is the longest key of Remember.
const longestKey = 64

// Revision is how an object stood.
type Revision struct{ handle int32 }

// Parse is the revision whose text another step has returned.
func Parse(text string) (*Revision, error) {
	defer abi.Release()
	var parsed abi.Area
	at, size := abi.Text(text)
	abi.KubeRevisionParse(at, size, parsed.At())
	if err := lockstep.Given(&parsed); err != nil {
		return nil, err
	}
	return &Revision{parsed.Handle(1)}, nil
}

// Text is the revision as text, for another step.
func (r *Revision) Text() string {
	defer abi.Release()
	var text abi.Area
	abi.KubeRevisionText(r.handle, text.At())
	return text.Text(0)
}

// Object is the object as JSON, without what the server alone says of it; nil when it was not there.
func (r *Revision) Object() json.RawMessage {
	defer abi.Release()
	var object abi.Area
	abi.KubeRevisionObject(r.handle, object.At())
	if !object.Some(0) {
		return nil
	}
	return object.Bytes(1)
}

// Replicas is how many replicas were wanted; false when that is nothing to be said of it.
func (r *Revision) Replicas() (uint32, bool) {
	var replicas abi.Area
	abi.KubeRevisionReplicas(r.handle, replicas.At())
	return replicas[1], replicas.Some(0)
}

// Image is the image of a container, with the digest that ran where its pods tell it; false when there is no such container.
func (r *Revision) Image(container string) (string, bool) {
	defer abi.Release()
	var image abi.Area
	at, size := abi.Text(container)
	abi.KubeRevisionImage(r.handle, at, size, image.At())
	if !image.Some(0) {
		return "", false
	}
	return image.Text(1), true
}

// Change is what a change has made.
type Change struct {
	// Object is the object as JSON after the change.
	Object json.RawMessage
	// Unpinned are images that are not pinned by a digest: what they are may change.
	Unpinned []string
}

// ExpectPinned fails when an image is not pinned by a digest.
func (c *Change) ExpectPinned() error {
	return lockstep.Ensure(len(c.Unpinned) == 0, "expected images with digests, found %s", strings.Join(c.Unpinned, ", "))
}

// PutBack is for an undo: it puts back what the first change of this step has found. The pod template of a workload, and the number of replicas when this step
// has scaled it; of other objects all fields; what was not there is deleted. It does nothing when this step has changed nothing.
func (t *Target) PutBack() error {
	defer abi.Release()
	stood, scaled := key("kube", t.place()), key("scaled", t.place())
	text, is := kept(stood)
	if !is {
		return nil
	}
	recorded, err := Parse(text)
	if err != nil {
		return err
	}
	target := t.ready(true)
	defer abi.KubeTargetDrop(target)
	object := recorded.Object()
	switch {
	case object == nil:
		err = again(target, abi.KubeTargetDelete)
	case hasTemplate(object):
		var made abi.Area
		abi.KubeTargetRolloutUndo(target, recorded.handle, made.At())
		if err = lockstep.Given(&made); err != nil {
			break
		}
		replicas, wanted := recorded.Replicas()
		if _, is := kept(scaled); is && wanted {
			err = again(target, func(target, now int32, into unsafe.Pointer) { abi.KubeTargetScale(target, now, int32(replicas), into) })
		}
	default:
		err = again(target, func(target, now int32, into unsafe.Pointer) {
			at, size := abi.Bytes(object)
			abi.KubeTargetApply(target, now, at, size, into)
		})
	}
	if err != nil {
		return err
	}
	if err := keep(stood, "null"); err != nil {
		return err
	}
	return keep(scaled, "null")
}

// again changes it from how it stands now.
func again(target int32, make func(int32, int32, unsafe.Pointer)) error {
	now, err := revision(target)
	if err != nil {
		return err
	}
	defer abi.KubeRevisionDrop(now.handle)
	var made abi.Area
	make(target, now.handle, made.At())
	return lockstep.Given(&made)
}

func revision(target int32) (*Revision, error) {
	var found abi.Area
	abi.KubeTargetRevision(target, found.At())
	return &Revision{found.Handle(1)}, lockstep.Given(&found)
}

func change(handle int32) *Change {
	var object, unpinned abi.Area
	abi.KubeChangeObject(handle, object.At())
	abi.KubeChangeUnpinned(handle, unpinned.At())
	made := &Change{Object: object.Bytes(0), Unpinned: unpinned.Texts(0)}
	abi.KubeChangeDrop(handle)
	return made
}

// hasTemplate says whether it is a workload.
func hasTemplate(object []byte) bool {
	var read struct {
		Spec struct{ Template json.RawMessage }
	}
	return json.Unmarshal(object, &read) == nil && read.Spec.Template != nil
}

// keep keeps something of an object for the undo.
func keep(key, text string) error {
	defer abi.Release()
	var remembered abi.Area
	at, size := abi.Text(key)
	value, valueSize := abi.Text(text)
	abi.RunRemember(at, size, value, valueSize, remembered.At())
	return lockstep.Given(&remembered)
}

// kept is what an attempt of this step has kept; what was put back is forgotten.
func kept(key string) (string, bool) {
	defer abi.Release()
	var found abi.Area
	at, size := abi.Text(key)
	abi.RunRecall(at, size, found.At())
	if !found.Some(0) {
		return "", false
	}
	text := found.Text(1)
	return text, text != "null"
}

// key is a key for the object, as short as a key must be. The same in every language: an undo may be another's.
func key(what, place string) string {
	whole := what + ":" + place
	if len(whole) <= longestKey {
		return whole
	}
	hash := fnv.New64a()
	hash.Write([]byte(whole))
	return fmt.Sprintf("%s:%016x", what, hash.Sum64())
}
