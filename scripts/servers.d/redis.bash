# Redis: a password, plain and TLS on a port each.
programs=(redis-server redis-cli)
packages=(redis-server redis-tools)
ports=(plain tls)

start() {
    # In a file, since everybody sees the arguments of a process.
    cat >"$place/redis.conf" <<CONF
bind 127.0.0.1
port $(port plain)
tls-port $(port tls)
tls-cert-file $tls/server.pem
tls-key-file $tls/server.key
tls-auth-clients no
requirepass $(password)
dir $place
save ""
CONF
    launch redis "$(command -v redis-server)" "$place/redis.conf"
}

ready() {
    [[ $(REDISCLI_AUTH=$(password) redis-cli -h 127.0.0.1 -p "$(port plain)" ping) == PONG ]]
}

addresses() {
    echo "LOCKSTEP_TEST_REDIS=redis://default:$(password)@127.0.0.1:$(port plain)"
    echo "LOCKSTEP_TEST_REDIS_TLS=rediss://default:$(password)@127.0.0.1:$(port tls)"
}
