package kube_test

import (
	"fmt"
	"strings"
	"testing"
	"time"
	"unsafe"

	"lockstep/internal/abi"
	"lockstep/internal/fake"
	"lockstep/kube"
)

// standing is a cluster in which every object stands like that: JSON, or nothing; and the number of replicas, or none.
func standing(object string, replicas int) *fake.Host {
	h := fake.New()
	abi.KubeTarget = func(version unsafe.Pointer, versionSize uint32, kind unsafe.Pointer, kindSize uint32, namespace unsafe.Pointer, namespaceSize uint32, id unsafe.Pointer, idSize uint32) int32 {
		return h.Begun("target", fake.Told(version, versionSize), fake.Told(kind, kindSize), fake.Told(namespace, namespaceSize), fake.Told(id, idSize))
	}
	abi.KubeTargetTimeout, abi.KubeTargetDryRun, abi.KubeTargetForce = h.Number("timeout"), h.Word("dry run"), h.Word("force")
	abi.KubeTargetRevision = func(int32, unsafe.Pointer) { h.Begun("revision") }
	abi.KubeRevisionText = func(_ int32, into unsafe.Pointer) { fake.Text(into, "as it stood") }
	abi.KubeRevisionParse = func(at unsafe.Pointer, size uint32, _ unsafe.Pointer) { h.Begun("parse", fake.Told(at, size)) }
	abi.KubeRevisionObject = func(_ int32, into unsafe.Pointer) {
		if object != "" {
			fake.Some(into, 0, object)
		}
	}
	abi.KubeRevisionReplicas = func(_ int32, into unsafe.Pointer) {
		if replicas >= 0 {
			(*abi.Area)(into)[0], (*abi.Area)(into)[1] = 1, uint32(replicas)
		}
	}
	abi.KubeChangeObject = func(_ int32, into unsafe.Pointer) { fake.Text(into, "{}") }
	abi.KubeChangeUnpinned = func(_ int32, into unsafe.Pointer) { fake.Records(into, 0, 1, "api:2") }
	abi.KubeTargetSetImage = func(_, _ int32, container unsafe.Pointer, containerSize uint32, image unsafe.Pointer, imageSize uint32, _ unsafe.Pointer) {
		h.Begun("set image", fake.Told(container, containerSize), fake.Told(image, imageSize))
	}
	abi.KubeTargetScale = func(_, _, replicas int32, _ unsafe.Pointer) { h.Begun("scale", fmt.Sprint(replicas)) }
	abi.KubeTargetRolloutUndo = func(int32, int32, unsafe.Pointer) { h.Begun("rollout undo") }
	abi.KubeTargetDelete = func(int32, int32, unsafe.Pointer) { h.Begun("delete") }
	abi.KubeTargetApply = func(_, _ int32, at unsafe.Pointer, size uint32, _ unsafe.Pointer) {
		h.Begun("apply", fake.Told(at, size))
	}
	dropped := func(int32) {}
	abi.KubeTargetDrop, abi.KubeRevisionDrop, abi.KubeChangeDrop, abi.KubeSelectionDrop = dropped, dropped, dropped, dropped
	return h
}

func TestAChangeIsRecordedBeforeItIsMadeAndTheFirstOneIsPutBack(t *testing.T) {
	h := standing(`{"spec":{"template":{}}}`, 2)
	api := kube.Deployment("shop", "api").Timeout(20 * time.Second)
	change, err := api.SetImage("api", "api:2")
	if err != nil {
		t.Fatal(err)
	}
	if said := fmt.Sprint(change.ExpectPinned()); said != "expected images with digests, found api:2" {
		t.Error(said)
	}
	if _, err := api.Scale(5); err != nil {
		t.Fatal(err)
	}
	if kept := fmt.Sprint(h.Remembered); kept != "map[kube:Deployment shop/api:as it stood scaled:Deployment shop/api:true]" {
		t.Error(kept)
	}
	h.Told()
	if err := api.PutBack(); err != nil {
		t.Fatal(err)
	}
	if told := h.Told(); told != "parse as it stood\ntarget apps/v1, Deployment, shop, api\ntimeout 20000\nforce\nrollout undo \nrevision \nscale 2" {
		t.Error(told)
	}
	if err := api.PutBack(); err != nil || h.Told() != "" {
		t.Error("what was put back is put back again", err)
	}
}

func TestWhatWasNotThereIsDeletedAndAnotherObjectAppliedAsItWas(t *testing.T) {
	for object, wanted := range map[string]string{"": "delete ", `{"data": {}}`: `apply {"data": {}}`} {
		h := standing(object, -1)
		settings := kube.Object("v1", "ConfigMap", "", strings.Repeat("x", 80)).Force()
		if _, err := settings.Apply(map[string]any{"data": map[string]any{"a": 1}}); err != nil {
			t.Fatal(err)
		}
		// The same key in every language.
		if kept := fmt.Sprint(h.Remembered); kept != "map[kube:34ed9cb4b00c0412:as it stood]" {
			t.Error(kept)
		}
		if err := settings.PutBack(); err != nil {
			t.Fatal(err)
		}
		if told := h.Told(); !strings.HasSuffix(told, "\nrevision \n"+wanted) {
			t.Error(told)
		}
	}
}

func TestAChangeThatIsOnlyTriedIsNotRemembered(t *testing.T) {
	h := standing("", -1)
	if _, err := kube.StatefulSet("shop", "api").DryRun().Scale(0); err != nil || len(h.Remembered) != 0 {
		t.Error(h.Remembered, err)
	}
	abi.KubeTargetRead = func(_ int32, into unsafe.Pointer) { fake.Some(into, 1, `{"spec":{"replicas":3}}`) }
	var replicas uint32
	if err := kube.Pod("shop", "api").Field("/spec/replicas", &replicas); err != nil || replicas != 3 {
		t.Error(replicas, err)
	}
	abi.KubeTargetRead = func(int32, unsafe.Pointer) {}
	if said := fmt.Sprint(kube.DaemonSet("shop", "api").Field("", &replicas)); said != "there is no DaemonSet shop/api" {
		t.Error(said)
	}
}

func TestObjectsAreSoughtByLabelsAndFields(t *testing.T) {
	h := standing("", -1)
	abi.KubeSelection = func(version unsafe.Pointer, versionSize uint32, kind unsafe.Pointer, kindSize uint32, namespace unsafe.Pointer, namespaceSize uint32) int32 {
		return h.Begun("selection", fake.Told(version, versionSize), fake.Told(kind, kindSize), fake.Told(namespace, namespaceSize))
	}
	abi.KubeSelectionLabels, abi.KubeSelectionFields, abi.KubeSelectionLimit = h.Text("labels"), h.Text("fields"), h.Number("limit")
	abi.KubeSelectionEntries = func(_ int32, into unsafe.Pointer) { fake.Records(into, 1, 1, `{"a":1}`, `{}`) }
	entries, err := kube.Pods("shop").Labels("a=b").Fields("c=d").Limit(3).Entries()
	if said := fmt.Sprintf("%s %v %s", entries, err, h.Told()); said != "[{\"a\":1} {}] <nil> selection v1, Pod, shop\nlabels a=b\nfields c=d\nlimit 3" {
		t.Error(said)
	}
	abi.KubeTargetEvents = func(_ int32, into unsafe.Pointer) {
		fake.Records(into, 1, 1, `{"at":"now","kind":"Normal","reason":"Pulled","message":"m","count":2}`)
	}
	events, err := kube.Pod("shop", "api").Events()
	if said := fmt.Sprintf("%v %v", events, err); said != "[{now Normal Pulled m 2}] <nil>" {
		t.Error(said)
	}
}
