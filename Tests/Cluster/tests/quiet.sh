# What compares times, with nothing else running on the cluster.

# One of four hosts has half the processor time of the others: the log names its rank, rows move away from it, and the rate
# grows by half at least. Together the four get half of two cores, so that none waits for a core that it has a right to.
# Other work on the machine may spoil a comparison: one of three counts.
test_uneven() {
    local host period=10000 options try
    for host in "${hosts[@]}"; do
        quota "$host" $period $((period * 6 / (${host#n} == 4 ? 40 : 20))) || {
            echo "skipped: no control groups for processor time"
            return
        }
    done
    awk 'BEGIN {
        srand(7)
        for (i = 0; i < 60000; i++) {
            line = ""
            r = 0
            for (j = 1; j <= 20; j++) {
                x = 2 * rand() - 1
                r += x * x
                line = line sprintf(" %d:%.4f", j, x)
            }
            print (r > 6.7) line
        }
    }' >circles.svm
    options=(circles.svm --model mlp:256,256 --growth none --initial-batch 60000 --largest-batch 60000 --validation 0
        --patience 1000000 --max-epochs 1000000 --tolerance 0 --quiet)
    for try in 1 2 3; do
        ended "$(job equal$try srun --nodelist='n[1-4]' --nodes=4 --ntasks-per-node=1 -- "${options[@]}" --balance off \
            --time-limit 16 --output equal$try)" 90
        ended "$(job balanced$try srun --nodelist='n[1-4]' --nodes=4 --ntasks-per-node=1 -- "${options[@]}" --balance auto \
            --time-limit 40 --output balanced$try)" 120
        grep -q "rank 3 on n4 is slow" equal$try.log || fail "rank 3 is not named"
        grep -q '"event":"rebalance"' balanced$try/events.jsonl || fail "no rows move"
        awk -v equal="$(rate equal$try)" -v balanced="$(rate balanced$try)" \
            'BEGIN { printf "balanced shares %.2f times as fast as equal ones\n", balanced / equal; exit balanced < 1.5 * equal }' &&
            return
    done
    fail "that is not half as fast again"
}

# rate FOLDER: passes a second over the second half of a run.
rate() {
    awk '{
        match($0, /"seconds":[0-9.eE+-]+/)
        time[NR] = substr($0, RSTART + 10, RLENGTH - 10) + 0
        match($0, /"gradientPasses":[0-9.eE+-]+/)
        passes[NR] = substr($0, RSTART + 17, RLENGTH - 17) + 0
    }
    END {
        while (time[++i] < time[NR] / 2);
        print (passes[NR] - passes[i]) / (time[NR] - time[i])
    }' "$1/metrics.jsonl"
}
