# HAProxy before two sites, `blue` and `green`, each of which answers its name; all the traffic is blue's. Weights are set through its runtime socket.
programs=(haproxy)
packages=(haproxy)
ports=(front blue green)

start() {
    cat >"$place/haproxy.cfg" <<CONF
global
    stats socket $place/socket mode 600 level admin
defaults
    mode http
    timeout connect 5s
    timeout client 30s
    timeout server 30s
frontend front
    bind 127.0.0.1:$(port front)
    default_backend site
backend site
    balance roundrobin
    server blue 127.0.0.1:$(port blue) weight 100
    server green 127.0.0.1:$(port green) weight 0
frontend blue
    bind 127.0.0.1:$(port blue)
    http-request return status 200 content-type text/plain string "blue\n"
frontend green
    bind 127.0.0.1:$(port green)
    http-request return status 200 content-type text/plain string "green\n"
CONF
    launch haproxy "$(command -v haproxy)" -db -f "$place/haproxy.cfg"
}

ready() {
    [[ $(http_get "$(port front)") == *blue* ]]
}

addresses() {
    echo "LOCKSTEP_TEST_HAPROXY=http://127.0.0.1:$(port front)"
    printf 'LOCKSTEP_TEST_HAPROXY_SOCKET=%q\n' "$place/socket"
}
