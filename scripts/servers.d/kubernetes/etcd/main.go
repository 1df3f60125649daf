// Command etcd is the store of the control plane that scripts/servers starts.
//
// A main of our own, since the module of etcd's own main has replace lines, which `go install` refuses.
package main

import (
	"os"

	"go.etcd.io/etcd/server/v3/etcdmain"
)

func main() {
	etcdmain.Main(os.Args)
}
