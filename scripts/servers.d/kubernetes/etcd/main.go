// Command etcd is the store of the Kubernetes that scripts/servers starts.
//
// A main of our own, since etcd's own has the name `server`.
package main

import (
	"os"

	"go.etcd.io/etcd/server/v3/etcdmain"
)

func main() {
	etcdmain.Main(os.Args)
}
