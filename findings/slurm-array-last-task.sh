#!/usr/bin/env bash
# The task of a Slurm array that starts last has the array's own number as SLURM_JOB_ID. What it does with that number
# reaches the whole array: `scontrol requeue $SLURM_JOB_ID`, the usual way for a job to send itself back, sends all running
# tasks back, and `squeue -s -j $SLURM_JOB_ID` lists the steps of all. Other tasks have numbers of their own and reach only
# themselves. ${SLURM_ARRAY_JOB_ID}_$SLURM_ARRAY_TASK_ID names one task everywhere.
#
# Seen on Debian 12 with Slurm 22.05.8, an array of the tasks 1 to 3 (job 1) on one node:
#     task 1 has SLURM_JOB_ID 2, task 2 has 3, task 3 has 1
#     steps by that number, seen from task 1: 1; from task 3: 3
#     still running after `scontrol requeue 2`: 1_2 1_3; after `scontrol requeue 1_3`: 1_1 1_2; after
#     `scontrol requeue 1`: none
#
# Runs Slurm from the packages below, unpacked into a temporary folder, on this host; as root, like slurmd. Ends with 0 while
# this is so, else with 1.
set -euo pipefail
folder=$(mktemp -d /tmp/slurm-array.XXXXXX)
started=()
finish() {
    [ ${#started[@]} = 0 ] || kill "${started[@]}" 2>/dev/null || true
    wait || true
    rm -rf "$folder"
}
trap finish EXIT

version=22.05.8-4+deb12u3
chmod 755 "$folder"
cd "$folder"
mkdir root debs
apt-get update -qq
(cd debs && apt-get download -qq slurmctld=$version slurmd=$version slurm-client=$version \
    slurm-wlm-basic-plugins=$version munge=0.5.15-2+deb12u1 libmunge2=0.5.15-2+deb12u1 2>/dev/null)
for package in debs/*.deb; do dpkg -x "$package" root; done
libraries=$folder/root/usr/lib/x86_64-linux-gnu
export LD_LIBRARY_PATH=$libraries/slurm-wlm:$libraries SLURM_CONF=$folder/slurm.conf
unset "${!SLURM_JOB@}" "${!SLURM_STEP@}" "${!SLURM_ARRAY@}"
for program in sbatch squeue scontrol scancel; do
    for path in root/usr/bin/$program root/usr/bin/$program-wlm; do
        [ ! -e "$path" ] || ln -sf "$folder/$path" "$folder/$program"
    done
done

head -c 1024 /dev/urandom >key
chmod 400 key
mkdir -m 755 munge
mkdir state spool
root/usr/sbin/munged --foreground --force --socket="$folder/munge/socket" --key-file="$folder/key" \
    --pid-file="$folder/munge/pid" --log-file="$folder/munged.log" --seed-file="$folder/seed" >>daemons.log 2>&1 &
started+=($!)
cat >slurm.conf <<END
ClusterName=finding
SlurmctldHost=$(hostname -s)(127.0.0.1)
SlurmctldPort=26817
SlurmdPort=26818
SlurmUser=root
AuthType=auth/munge
CredType=cred/munge
AuthInfo=socket=$folder/munge/socket,cred_expire=5
PluginDir=$libraries/slurm-wlm
StateSaveLocation=$folder/state
SlurmdSpoolDir=$folder/spool
SlurmctldPidFile=$folder/slurmctld.pid
SlurmdPidFile=$folder/slurmd.pid
SlurmctldLogFile=$folder/slurmctld.log
SlurmdLogFile=$folder/slurmd.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
SlurmdParameters=config_overrides
SchedulerParameters=batch_sched_delay=0,sched_interval=1
NodeName=$(hostname -s) NodeAddr=127.0.0.1 CPUs=8 State=UNKNOWN
PartitionName=main Nodes=ALL Default=YES State=UP
END
echo "CgroupPlugin=cgroup/v1" >cgroup.conf
program() { find root/usr/sbin -name "$1" -o -name "$1-wlm" | head -n 1; }
"$(program slurmctld)" -D >>daemons.log 2>&1 &
started+=($!)
"$(program slurmd)" -D -d "$folder/$(program slurmstepd)" >>daemons.log 2>&1 &
started+=($!)

wait_for() { for ((i = 0; i < 300; i++)); do ! "$@" >/dev/null 2>&1 || return 0; sleep 0.1; done; return 1; }
running() { ./squeue -h -t R -o %i | sort | tr '\n' ' '; }
is_running() { [ "$(running)" = "$1" ]; }
wait_for ./scontrol ping
cat >job <<'END'
#!/bin/bash
echo "$SLURM_JOB_ID" >id-$SLURM_ARRAY_TASK_ID
sleep 60
END

status=0
expect() {
    echo "$1: $2"
    [ "$2" = "$3" ] || { echo "    no longer as described" && status=1; }
}
# of NUMBER: starts the array, sends NUMBER back, and says which tasks are still running; nothing else is left then.
of() {
    wait_for is_running "1_1 1_2 1_3 " || tail daemons.log >&2
    ./scontrol requeue "$1"
    sleep 1
    running
}
./sbatch --parsable --array=1-3 --requeue --output=/dev/null job >/dev/null
wait_for is_running "1_1 1_2 1_3 "
for task in 1 2 3; do wait_for test -s id-$task; done
expect "SLURM_JOB_ID of the tasks 1, 2, 3" "$(cat id-1 id-2 id-3 | tr '\n' ' ')" "2 3 1 "
expect "steps by that number, seen from task 1" "$(./squeue -h -s -j 2 -o %i | wc -l)" 1
expect "steps by that number, seen from task 3" "$(./squeue -h -s -j 1 -o %i | wc -l)" 3
expect "running after scontrol requeue 2" "$(of 2)" "1_2 1_3 "
expect "running after scontrol requeue 1_3" "$(of 1_3)" "1_1 1_2 "
expect "running after scontrol requeue 1" "$(of 1)" ""
./scancel 1
sleep 2
exit $status
