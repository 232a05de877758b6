#!/bin/sh
# OpenStack Swift on one machine, for tests: swift.sh FOLDER PORT. Proxy with the S3 interface, one account, container and object server,
# one replica. Prints "listening on PORT" when it answers; ends when its input ends.
set -eu
at=$1 port=$2
user=$(id -un)
mkdir -p "$at/conf" "$at/node/d1" "$at/run" "$at/log"
cd "$at/conf"
printf '[swift-hash]\nswift_hash_path_suffix = weft\nswift_hash_path_prefix = tests\n[storage-policy:0]\nname = default\ndefault = yes\n' > swift.conf
server() { # NAME PORT
  cat > "$1.conf" <<END
[DEFAULT]
swift_dir = $at/conf
devices = $at/node
mount_check = false
bind_ip = 127.0.0.1
bind_port = $2
workers = 0
user = $user
log_level = ERROR
disable_fallocate = true
[pipeline:main]
pipeline = $1-server
[app:$1-server]
use = egg:swift#$1
END
}
server account $((port + 1)); server container $((port + 2)); server object $((port + 3))
n=1
for ring in account container object; do
  swift-ring-builder $ring.builder create 4 1 0 >/dev/null
  swift-ring-builder $ring.builder add r1z1-127.0.0.1:$((port + n))/d1 1 >/dev/null
  swift-ring-builder $ring.builder rebalance >/dev/null || [ $? -eq 1 ]
  n=$((n + 1))
done
cat > proxy.conf <<END
[DEFAULT]
swift_dir = $at/conf
bind_ip = 127.0.0.1
bind_port = $port
workers = 0
user = $user
log_level = ERROR
[pipeline:main]
pipeline = catch_errors proxy-logging cache s3api tempauth bulk slo proxy-logging proxy-server
[app:proxy-server]
use = egg:swift#proxy
allow_account_management = true
account_autocreate = true
[filter:catch_errors]
use = egg:swift#catch_errors
[filter:proxy-logging]
use = egg:swift#proxy_logging
[filter:cache]
use = egg:swift#memcache
memcache_servers = 127.0.0.1:$((port + 4))
[filter:s3api]
use = egg:swift#s3api
s3_acl = false
allow_multipart_uploads = true
min_segment_size = 1
[filter:tempauth]
use = egg:swift#tempauth
user_weft_tests = secret .admin
[filter:bulk]
use = egg:swift#bulk
[filter:slo]
use = egg:swift#slo
min_segment_size = 1
END
pids=
memcached -u "$user" -l 127.0.0.1 -p $((port + 4)) -m 16 >/dev/null 2>&1 & pids="$pids $!"
for s in account container object; do SWIFT_DIR=$at/conf swift-$s-server "$at/conf/$s.conf" > "$at/log/$s" 2>&1 & pids="$pids $!"; done
swift-proxy-server "$at/conf/proxy.conf" > "$at/log/proxy" 2>&1 & pids="$pids $!"
trap 'kill $pids 2>/dev/null; rm -rf "$at"' EXIT
until curl -s -o /dev/null "http://127.0.0.1:$port/info"; do kill -0 "$!" || exit 1; sleep 0.2; done
echo "listening on $port"
exec >/dev/null
read -r _ || true
