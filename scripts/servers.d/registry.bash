# An OCI registry in which everybody may do everything, deletion included.
programs=(docker-registry)
packages=(docker-registry)
ports=(http)
# The project's own name for it, where it is not Debian's package.
command -v docker-registry >/dev/null || ! command -v registry >/dev/null || programs=(registry)

start() {
    cat >"$place/config.yml" <<CONF
version: 0.1
log: { level: warn }
storage:
  filesystem: { rootdirectory: "$place/data" }
  delete: { enabled: true }
http: { addr: "127.0.0.1:$(port http)" }
CONF
    launch registry "$(command -v "${programs[0]}")" serve "$place/config.yml"
}

ready() {
    [[ $(http_get "$(port http)" /v2/) == *" 200 "* ]]
}

addresses() {
    echo "LOCKSTEP_TEST_REGISTRY=http://127.0.0.1:$(port http)"
}
