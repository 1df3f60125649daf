# A Docker engine of its own, with one image to start from: `lockstep/busybox:1`, a static busybox on nothing.
programs=(dockerd docker docker-compose busybox)
packages=(docker.io docker-compose busybox-static)

get() {
    # Compose may be the client's own plugin.
    [[ $(absent) == docker-compose ]] && docker compose version >/dev/null 2>&1
}

((EUID == 0)) || lack="a Docker engine is started by root"

start() {
    launch dockerd "$(command -v dockerd)" --data-root "$place/data" --exec-root "$place/exec" -H "unix://$place/docker.sock" --pidfile "$place/pid" \
        --iptables=false --ip-masq=false --bridge=none
    within 60 engine version
    local root="$place/root" command
    mkdir -p "$root/bin"
    chmod 755 "$root" "$root/bin"
    install -m 755 "$(command -v busybox)" "$root/bin/busybox"
    for command in $(busybox --list); do [[ $command == busybox ]] || ln -s busybox "$root/bin/$command"; done
    tar -C "$root" -c . | engine import - lockstep/busybox:1 >>"$place/dockerd.log" 2>&1
}

# What containers on the host's network leave behind, and an engine that was killed: its data stays mounted on itself.
tidy() {
    local mount
    for mount in "$place/exec/netns/default" "$place/data"; do
        ! mountpoint --quiet "$mount" || umount "$mount"
    done
}

engine() { docker --host "unix://$place/docker.sock" "$@"; }

ready() {
    engine image inspect lockstep/busybox:1
}

addresses() {
    printf 'LOCKSTEP_TEST_DOCKER=unix://%q\n' "$place/docker.sock"
}
