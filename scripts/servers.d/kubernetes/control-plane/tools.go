// Package tools names the programs of a Kubernetes control plane that scripts/servers builds.
//
// The module of Kubernetes replaces its parts with folders of its own, which nobody else has: go.mod says the released ones instead.
package tools

import (
	_ "k8s.io/kubernetes/cmd/kube-apiserver"
	_ "k8s.io/kubernetes/cmd/kube-controller-manager"
	_ "k8s.io/kubernetes/cmd/kube-scheduler"
)
