// Package tools names the programs of the Kubernetes that scripts/servers builds: a control plane, and kwok, which plays its nodes.
//
// One module has them all, so that what they share is compiled once. The module of Kubernetes replaces its parts with folders of its own, which nobody else
// has: go.mod says the released ones instead.
package tools

import (
	_ "k8s.io/kubernetes/cmd/kube-apiserver"
	_ "k8s.io/kubernetes/cmd/kube-controller-manager"
	_ "k8s.io/kubernetes/cmd/kube-scheduler"
	_ "sigs.k8s.io/kwok/cmd/kwok"
)
