package kube

import (
	"encoding/json"

	"lockstep"
	"lockstep/internal/abi"
)

// Selection is objects of one kind that are sought. Nothing happens before Entries.
type Selection struct {
	apiVersion, kind, namespace string
	says                        []func(int32)
}

// Pods are pods of a namespace.
func Pods(namespace string) *Selection { return Select("v1", "Pod", namespace) }

// Select is objects of any kind. An empty namespace is what belongs to none, or all of them.
func Select(apiVersion, kind, namespace string) *Selection {
	return &Selection{apiVersion: apiVersion, kind: kind, namespace: namespace}
}

// Labels are only those with these labels: `app=api,tier!=test`.
func (s *Selection) Labels(selector string) *Selection {
	return s.say(func(selection int32) {
		at, size := abi.Text(selector)
		abi.KubeSelectionLabels(selection, at, size)
	})
}

// Fields are only those with these fields: `status.phase=Running`.
func (s *Selection) Fields(selector string) *Selection {
	return s.say(func(selection int32) {
		at, size := abi.Text(selector)
		abi.KubeSelectionFields(selection, at, size)
	})
}

// Limit is how many there may be: more is a failure. Without it 500.
func (s *Selection) Limit(count uint32) *Selection {
	return s.say(func(selection int32) { abi.KubeSelectionLimit(selection, int32(count)) })
}

// Entries are the objects as JSON each, by namespace and name.
func (s *Selection) Entries() ([]json.RawMessage, error) {
	defer abi.Release()
	version, versionSize := abi.Text(s.apiVersion)
	kind, kindSize := abi.Text(s.kind)
	namespace, namespaceSize := abi.Text(s.namespace)
	selection := abi.KubeSelection(version, versionSize, kind, kindSize, namespace, namespaceSize)
	for _, says := range s.says {
		says(selection)
	}
	var found abi.Area
	abi.KubeSelectionEntries(selection, found.At())
	abi.KubeSelectionDrop(selection)
	if err := lockstep.Given(&found); err != nil {
		return nil, err
	}
	var entries []json.RawMessage
	for _, text := range found.Texts(1) {
		entries = append(entries, json.RawMessage(text))
	}
	return entries, nil
}

func (s *Selection) say(says func(int32)) *Selection {
	s.says = append(s.says, says)
	return s
}
