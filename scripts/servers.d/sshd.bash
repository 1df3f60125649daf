# sshd for whoever starts it, with a key and without passwords.
programs=(sshd ssh ssh-keygen)
packages=(openssh-server openssh-client)
ports=(ssh)

start() {
    # Debian's sshd wants it, empty, whatever the configuration.
    ((EUID != 0)) || mkdir -p -m 755 /run/sshd
    ssh-keygen -q -t ed25519 -N '' -f "$place/host-key"
    ssh-keygen -q -t ed25519 -N '' -f "$place/key"
    cp "$place/key.pub" "$place/authorized"
    echo "[127.0.0.1]:$(port ssh) $(cut -d' ' -f1,2 "$place/host-key.pub")" >"$place/known-hosts"
    cat >"$place/config" <<CONF
ListenAddress 127.0.0.1:$(port ssh)
HostKey $place/host-key
PidFile $place/pid
AuthorizedKeysFile $place/authorized
PasswordAuthentication no
KbdInteractiveAuthentication no
PermitRootLogin prohibit-password
StrictModes no
UsePAM no
Subsystem sftp internal-sftp
CONF
    launch sshd "$(command -v sshd)" -D -e -f "$place/config"
}

ready() {
    ssh -F none -p "$(port ssh)" -i "$place/key" -o BatchMode=yes -o IdentitiesOnly=yes -o UserKnownHostsFile="$place/known-hosts" "$(id -un)@127.0.0.1" true
}

addresses() {
    echo "LOCKSTEP_TEST_SSHD=ssh://$(id -un)@127.0.0.1:$(port ssh)"
    printf 'LOCKSTEP_TEST_SSHD_KEY=%q\n' "$place/key"
    printf 'LOCKSTEP_TEST_SSHD_KNOWN_HOSTS=%q\n' "$place/known-hosts"
}
