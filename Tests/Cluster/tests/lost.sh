# What breaks on the way. Each run is hit in its midst, goes on by itself and ends where the undisturbed one does.

# lasting NAME LAUNCHER SBATCH-OPTIONS…: a `long` run on slow hosts.
lasting() {
    local name=$1 launcher=$2
    shift 2
    job "$name" "$launcher" "$@" -- ../classes.svm "${long[@]}" --checkpoint-every 1 --output "$name" --quiet
}

test_rank_killed() {
    local launcher id
    for launcher in srun mpirun; do
        slow "${hosts[@]}"
        id=$(lasting $launcher $launcher --nodes=2 --ntasks-per-node=2)
        underway $launcher
        mark $launcher
        # The launchers' own command lines begin otherwise.
        on "${hosts[1]}" bash -c 'kill -9 $(pgrep -o -f "[c]rescendo train")'
        fast "${hosts[@]}"
        back $launcher 60
        ended "$id" 60
        whole $launcher 4
    done
}

# A host without its slurmd is lost to Slurm, though its ranks live.
test_slurmd_killed() {
    local id
    slow "${hosts[@]}"
    id=$(lasting run auto --nodes=3 --ntasks-per-node=1)
    underway run
    mark run
    on "${hosts[2]}" pkill -9 -x slurmd
    # Slow until Slurm has noticed.
    back run 90
    fast "${hosts[@]:0:2}"
    ended "$id" 60
    whole run 2
}

test_power_off() {
    local launcher id
    for launcher in srun mpirun; do
        slow "${hosts[@]}"
        id=$(lasting $launcher $launcher --nodes=3 --ntasks-per-node=1)
        underway $launcher
        mark $launcher
        power_off "${hosts[2]}"
        fast "${hosts[@]:0:2}"
        back $launcher 90
        ended "$id" 60
        whole $launcher 2
        repair "${hosts[@]}"
    done
}

# The host of the batch script takes the script with it: the job goes back into the queue and starts on others.
test_first_host_off() {
    local id first host
    slow "${hosts[@]}"
    id=$(lasting run auto --nodes=2 --ntasks-per-node=2)
    underway run
    mark run
    first=$(on login squeue -h -j "$id" -o %B)
    power_off "$first"
    for host in "${hosts[@]}"; do [ "$host" = "$first" ] || fast "$host"; done
    back run 120
    ended "$id" 60
    whole run 4
}
