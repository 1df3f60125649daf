// Package kube is objects of the Kubernetes cluster that the grant names.
//
// A change records how the object stands before it is made, and Target.PutBack in the step's undo restores that: the very pod template, with the digests that
// ran, whatever the cluster's own history says.
package kube

import (
	"encoding/json"
	"fmt"
	"time"
	"unsafe"

	"lockstep"
	"lockstep/internal/abi"
)

// Target is an object that is named. Nothing happens before one of its calls.
type Target struct {
	apiVersion, kind, namespace, id string
	timeout                         *time.Duration
	dryRun, force                   bool
}

// Rollout is how far a rollout is: the replicas that are wanted, of the new template, ready, and ready for as long as they must be.
type Rollout struct{ Wanted, Updated, Ready, Available uint32 }

// Event is something that happened to an object.
type Event struct {
	// At is when it was last seen, Kind `Normal` or `Warning`, Reason `FailedScheduling` and the like, Message for a person.
	At, Kind, Reason, Message string
	// Count is how often it was seen.
	Count uint64
}

// Deployment is a Deployment.
func Deployment(namespace, id string) *Target {
	return Object("apps/v1", "Deployment", namespace, id)
}

// StatefulSet is a StatefulSet.
func StatefulSet(namespace, id string) *Target {
	return Object("apps/v1", "StatefulSet", namespace, id)
}

// DaemonSet is a DaemonSet.
func DaemonSet(namespace, id string) *Target { return Object("apps/v1", "DaemonSet", namespace, id) }

// Pod is a pod.
func Pod(namespace, id string) *Target { return Object("v1", "Pod", namespace, id) }

// Object is any object, whether or not it is there. The namespace is empty for what belongs to none.
func Object(apiVersion, kind, namespace, id string) *Target {
	return &Target{apiVersion: apiVersion, kind: kind, namespace: namespace, id: id}
}

// Timeout is the deadline of each call; without it half a minute, and for a wait the step's.
func (t *Target) Timeout(longest time.Duration) *Target {
	t.timeout = &longest
	return t
}

// DryRun only tries changes: the server checks them and keeps nothing.
func (t *Target) DryRun() *Target {
	t.dryRun = true
	return t
}

// Force lets Apply take over fields that others manage.
func (t *Target) Force() *Target {
	t.force = true
	return t
}

// Read is the object as JSON; nil when it is not there. Values of a `Secret` are not in it. lockstep.ReadJSON and lockstep.JSONPath read it.
func (t *Target) Read() (object json.RawMessage, err error) {
	err = t.ask(abi.KubeTargetRead, func(found *abi.Area) {
		if found.Some(1) {
			object = found.Bytes(2)
		}
	})
	return object, err
}

// Field reads the value at a JSON pointer of the object, which must be there, into a variable: `api.Field("/spec/replicas", &replicas)`.
func (t *Target) Field(pointer string, into any) error {
	object, err := t.Read()
	if err != nil {
		return err
	}
	if object == nil {
		return lockstep.Fail("there is no %s", t.place()).WithCode("kube.missing")
	}
	return lockstep.JSONPath(t.place(), object, pointer, into)
}

// Revision is how it stands now.
func (t *Target) Revision() (found *Revision, err error) {
	err = t.ask(abi.KubeTargetRevision, func(given *abi.Area) { found = &Revision{given.Handle(1)} })
	return found, err
}

// Apply applies an object on the server: the fields that this procedure manages and no others. It is made when it is not there.
func (t *Target) Apply(object any) (*Change, error) { return t.merge(abi.KubeTargetApply, object) }

// Patch merges JSON into it (RFC 7386: lists are replaced, null removes).
func (t *Target) Patch(patch any) (*Change, error) { return t.merge(abi.KubeTargetPatch, patch) }

// Scale says how many replicas there are to be. That is no share of traffic. To 0 it is destructive, which the grant must say.
func (t *Target) Scale(replicas uint32) (*Change, error) {
	if !t.dryRun {
		// Else how many there are is somebody else's business.
		if err := keep(key("scaled", t.place()), "true"); err != nil {
			return nil, err
		}
	}
	return t.change(func(target, before int32, into unsafe.Pointer) {
		abi.KubeTargetScale(target, before, int32(replicas), into)
	})
}

// SetImage puts another image into one container, in all of the pods. Best with its digest: Change.Unpinned says when it has none.
func (t *Target) SetImage(container, image string) (*Change, error) {
	return t.change(func(target, before int32, into unsafe.Pointer) {
		which, whichSize := abi.Text(container)
		what, whatSize := abi.Text(image)
		abi.KubeTargetSetImage(target, before, which, whichSize, what, whatSize, into)
	})
}

// Restart replaces all of its pods.
func (t *Target) Restart() (*Change, error) { return t.change(abi.KubeTargetRestart) }

// Delete deletes it; not there is well. Destructive, which the grant must say.
func (t *Target) Delete() error {
	defer abi.Release()
	_, err := t.changed(abi.KubeTargetDelete)
	return err
}

// RolloutUndo puts the pod template of a revision back. Most undos want PutBack.
func (t *Target) RolloutUndo(recorded *Revision) (made *Change, err error) {
	call := func(target int32, into unsafe.Pointer) { abi.KubeTargetRolloutUndo(target, recorded.handle, into) }
	err = t.ask(call, func(given *abi.Area) { made = change(given.Handle(1)) })
	return made, err
}

// RolloutStatus waits until the rollout is complete. A failure tells the states of the pods, the events and the last log lines.
func (t *Target) RolloutStatus() (far Rollout, err error) {
	told, err := t.text(abi.KubeTargetRolloutStatus)
	if err != nil {
		return far, err
	}
	return far, lockstep.ReadJSON(t.place(), told, &far)
}

// WaitForCondition waits until a condition has a status, "Available" and "True", and gives the object as JSON.
func (t *Target) WaitForCondition(condition, status string) (json.RawMessage, error) {
	return t.wait(abi.KubeTargetWaitForCondition, condition, status)
}

// WaitForJSON waits until it has a value at a JSON pointer, a string, a number or a flag, and gives the object as JSON.
func (t *Target) WaitForJSON(pointer string, value any) (json.RawMessage, error) {
	return t.wait(abi.KubeTargetWaitForJson, pointer, fmt.Sprint(value))
}

// WaitForDeleted waits until it is gone.
func (t *Target) WaitForDeleted() error {
	return t.ask(abi.KubeTargetWaitForDeleted, func(*abi.Area) {})
}

// Logs are the last lines that it, or its pods, have logged; each begins with pod and container. The container is empty for all, since is 0 for ever.
func (t *Target) Logs(container string, lines uint32, since time.Duration) (string, error) {
	told, err := t.text(func(target int32, into unsafe.Pointer) {
		which, size := abi.Text(container)
		abi.KubeTargetLogs(target, which, size, int32(lines), abi.Seconds(since), into)
	})
	return string(told), err
}

// Events are what happened to it lately, the latest last.
func (t *Target) Events() ([]Event, error) {
	var texts []string
	if err := t.ask(abi.KubeTargetEvents, func(told *abi.Area) { texts = told.Texts(1) }); err != nil {
		return nil, err
	}
	events := make([]Event, len(texts))
	for at, text := range texts {
		if err := lockstep.ReadJSON(t.place(), []byte(text), &events[at]); err != nil {
			return nil, err
		}
	}
	return events, nil
}

func (t *Target) merge(call func(int32, int32, unsafe.Pointer, uint32, unsafe.Pointer), object any) (*Change, error) {
	written, err := lockstep.JSON(object)
	if err != nil {
		return nil, lockstep.Context(err, "writing %s", t.place())
	}
	return t.change(func(target, before int32, into unsafe.Pointer) {
		text, size := abi.Text(written)
		call(target, before, text, size, into)
	})
}

func (t *Target) wait(call func(int32, unsafe.Pointer, uint32, unsafe.Pointer, uint32, unsafe.Pointer), what, value string) (json.RawMessage, error) {
	return t.text(func(target int32, into unsafe.Pointer) {
		at, atSize := abi.Text(what)
		wanted, wantedSize := abi.Text(value)
		call(target, at, atSize, wanted, wantedSize, into)
	})
}

// text makes a call that gives text.
func (t *Target) text(call func(int32, unsafe.Pointer)) (told []byte, err error) {
	err = t.ask(call, func(given *abi.Area) { told = given.Bytes(1) })
	return told, err
}

// ask makes a call that needs no revision, and copies what it gives.
func (t *Target) ask(call func(int32, unsafe.Pointer), take func(*abi.Area)) error {
	defer abi.Release()
	var given abi.Area
	target := t.ready(false)
	call(target, given.At())
	abi.KubeTargetDrop(target)
	if err := lockstep.Given(&given); err != nil {
		return err
	}
	take(&given)
	return nil
}

func (t *Target) change(make func(int32, int32, unsafe.Pointer)) (*Change, error) {
	defer abi.Release()
	made, err := t.changed(make)
	if err != nil {
		return nil, err
	}
	return change(made.Handle(1)), nil
}

// changed makes a change. What the first one of the step finds is kept, for the undo goes back to before all of them.
func (t *Target) changed(make func(int32, int32, unsafe.Pointer)) (*abi.Area, error) {
	target := t.ready(false)
	defer abi.KubeTargetDrop(target)
	before, err := revision(target)
	if err != nil {
		return nil, err
	}
	defer abi.KubeRevisionDrop(before.handle)
	stood := key("kube", t.place())
	if _, is := kept(stood); !is && !t.dryRun {
		if err := keep(stood, before.Text()); err != nil {
			return nil, err
		}
	}
	var made abi.Area
	make(target, before.handle, made.At())
	return &made, lockstep.Given(&made)
}

// ready is the object in the host's words.
func (t *Target) ready(force bool) int32 {
	version, versionSize := abi.Text(t.apiVersion)
	kind, kindSize := abi.Text(t.kind)
	namespace, namespaceSize := abi.Text(t.namespace)
	id, idSize := abi.Text(t.id)
	target := abi.KubeTarget(version, versionSize, kind, kindSize, namespace, namespaceSize, id, idSize)
	if t.timeout != nil {
		abi.KubeTargetTimeout(target, abi.Milliseconds(*t.timeout))
	}
	if t.dryRun {
		abi.KubeTargetDryRun(target)
	}
	if t.force || force {
		abi.KubeTargetForce(target)
	}
	return target
}

// place is `Deployment shop/api`, for messages.
func (t *Target) place() string {
	if t.namespace == "" {
		return t.kind + " " + t.id
	}
	return t.kind + " " + t.namespace + "/" + t.id
}
