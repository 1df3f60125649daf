# A Kubernetes control plane (API server, controllers, scheduler, etcd) with one node that kwok plays: pods are objects, nothing runs in them.
#
# What becomes of a pod is in kubernetes/stages.yaml: ready at once; after three seconds when an image's name has `slow` in it; never, with ImagePullBackOff,
# when a tag is `broken`; a Job's ends well after a second. Each container has said the same three lines.
# The kubeconfig has two contexts: `admin` may everything, `viewer` may read what the role `view` reads.
programs=(kube-apiserver kube-controller-manager kube-scheduler etcd kwok curl openssl)
ports=(api etcd peer kubelet)
lasting="$state/bin"
# Debian's etcd is too old: watches of this API server fail on it.
if [[ ! -x $lasting/etcd ]] && ! [[ $(etcd --version 2>/dev/null) =~ "etcd Version: 3."([0-9]+) && ${BASH_REMATCH[1]} -ge 6 ]]; then
    programs+=("$lasting/etcd")
fi

# Builds the programs from their Go modules: some five minutes of two cores the first time, one with Go's cache, none when they are there.
get() {
    local version=v1.36.3 minor symbols built="$state/bin.new"
    command -v go >/dev/null && command -v curl >/dev/null || { lack="$(absent | paste -sd' ') not on PATH: install Go 1.26, which builds them, and curl" && return 1; }
    echo "kubernetes: building it from its Go modules, which takes some minutes once" >&2
    minor=${version#v1.} minor=${minor%.*}
    symbols=$(printf -- '-X k8s.io/component-base/version.%s ' "gitVersion=$version" gitMajor=1 "gitMinor=$minor")
    rm -rf "$built" && mkdir "$built"
    build -ldflags "-s -w $symbols" -o "$built/" k8s.io/kubernetes/cmd/kube-{apiserver,controller-manager,scheduler} sigs.k8s.io/kwok/cmd/kwok ./etcd ||
        { lack="it cannot be built: the end of $home/build.log says why" && tail -n 5 "$home/build.log" >&2 && return 1; }
    mkdir -p "$lasting"
    mv "$built"/* "$lasting"
    rmdir "$built"
}

# Nobody debugs them: without what debuggers read, and with a collector that waits for larger heaps, the compiler is done in two thirds of the time.
build() { # arguments…
    (cd "$scripts/servers.d/kubernetes" &&
        CGO_ENABLED=0 GOGC=300 GOFLAGS="-buildvcs=false -trimpath" nice go build -gcflags=all=-dwarf=false "$@") >"$home/build.log" 2>&1
}

start() {
    local admin viewer address
    admin=$(openssl rand -hex 16) viewer=$(openssl rand -hex 16) address="https://127.0.0.1:$(port api)"
    openssl genrsa -out "$place/accounts.key" 2048 2>/dev/null
    openssl rsa -in "$place/accounts.key" -pubout -out "$place/accounts.pub" 2>/dev/null
    printf '%s\n' "$admin,admin,1,system:masters" "$viewer,viewer,2" >"$place/tokens.csv"
    kubeconfig "$address" "$admin" "$viewer" >"$place/kubeconfig"
    container_logs
    echo "header = \"Authorization: Bearer $admin\"" >"$place/curl"

    launch etcd "$(command -v etcd)" --data-dir "$place/etcd" --unsafe-no-fsync --log-level warn \
        --listen-client-urls "http://127.0.0.1:$(port etcd)" --advertise-client-urls "http://127.0.0.1:$(port etcd)" \
        --listen-peer-urls "http://127.0.0.1:$(port peer)" --initial-advertise-peer-urls "http://127.0.0.1:$(port peer)" \
        --initial-cluster "default=http://127.0.0.1:$(port peer)"
    launch apiserver "$(command -v kube-apiserver)" --etcd-servers="http://127.0.0.1:$(port etcd)" --secure-port="$(port api)" --bind-address=127.0.0.1 \
        --cert-dir="$place" --tls-cert-file="$tls/server.pem" --tls-private-key-file="$tls/server.key" \
        --service-account-key-file="$place/accounts.pub" --service-account-signing-key-file="$place/accounts.key" \
        --service-account-issuer=https://kubernetes.default.svc --token-auth-file="$place/tokens.csv" --authorization-mode=RBAC \
        --kubelet-preferred-address-types=InternalIP --service-cluster-ip-range=10.0.0.0/24 --disable-admission-plugins=ServiceAccount
    within 60 ask /readyz
    within 30 ask /apis/rbac.authorization.k8s.io/v1/clusterroles/view
    give /api/v1/nodes node
    give /apis/rbac.authorization.k8s.io/v1/clusterrolebindings viewer
    launch controllers "$(command -v kube-controller-manager)" --kubeconfig="$place/kubeconfig" --service-account-private-key-file="$place/accounts.key" \
        --root-ca-file="$tls/ca.pem" --controllers='*' --leader-elect=false --secure-port=0 \
        --node-monitor-grace-period=10m # a busy machine is no dead node
    launch scheduler "$(command -v kube-scheduler)" --kubeconfig="$place/kubeconfig" --leader-elect=false --secure-port=0
    launch kwok "$(command -v kwok)" --kubeconfig="$place/kubeconfig" --manage-all-nodes=true \
        --server-address="127.0.0.1:$(port kubelet)" --node-ip=127.0.0.1 --node-port="$(port kubelet)" \
        --tls-cert-file="$tls/server.pem" --tls-private-key-file="$tls/server.key" \
        --config="$scripts/servers.d/kubernetes/stages.yaml" --config="$place/logs.yaml"
}

# What every container has said: nothing runs, so it is always the same.
container_logs() {
    local time=2026-01-01T00:00:0
    printf '%s\n' "${time}0.000000000Z stdout F starting" "${time}1.000000000Z stdout F listening on port 80" "${time}2.000000000Z stderr F a warning" >"$place/container.txt"
    cat >"$place/logs.yaml" <<CONF
apiVersion: kwok.x-k8s.io/v1alpha1
kind: ClusterLogs
metadata: { name: all }
spec: { logs: [{ logsFile: "$place/container.txt", follow: false }] }
CONF
}

ask() { # path, and more for curl
    curl --silent --fail --max-time 5 --cacert "$tls/ca.pem" --config "$place/curl" "https://127.0.0.1:$(port api)$1" "${@:2}"
}

give() { # path, object
    ask "$1" --header 'Content-Type: application/json' --data "@$scripts/servers.d/kubernetes/$2.json" >/dev/null
}

kubeconfig() { # address token token
    cat <<CONF
apiVersion: v1
kind: Config
current-context: admin
clusters:
  - { name: test, cluster: { server: "$1", certificate-authority: "$tls/ca.pem" } }
users:
  - { name: admin, user: { token: "$2" } }
  - { name: viewer, user: { token: "$3" } }
contexts:
  - { name: admin, context: { cluster: test, user: admin } }
  - { name: viewer, context: { cluster: test, user: viewer } }
CONF
}

# Ready is when a pod would get a node: its taint goes away a moment after it says that it is well. A namespace needs its service account as well.
ready() {
    local node
    node=$(ask /api/v1/nodes/node-1 | tr -d ' \n')
    [[ $node == *'"reason":"KubeletReady"'* && $node != *'"taints"'* ]] && ask /api/v1/namespaces/default/serviceaccounts/default
}

addresses() {
    printf 'LOCKSTEP_TEST_KUBECONFIG=%q\n' "$place/kubeconfig"
}
