# A Slurm cluster of several hosts on one Linux machine, for the tests to source. Root only.
#
#     up N            host "login" (slurmctld) and n1 … nN (slurmd), all of them on a network of their own
#     on HOST CMD …   runs a command there, in $work, for at most $limit seconds
#     slow HOST …     what these send takes long: 2 Mbit/s; `fast HOST …` takes it back
#     quota HOST PERIOD MICROSECONDS
#                     the host gets so many microseconds of one processor in each period; until it boots again
#     power_off HOST  the host is gone at once; `repair` boots it again
#     repair HOST …   boots what is off, has lost its slurmd or has a quota, waits until all of them are idle
#     down            ends everything and removes $cluster
#
# The caller sets $cluster, a folder for it, and may set $wire, the latency of the network between the hosts in
# microseconds one way, and $switch, the program that makes it (Benchmarks/Latency).
#
# A host is a set of namespaces (network, name, processes, mounts, IPC) held by one process, its process 1, that dies with
# the script. Hosts share the machine's file system, as over NFS, and have a /tmp, /run, /dev/shm, /etc/hosts and
# /etc/slurm of their own. They hang on a bridge inside "login": the machine's own network is left alone.

network=10.77.0
limit=60
nodes=0
wire=
slow_wire="tbf rate 2mbit burst 4kb latency 400ms"
work=$cluster/shared
install_missing=$(dirname "${BASH_SOURCE[0]}")/../../.ci/install-missing

# A surrounding job's variables would be taken for the cluster's own.
unset "${!SLURM_@}" "${!OMPI_@}" "${!PMIX_@}" "${!SBATCH_@}"
# As root, with more ranks than cores, on hosts that all believe that core 0 is theirs alone.
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
export OMPI_MCA_rmaps_base_oversubscribe=1 OMPI_MCA_mpi_yield_when_idle=1 OMPI_MCA_hwloc_base_binding_policy=none
export PATH=$cluster/bin:$PATH LC_ALL=C

fail() {
    echo "   $*" >&2
    exit 1
}

# Whether this machine can carry one; if not (1), says why. Installs the packages that are missing (2: it could not).
cluster_allowed() {
    [ "$(id -u)" = 0 ] || { echo "only root may make hosts" && return 1; }
    [ -f /etc/debian_version ] || { echo "the hosts are those of Debian" && return 1; }
    apart bash -ec 'echo trial >/proc/sys/kernel/hostname; mount -t tmpfs tmpfs /run' 2>/dev/null ||
        { echo "it does not allow namespaces" && return 1; }
    "$install_missing" --packages slurm-wlm munge openmpi-bin libpmix-dev iproute2 procps >&2 || return 2
    apart bash -ec 'ip link add name eth0 type bridge; ip link add name a type veth peer name b' 2>/dev/null ||
        { echo "its kernel has no bridges" && return 1; }
    apart bash -ec "ip link add name a type veth peer name b; tc qdisc add dev a root $slow_wire" 2>/dev/null ||
        { echo "its kernel cannot slow a network down (tbf)" && return 1; }
}
apart() { unshare --net --uts --pid --mount --ipc --fork --kill-child "$@"; }

log() { echo "$cluster/log/$1.log"; }
pid_of() { cat "$cluster/$1.pid" 2>/dev/null; }
is_up() { [ -n "$(pid_of "$1")" ] && kill -0 "$(pid_of "$1")" 2>/dev/null; }
runs() { on "$1" pgrep -x "$2" >/dev/null; }

# Waits until a command succeeds, for at most SECONDS.
wait_for() {
    local end=$((SECONDS + $1))
    shift
    until "$@" >/dev/null 2>&1; do
        ((SECONDS < end)) || return 1
        sleep 0.1
    done
}

on() {
    local pid
    pid=$(pid_of "$1") || return 255
    shift
    timeout -k 5 "$limit" nsenter --target "$pid" --net --uts --pid --mount --ipc env -C "$work" "$@"
}

configure() {
    local i
    mkdir -p "$cluster"/{etc,log,munge,state,shared}
    chmod 755 "$cluster"
    chmod 711 "$cluster/munge"
    head -c 1024 /dev/urandom >"$cluster/munge/key"
    chmod 400 "$cluster/munge/key"
    {
        printf '%s\n' "127.0.0.1 localhost" "$network.1 login"
        for ((i = 1; i <= nodes; i++)); do echo "$network.$((10 + i)) n$i"; done
    } >"$cluster/hosts"
    # No cgroups are used; without this line slurmd looks for them and fails.
    echo "CgroupPlugin=cgroup/v1" >"$cluster/etc/cgroup.conf"
    # Slurm calls a dead node down after about SlurmdTimeout + 2 MessageTimeout. Short ones let a busy machine lose
    # sound nodes.
    cat >"$cluster/etc/slurm.conf" <<END
ClusterName=test
SlurmctldHost=login($network.1)
SlurmUser=root
StateSaveLocation=$cluster/state
SlurmctldLogFile=$(log slurmctld)
SlurmdLogFile=$(log %n)
SlurmdSpoolDir=/run/slurmd
MpiDefault=none
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobCompType=jobcomp/filetxt
JobCompLoc=$cluster/log/jobs
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
SlurmdParameters=config_overrides
SchedulerParameters=batch_sched_delay=0,sched_interval=1,bf_interval=1
PreemptType=preempt/partition_prio
PreemptMode=REQUEUE
AuthInfo=cred_expire=5
ReturnToService=2
SlurmdTimeout=10
MessageTimeout=5
KillWait=5
NodeName=n[1-$nodes] CPUs=4 RealMemory=4000
PartitionName=main Nodes=ALL Default=YES PriorityTier=1 State=UP
PartitionName=left Nodes=n[1-$(((nodes + 1) / 2))] PriorityTier=1 State=UP
PartitionName=right Nodes=n[$((nodes / 2 + 1))-$nodes] PriorityTier=1 State=UP
PartitionName=urgent Nodes=ALL PriorityTier=10 State=UP
END
}

# Process 1 of a host: its name and mounts; then it lives on.
# shellcheck disable=SC2016
host_init='
set -e
cluster=$1 name=$2
read -r pid _ </proc/self/stat # as the machine numbers it: /proc is still the machine'"'"'s
echo "$name" >/proc/sys/kernel/hostname
mount -t proc proc /proc
mount -t sysfs sysfs /sys
for folder in /dev/shm /run /tmp; do mount -t tmpfs tmpfs "$folder"; done
mkdir /run/munge /run/slurmd
mount --bind "$cluster/munge" /run/munge
mount --bind "$cluster/hosts" /etc/hosts
mount --bind "$cluster/etc" /etc/slurm
sysctl -qw net.ipv6.conf.all.disable_ipv6=1
sysctl -qw net.ipv4.tcp_congestion_control=reno || true # others are slow without a queue
ip link set lo up
echo "$pid" >"$cluster/$name.pid"
while :; do sleep infinity & wait; done'

boot() {
    local name=$1 address=$network.1 pid
    [ "$name" = login ] || address=$network.$((10 + ${name#n}))
    rm -f "$cluster/$name.pid"
    setpriv --pdeathsig KILL setsid unshare --net --uts --pid --mount --ipc --fork --kill-child bash -c \
        "$host_init" host "$cluster" "$name" </dev/null >>"$(log "$name-boot")" 2>&1 &
    wait_for 10 test -s "$cluster/$name.pid" || fail "host $name does not boot: $(tail -n 1 "$(log "$name-boot")")"
    pid=$(pid_of "$name")
    if [ "$name" = login ]; then
        if [ -n "$wire" ]; then start_switch; else on login ip link add name eth0 type bridge; fi
    elif [ -n "$wire" ]; then
        nsenter --target "$(pid_of login)" --net ip link set "$name" netns "$pid" name eth0
    else
        # The other end goes to a process of the machine's numbering: only the network is entered.
        nsenter --target "$(pid_of login)" --net ip link add name "$name" type veth peer name eth0 netns "$pid"
        on login ip link set "$name" master eth0 up
    fi
    on "$name" ip address add "$address/24" dev eth0
    on "$name" ip link set eth0 up
    if [ "$name" = login ]; then
        on login munged --num-threads=8 --key-file="$cluster/munge/key" --seed-file="$cluster/munge/seed" \
            --log-file="$(log munged)"
        on login slurmctld
    else
        on "$name" slurmd
    fi
}

start_switch() {
    # shellcheck disable=SC2046
    nsenter --target "$(pid_of login)" --net --uts --pid --mount --ipc \
        "$switch" "$wire" login $(hosts) </dev/null >>"$(log switch)" 2>&1 &
    disown
    wait_for 10 on login ip link show "n$nodes" || fail "no network: $(tail -n 1 "$(log switch)")"
    on login ip link set login name eth0
}

power_off() {
    local pid
    pid=$(pid_of "$1")
    kill -9 "$pid"
    wait_for 10 bash -c "! kill -0 $pid"
    rm -f "$cluster/$1.pid"
    for group in /sys/fs/cgroup/{cpu/,}"$(basename "$cluster")-$1"; do
        [ ! -d "$group" ] || wait_for 5 rmdir "$group" || true
    done
}

slow() { for host in "$@"; do on "$host" tc qdisc add dev eth0 root $slow_wire; done; }
fast() { for host in "$@"; do on "$host" tc qdisc del dev eth0 root 2>/dev/null || true; done; }

# Control groups of version 1 or 2, by what the machine has. Fails where there are none to be had.
quota() {
    local group space process
    if [ -e /sys/fs/cgroup/cpu/cgroup.procs ]; then
        group=/sys/fs/cgroup/cpu/$(basename "$cluster")-$1
        { mkdir "$group" && echo "$2" >"$group/cpu.cfs_period_us" && echo "$3" >"$group/cpu.cfs_quota_us"; } || return 1
    elif grep -qw cpu /sys/fs/cgroup/cgroup.subtree_control; then
        group=/sys/fs/cgroup/$(basename "$cluster")-$1
        { mkdir "$group" && echo "$3 $2" >"$group/cpu.max"; } || return 1
    else
        return 1
    fi 2>/dev/null
    # Ranks come from slurmd and inherit its group.
    space=$(readlink "/proc/$(pid_of "$1")/ns/pid")
    for process in /proc/[0-9]*; do
        [ "$(readlink "$process/ns/pid" 2>/dev/null)" != "$space" ] || echo "${process#/proc/}" >"$group/cgroup.procs" || true
    done
}

has_quota() { [ -d "/sys/fs/cgroup/cpu/$(basename "$cluster")-$1" ] || [ -d "/sys/fs/cgroup/$(basename "$cluster")-$1" ]; }

hosts() { seq -f n%g "$nodes"; }
all_idle() { [ "$(on login sinfo -hN -p main -n "$(IFS=, && echo "$*")" -t idle -o %N | wc -l)" = $# ]; }

up() {
    nodes=$1
    configure
    boot login
    # shellcheck disable=SC2046
    repair $(hosts)
}

repair() {
    local name
    runs login slurmctld || on login slurmctld
    for name in "$@"; do
        # Without its slurmd a host may still have ranks.
        if is_up "$name" && { has_quota "$name" || ! runs "$name" slurmd; }; then power_off "$name"; fi
        is_up "$name" || boot "$name"
    done
    fast "$@"
    wait_for 60 all_idle "$@" || {
        on login sinfo -N -o '%N %T %E' >&2
        on login squeue >&2
        fail "not all nodes came up"
    }
}

down() {
    local name pid
    for name in $(hosts) login; do
        is_up "$name" || continue
        power_off "$name"
    done
    rm -rf "$cluster"
}
