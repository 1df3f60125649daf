# MariaDB: passwords, plain and TLS on one port.
programs=(mariadbd mariadb-install-db mariadb)
packages=(mariadb-server mariadb-client)
ports=(plain)

start() {
    mariadb-install-db --no-defaults --datadir="$place/data" --user="$(id -un)" --auth-root-authentication-method=normal --skip-test-db >"$place/install.log" 2>&1
    # Run before the first connection is answered: nobody ever gets in without a password.
    cat >"$place/users.sql" <<SQL
DELETE FROM mysql.global_priv WHERE user IN ('root', '');
FLUSH PRIVILEGES;
CREATE USER lockstep@'127.0.0.1' IDENTIFIED BY '$(password)';
GRANT ALL ON *.* TO lockstep@'127.0.0.1' WITH GRANT OPTION;
SQL
    launch mariadbd "$(command -v mariadbd)" --no-defaults --user="$(id -un)" --datadir="$place/data" --port="$(port plain)" --bind-address=127.0.0.1 \
        --socket="$place/socket" --pid-file="$place/pid" --skip-name-resolve --character-set-server=utf8mb4 --init-file="$place/users.sql" \
        --ssl-ca="$tls/ca.pem" --ssl-cert="$tls/server.pem" --ssl-key="$tls/server.key"
}

ready() {
    MYSQL_PWD=$(password) mariadb --no-defaults --host=127.0.0.1 --port="$(port plain)" --user=lockstep --execute='select 1'
}

addresses() {
    echo "LOCKSTEP_TEST_MARIADB=mysql://lockstep:$(password)@127.0.0.1:$(port plain)"
}
