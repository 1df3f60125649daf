# nginx before two sites, `blue` and `green`, each of which answers its name; all the traffic is blue's. The sites' weights are in a file of their own.
programs=(nginx)
packages=(nginx-light)
ports=(front)

start() {
    mkdir "$place/logs"
    echo "server unix:$place/blue; server unix:$place/green backup;" >"$place/weights.conf"
    cat >"$place/nginx.conf" <<CONF
daemon off;
worker_processes 1;
pid $place/pid;
error_log $place/error.log;
events { worker_connections 256; }
http {
    access_log off;
    client_body_temp_path $place/body;
    proxy_temp_path $place/proxy;
    fastcgi_temp_path $place/fastcgi;
    uwsgi_temp_path $place/uwsgi;
    scgi_temp_path $place/scgi;
    upstream site { include $place/weights.conf; }
    server { listen 127.0.0.1:$(port front); location / { proxy_pass http://site; } }
    server { listen unix:$place/blue; location / { default_type text/plain; return 200 "blue\n"; } }
    server { listen unix:$place/green; location / { default_type text/plain; return 200 "green\n"; } }
}
CONF
    # Its workers are another user, to whom the sites' sockets must be open.
    ((EUID != 0)) || sed -i '1i user nobody nogroup;' "$place/nginx.conf"
    launch nginx "$(command -v nginx)" -p "$place" -c "$place/nginx.conf" -e "$place/error.log"
}

ready() {
    [[ $(http_get "$(port front)") == *blue* ]]
}

addresses() {
    echo "LOCKSTEP_TEST_NGINX=http://127.0.0.1:$(port front)"
    printf 'LOCKSTEP_TEST_NGINX_PID=%q\n' "$place/pid"
    printf 'LOCKSTEP_TEST_NGINX_WEIGHTS=%q\n' "$place/weights.conf"
}
