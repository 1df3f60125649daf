# PostgreSQL: passwords by SCRAM, plain and TLS on one port. LOCKSTEP_SERVERS_FSYNC=on: it syncs what it commits, which tests do not wait for.
programs=(postgres initdb psql)
packages=(postgresql)
ports=(plain)
# The fast way down: clients that are still there are cut off.
stop=INT

as=()
# It refuses root.
if ((EUID == 0)); then
    user=$(id -un postgres 2>/dev/null || echo nobody)
    as=(setpriv "--reuid=$user" "--regid=$(id -gn "$user")" --clear-groups)
fi

start() {
    password >"$place/password"
    cp "$tls"/server.{pem,key} "$place"
    ((EUID != 0)) || chown -R "$user" "$place"
    (cd "$place" && "${as[@]}" initdb --pgdata="$place/data" --username=lockstep --auth=scram-sha-256 --pwfile="$place/password" \
        --encoding=UTF8 --locale=C --no-sync >"$place/initdb.log" 2>&1)
    launch postgres "${as[@]}" "$(command -v postgres)" -D "$place/data" -p "$(port plain)" -k "$place" -c listen_addresses=127.0.0.1 -c fsync="${LOCKSTEP_SERVERS_FSYNC:-off}" \
        -c ssl=on -c ssl_cert_file="$place/server.pem" -c ssl_key_file="$place/server.key"
}

ready() {
    PGPASSWORD=$(password) psql --host=127.0.0.1 --port="$(port plain)" --username=lockstep --dbname=postgres --command='select 1'
}

addresses() {
    echo "LOCKSTEP_TEST_POSTGRES=postgres://lockstep:$(password)@127.0.0.1:$(port plain)/postgres"
}
