// Package tools names kwok, which plays the nodes of the control plane that scripts/servers starts.
package tools

import _ "sigs.k8s.io/kwok/cmd/kwok"
